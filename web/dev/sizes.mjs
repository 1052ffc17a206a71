// Prints what each page makes a first visitor download, compressed, and fails above the budget.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_KB = 40;
const DIST = new URL("../dist/", import.meta.url);
const gz = (file) => gzipSync(readFileSync(new URL(file.replace(/^\//, ""), DIST)), { level: 9 }).length;
const kb = (bytes) => `${(bytes / 1024).toFixed(1).padStart(6)} KB`;

let over = false;
console.log("page            JS (gz)   CSS (gz)");
for (const page of readdirSync(DIST)
  .filter((name) => name.endsWith(".html"))
  .sort()) {
  const html = readFileSync(new URL(page, DIST), "utf8");
  const files = (pattern) => [...new Set([...html.matchAll(pattern)].map((match) => match[1]))];
  const js = files(/(?:src|href)="(\/[^"]+\.js)"/g).reduce((sum, file) => sum + gz(file), 0);
  const css = files(/href="(\/[^"]+\.css)"/g).reduce((sum, file) => sum + gz(file), 0);
  over ||= js > BUDGET_KB * 1024;
  console.log(`${page.padEnd(14)}${kb(js)}  ${kb(css)}`);
}
if (over) {
  console.error(`a page is over its budget of ${BUDGET_KB} KB of JavaScript`);
  process.exit(1);
}
