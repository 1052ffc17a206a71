import type { Status } from "./types";

/** How long it may take: a range between the slowest and the fastest that was seen lately, or nothing. */

export interface Sample {
  /** When the status was written, in milliseconds. */
  at: number;
  epoch: number;
  serving: number;
  /** Admissions per minute. */
  rate: number;
}

export interface Range {
  low: number;
  high: number;
}

const MEMORY = 180_000;
/** Two looks closer than this say little about speed. */
const LEAST_SPAN = 8000;
const FASTER = 1.15;
const SLOWER = 0.8;

/**
 * Adds what a status says about speed; keeps three minutes, of this epoch. What was seen before anybody was called says
 * nothing: the first who are called fill an empty house at once, and the line never moves like that again.
 */
export function remember(samples: readonly Sample[], status: Status): Sample[] {
  const next: Sample = { at: Date.parse(status.at), epoch: status.epoch, serving: status.serving, rate: status.rate };
  const told = samples.filter((one) => one.serving > 0 || next.serving === 0);
  const kept = told.filter((one) => one.epoch === next.epoch && one.at < next.at && next.at - one.at <= MEMORY);
  return [...kept, next];
}

/** Milliseconds until `ahead` people have gone in; null while nobody goes in. */
export function estimate(ahead: number, samples: readonly Sample[]): Range | null {
  const newest = samples.at(-1);
  if (!newest) return null;
  const oldest = samples.find((one) => newest.at - one.at >= LEAST_SPAN);
  const moved = oldest ? ((newest.serving - oldest.serving) / (newest.at - oldest.at)) * 60_000 : newest.rate;
  if (newest.rate <= 0 && moved <= 0) return null;
  const speeds = [newest.rate, moved].filter((perMinute) => perMinute > 0);
  const minutes = (perMinute: number): number => (ahead / perMinute) * 60_000;
  return { low: minutes(Math.max(...speeds) * FASTER), high: minutes(Math.min(...speeds) * SLOWER) };
}

/** A range in words: what unit, and the two numbers, rounded outwards as coarsely as one would say it. */
export interface Spoken extends Range {
  unit: "soon" | "minutes" | "hours";
}

export function spoken({ low, high }: Range): Spoken {
  if (high <= 60_000) return { unit: "soon", low: 0, high: 1 };
  const minutes = { low: low / 60_000, high: high / 60_000 };
  if (minutes.high > 180) return { unit: "hours", low: Math.max(1, Math.floor(minutes.low / 60)), high: Math.ceil(minutes.high / 60) };
  const step = minutes.high > 60 ? 10 : minutes.high > 20 ? 5 : 1;
  return {
    unit: "minutes",
    low: Math.max(1, Math.floor(minutes.low / step) * step),
    high: Math.max(2, Math.ceil(minutes.high / step) * step),
  };
}
