import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../src/api/problem";
import { PHASES } from "../src/line/types";
import { LEDGER_KINDS, ORDER_STATES, REASONS } from "../src/api/types";
import { fill } from "../src/i18n";
import { en, ko, PARTS } from "./dictionaries";

const ROOT = new URL("..", import.meta.url).pathname;

function filesUnder(folder: string, ending: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => ending.test(name))
    .map((name) => join(ROOT, folder, name));
}

const sources = [
  ...filesUnder("src", /\.tsx?$/),
  ...readdirSync(ROOT)
    .filter((name) => name.endsWith(".html"))
    .map((name) => join(ROOT, name)),
];
const code = sources.map((file) => readFileSync(file, "utf8")).join("\n");

/** Keys that are put together at run time, each family spelt out from the list that the code takes them from. */
const families: Record<string, readonly string[]> = {
  "error.": [...ERROR_CODES, "generic", "generic_detail"],
  "state.": ORDER_STATES,
  "reason.": REASONS,
  "ledger.": LEDGER_KINDS,
  "role.": ["fan", "gate", "promoter", "operator"],
  "status.": ["announced", "on_sale", "sold_out", "closed"],
  "ticket.": ["valid", "used", "void"],
  "gate.reason.": ["void", "forged", "unknown", "other_event"],
  "desk.phase.": PHASES,
  "desk.action.": ["change", "break_glass", "end_break_glass"],
  "lang.": ["ko", "en", "ko.short", "en.short"],
  "order.": ORDER_STATES.flatMap((state) => [`${state}.title`, `${state}.body`]),
};
const made = new Set(Object.entries(families).flatMap(([prefix, names]) => names.map((name) => prefix + name)));

function isUsed(key: string): boolean {
  return made.has(key) || code.includes(`"${key}"`) || code.includes(`%t.${key}%`);
}

describe("strings", () => {
  it("belong to one part each", () => {
    const keys = PARTS.flatMap((part) => Object.keys(part));
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
  });

  it("are the same keys in both languages", () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(ko).sort());
  });

  it("are never empty and use the same placeholders", () => {
    for (const [key, text] of Object.entries(ko)) {
      const names = (value: string) => new Set([...value.matchAll(/\{(\w+)/g)].map((match) => match[1]));
      expect(text.trim(), key).not.toBe("");
      expect(names((en as Record<string, string>)[key] ?? ""), key).toEqual(names(text));
    }
  });

  it("are all used", () => {
    expect(Object.keys(ko).filter((key) => !isUsed(key))).toEqual([]);
  });

  it("exist wherever the code asks for them", () => {
    const asked = [...code.matchAll(/\bt(?:Optional)?\(\s*"([^"]+)"/g), ...code.matchAll(/%t\.([\w.]+)%/g)].map((match) => match[1]!);
    expect(asked.length).toBeGreaterThan(100);
    expect([...asked, ...made].filter((key) => !(key in ko))).toEqual([]);
  });

  it("are not written in the code: no Korean outside the dictionaries", () => {
    const korean = sources.filter((file) => /[\uac00-\ud7a3]/.test(readFileSync(file, "utf8")));
    expect(korean).toEqual([]);
  });
});

describe("fill", () => {
  it("replaces names and chooses by number", () => {
    expect(fill("{n} {n|seat|seats}", { n: 1 })).toBe("1 seat");
    expect(fill("{n} {n|seat|seats} of {who}", { n: 3, who: "Alice" })).toBe("3 seats of Alice");
  });

  it("leaves nothing of a name that was not given", () => {
    expect(fill("a{b}c", {})).toBe("ac");
  });
});
