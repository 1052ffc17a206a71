import { PHASES, type Status } from "./types";

/** A status is public and travels through caches: what is taken from one, and what is not believed. */

/** How far ahead of the server's clock a status may say it was written, in milliseconds. */
const AHEAD = 60_000;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** The status in an answer, or null where there is none of this event. */
export function readStatus(data: unknown, event: string): Status | null {
  if (typeof data !== "object" || data === null) return null;
  const one = data as Record<keyof Status, unknown>;
  const { poll } = one;
  const sound =
    one.event === event &&
    PHASES.includes(one.phase as Status["phase"]) &&
    [one.epoch, one.n, one.last, one.serving, one.about].every(isCount) &&
    typeof one.rate === "number" &&
    Array.isArray(poll) &&
    poll.length === 2 &&
    poll.every((seconds) => typeof seconds === "number" && seconds >= 1 && seconds <= 3600) &&
    typeof one.stock === "string" &&
    (one.seed === null || /^[\w-]{43}$/.test(String(one.seed))) &&
    !Number.isNaN(Date.parse(String(one.t0))) &&
    !Number.isNaN(Date.parse(String(one.at)));
  return sound ? (data as Status) : null;
}

/**
 * Whether `next` may replace `before`. Caches and servers answer late and out of order: in one epoch neither the time
 * of writing nor the place that is served ever goes back, and nothing is from the future.
 *
 * @param now the server's time in milliseconds, or null while it is not known.
 */
export function replaces(before: Status | null, next: Status, now: number | null): boolean {
  const tooNew = (one: Status): boolean => now !== null && Date.parse(one.at) > now + AHEAD;
  if (tooNew(next)) return false;
  if (!before || tooNew(before)) return true;
  if (next.epoch !== before.epoch) return next.epoch > before.epoch;
  return Date.parse(next.at) >= Date.parse(before.at) && next.serving >= before.serving;
}
