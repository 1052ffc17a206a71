// Prints what each page makes a first visitor download, compressed, and fails above the budget.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_KB = 40;
/** The waiting page with everything that it can ever fetch from the site: both languages, styles, the worker. */
const WAITING_KB = 30;
const DIST = new URL("../dist/", import.meta.url);
const gz = (file) => gzipSync(readFileSync(new URL(file.replace(/^\//, ""), DIST)), { level: 9 }).length;
const kb = (bytes) => `${(bytes / 1024).toFixed(1).padStart(6)} KB`;

/** A file and all built files that it names. */
function reach(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, name] of readFileSync(new URL(file, DIST), "utf8").matchAll(/([\w.-]+\.(?:js|css))["'`]/g)) {
    if (existsSync(new URL(`assets/${name}`, DIST))) reach(`assets/${name}`, seen);
  }
  return seen;
}

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
const waiting = [...reach("waiting.html")].reduce((sum, file) => sum + gz(file), 0);
console.log(`waiting.html, all told: ${kb(waiting)} of ${WAITING_KB} KB`);
if (over || waiting > WAITING_KB * 1024) {
  console.error(over ? `a page is over its budget of ${BUDGET_KB} KB of JavaScript` : "the waiting page is over its budget");
  process.exit(1);
}
