import { signal } from "@preact/signals-core";
import { local } from "../base/storage";
import type draw from "./draw.ko.json";
import type pages from "./ko.json";
import type line from "./line.ko.json";
import type order from "./order.ko.json";
import ko from "./shared.ko.json";
import type staff from "./staff.ko.json";

export type Lang = "ko" | "en";
export type Key = keyof (typeof ko & typeof pages & typeof line & typeof order & typeof draw & typeof staff);
export type Params = Record<string, string | number>;
/** A name as the API gives it. */
export type Localised = Record<Lang, string>;

type Dictionary = Partial<Record<Key, string>>;
/** Words of one part of the site: Korean comes with the page, English only to those who ask for it. */
export interface Words {
  ko: Dictionary;
  en: () => Promise<{ default: Dictionary }>;
}

export const LANGS: readonly Lang[] = ["ko", "en"];
const sources: Words[] = [{ ko, en: () => import("./shared.en.json") }];
const known: Record<Lang, Dictionary> = { ko: { ...ko }, en: {} };

export const lang = signal<Lang>("ko");

/** Adds the words of a part, before its page starts: the waiting page comes without those of all others. */
export function teach(words: Words): void {
  sources.push(words);
  Object.assign(known.ko, words.ko);
}

/** `{name}` is replaced; `{n|one|many}` chooses by the number `n`. */
export function fill(text: string, params: Params): string {
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (_, name: string, one?: string, many?: string) =>
    String(one === undefined ? (params[name] ?? "") : Number(params[name]) === 1 ? one : many),
  );
}

export function t(key: Key, params: Params = {}): string {
  return fill(known[lang.value][key] ?? known.ko[key] ?? key, params);
}

/** Keys made at run time (error codes, states): the text, or null where there is none. */
export function tOptional(key: string, params: Params = {}): string | null {
  return key in known.ko ? t(key as Key, params) : null;
}

export function nameOf(name: Localised): string {
  return name[lang.value] || name.ko || name.en;
}

export async function setLanguage(next: Lang): Promise<void> {
  if (next === "en") for (const words of await Promise.all(sources.map((source) => source.en()))) Object.assign(known.en, words.default);
  local.write("lang", next);
  document.documentElement.lang = next;
  lang.value = next;
}

/** Starts in the language that the visitor chose before; a dictionary that does not come leaves the page in Korean. */
export async function startLanguage(): Promise<void> {
  if (local.read<string>("lang") === "en") await setLanguage("en").catch(() => undefined);
}
