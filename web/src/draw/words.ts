/** What each check means, and what each disagreement says. */
import { count } from "../base/format";
import { lang, t, type Key } from "../i18n";
import type { Check, Code, Finding, Verdict } from "./verify";

export const CHECK_WORDS: Record<Check, Key> = {
  record: "draw.check_record",
  commitment: "draw.check_commitment",
  noted: "draw.check_noted",
  roll: "draw.check_roll",
  twice: "draw.check_twice",
  places: "draw.check_places",
};

const CODE_WORDS: Record<Code, Key> = {
  record: "draw.code_record",
  not_revealed: "draw.code_not_revealed",
  commitment: "draw.code_commitment",
  noted: "draw.code_noted",
  line: "draw.code_line",
  place: "draw.code_place",
  twice: "draw.code_twice",
  missing: "draw.code_missing",
  surplus: "draw.code_surplus",
  roll: "draw.code_roll",
};

/** Which disagreements speak against a check. */
const AGAINST: Partial<Record<Check, readonly Code[]>> = {
  roll: ["roll", "missing", "surplus"],
  places: ["place", "line", "missing", "surplus"],
};

export function passed(verdict: Verdict): Check[] {
  const codes = new Set<string>(verdict.findings.map((finding) => finding.code));
  return verdict.checked.filter((check) => !(AGAINST[check] ?? [check]).some((code) => codes.has(code)));
}

export function findingWords({ code, where, count: times }: Finding): string {
  const text = t(CODE_WORDS[code], { where: typeof where === "number" ? count(where, lang.value) : where });
  return times > 1 ? `${text} ${t("draw.more", { n: count(times - 1, lang.value) })}` : text;
}
