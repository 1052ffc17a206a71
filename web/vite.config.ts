import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import type { Plugin } from "vite";
import routes from "./routes.json" with { type: "json" };
import ko from "./src/i18n/ko.json" with { type: "json" };

/** Where `vite` and `vite preview` find the API. */
const API = process.env.API_URL ?? "http://localhost:8000";

/** Which HTML file answers a clean URL, by the one table in routes.json. */
function fileFor(pathname: string): string | undefined {
  const path = pathname.replace(/(.)\/$/, "$1");
  return routes.find((route) => new RegExp(`^${route.path.replace(/\{\w+\}/g, "[^/]+")}$`).test(path))?.file;
}

/** Clean URLs while developing; the table itself travels with the built files for the server that maps them. */
function cleanUrls(): Plugin {
  const rewrite = (req: { url?: string | undefined }, _res: unknown, next: () => void): void => {
    const [path = "/", query] = (req.url ?? "/").split("?", 2);
    const file = fileFor(path);
    if (file) req.url = `/${file}${query ? `?${query}` : ""}`;
    next();
  };
  return {
    name: "clean-urls",
    configureServer: (server) => void server.middlewares.use(rewrite),
    configurePreviewServer: (server) => void server.middlewares.use(rewrite),
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "routes.json", source: readFileSync("routes.json", "utf8") });
    },
  };
}

/** Static words of the HTML files (title, noscript) come from the default language: `%t.key%`. */
function htmlWords(): Plugin {
  return {
    name: "html-words",
    transformIndexHtml: (html) =>
      html.replace(/%t\.([\w.]+)%/g, (_, key: string) => {
        const text = (ko as Record<string, string>)[key];
        if (text === undefined) throw new Error(`no string for ${key} in ko.json`);
        return text;
      }),
  };
}

export default defineConfig({
  appType: "mpa",
  plugins: [cleanUrls(), htmlWords()],
  server: { proxy: { "/api": API } },
  // The policy that the server sends with the built files: what breaks it must break here, too.
  preview: {
    proxy: { "/api": API },
    headers: { "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'" },
  },
  build: {
    target: "es2022",
    // Everything is a file of its own: the content security policy allows no data: scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: routes.map((route) => route.file) },
  },
  test: { include: ["tests/**/*.test.ts"] },
});
