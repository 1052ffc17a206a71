import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import type { Plugin } from "vite";
import table from "./routes.json" with { type: "json" };
import draw from "./src/i18n/draw.ko.json" with { type: "json" };
import pages from "./src/i18n/ko.json" with { type: "json" };
import line from "./src/i18n/line.ko.json" with { type: "json" };
import order from "./src/i18n/order.ko.json" with { type: "json" };
import shared from "./src/i18n/shared.ko.json" with { type: "json" };
import staff from "./src/i18n/staff.ko.json" with { type: "json" };

/** Entries with `to` lead to pages of the API: the server follows them. */
const routes = table.flatMap(({ path, file }) => (file ? [{ path, file }] : []));

/** Where `vite` and `vite preview` find the API. */
const API = process.env.API_URL ?? "http://localhost:8000";
const PROXY = { "/api": API, "/status": API, "/line/": API };

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
        const text = ({ ...shared, ...pages, ...line, ...order, ...draw, ...staff } as Record<string, string>)[key];
        if (text === undefined) throw new Error(`no Korean string for ${key}`);
        return text;
      }),
  };
}

/** The waiting page counts its bytes: the names of its words are long in the source and short in what is built. */
function shortKeys(): Plugin {
  const short = new Map(Object.keys(line).map((key, i) => [key, `.${i.toString(36)}`]));
  return {
    name: "short-keys",
    apply: "build",
    enforce: "pre",
    transform: (code, id) =>
      /\/src\/.*\.(tsx?|json)$/.test(id)
        ? code.replace(/"(line\.\w+)"/g, (text, key: string) => (short.has(key) ? `"${short.get(key)}"` : text))
        : null,
  };
}

/** `vite build --mode waiting` adds this page to the others: alone it is one script, and shares no byte that it does not need. */
const WAITING = "waiting.html";

export default defineConfig(({ mode }) => ({
  appType: "mpa",
  plugins: [cleanUrls(), htmlWords(), shortKeys()],
  server: { proxy: PROXY },
  // The policy that the server sends with the built files: what breaks it must break here, too.
  preview: {
    proxy: PROXY,
    headers: { "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'" },
  },
  build: {
    target: "es2022",
    // Everything is a file of its own: the content security policy allows no data: scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    emptyOutDir: mode !== "waiting",
    rolldownOptions: { input: mode === "waiting" ? [WAITING] : routes.map((route) => route.file).filter((file) => file !== WAITING) },
  },
  test: { include: ["tests/**/*.test.ts"], setupFiles: ["tests/words.ts"] },
}));
