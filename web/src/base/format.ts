import type { Lang } from "../i18n";

const LOCALE: Record<Lang, string> = { ko: "ko-KR", en: "en-GB" };
/** Lists of events carry no zone of their own; every venue we know is in Korea. */
export const DEFAULT_ZONE = "Asia/Seoul";

const cache = new Map<string, Intl.DateTimeFormat | Intl.NumberFormat>();
function cached<T extends Intl.DateTimeFormat | Intl.NumberFormat>(key: string, make: () => T): T {
  const hit = cache.get(key) as T | undefined;
  if (hit) return hit;
  const made = make();
  cache.set(key, made);
  return made;
}

/** Integer minor units plus currency, as people of that language write it (KRW has no decimals). */
export function money(amount: number, currency: string, lang: Lang): string {
  const format = cached(
    `m${lang}${currency}`,
    () => new Intl.NumberFormat(LOCALE[lang], { style: "currency", currency, currencyDisplay: "narrowSymbol" }),
  );
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 0));
}

export function count(n: number, lang: Lang): string {
  return cached(`n${lang}`, () => new Intl.NumberFormat(LOCALE[lang])).format(n);
}

const STYLES = {
  full: { year: "numeric", month: "long", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit" },
  day: { month: "long", day: "numeric", weekday: "short" },
  short: { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" },
  time: { hour: "2-digit", minute: "2-digit" },
  clock: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
} satisfies Record<string, Intl.DateTimeFormatOptions>;

/** An instant in the venue's time zone. */
export function when(iso: string, style: keyof typeof STYLES, lang: Lang, zone: string = DEFAULT_ZONE): string {
  const format = cached(
    `d${lang}${style}${zone}`,
    () => new Intl.DateTimeFormat(LOCALE[lang], { ...STYLES[style], timeZone: zone, hourCycle: "h23" }),
  );
  // Korean sets the weekday in brackets; the platform does so in some of its patterns only.
  return format
    .formatToParts(new Date(iso))
    .map(({ type, value }, i, parts) => (type === "weekday" && lang === "ko" && !parts[i - 1]?.value.endsWith("(") ? `(${value})` : value))
    .join("");
}

/** The parts of a date that a poster or a ticket sets apart. */
export function dateParts(iso: string, lang: Lang, zone: string = DEFAULT_ZONE): { month: string; day: string; weekday: string } {
  const format = cached(
    `p${lang}${zone}`,
    () => new Intl.DateTimeFormat(LOCALE[lang], { month: "short", day: "numeric", weekday: "short", timeZone: zone }),
  );
  const parts = Object.fromEntries(format.formatToParts(new Date(iso)).map((part) => [part.type, part.value]));
  return { month: parts.month ?? "", day: parts.day ?? "", weekday: parts.weekday ?? "" };
}

/** Minutes and seconds of a countdown, rounded up so that 0:00 means over. */
export function minutesSeconds(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
