import { signal } from "@preact/signals";
import { local } from "../base/storage";
import ko from "./ko.json";

export type Lang = "ko" | "en";
export type Key = keyof typeof ko;
export type Params = Record<string, string | number>;
/** A name as the API gives it. */
export type Localised = Record<Lang, string>;

export const LANGS: readonly Lang[] = ["ko", "en"];
const dictionaries: Partial<Record<Lang, Record<Key, string>>> = { ko };

export const lang = signal<Lang>("ko");

/** `{name}` is replaced; `{n|one|many}` chooses by the number `n`. */
export function fill(text: string, params: Params): string {
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (_, name: string, one?: string, many?: string) =>
    String(one === undefined ? (params[name] ?? "") : Number(params[name]) === 1 ? one : many),
  );
}

export function t(key: Key, params: Params = {}): string {
  return fill((dictionaries[lang.value] ?? ko)[key] ?? ko[key], params);
}

/** Keys made at run time (error codes, states): the text, or null where there is none. */
export function tOptional(key: string, params: Params = {}): string | null {
  return key in ko ? t(key as Key, params) : null;
}

export function nameOf(name: Localised): string {
  return name[lang.value] || name.ko || name.en;
}

/** The other language is loaded only by those who ask for it. */
export async function setLanguage(next: Lang): Promise<void> {
  dictionaries[next] ??= (await import("./en.json")).default;
  local.write("lang", next);
  document.documentElement.lang = next;
  lang.value = next;
}

export async function startLanguage(): Promise<void> {
  const kept = local.read<string>("lang");
  await setLanguage(kept === "en" ? "en" : "ko");
}
