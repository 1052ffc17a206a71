import type { Status } from "./types";

/** When to ask: often near the front, seldom far behind, never all at once. Everything in milliseconds. */

type Random = () => number;
export const SECOND = 1000;
/** A crowd of this size takes the whole of the longest spread: the draw is looked at by 5,000 people a second at most. */
const CROWD = 100_000;
const DRAW_SPREAD = 20 * SECOND;
const JOIN_SPREAD = 120 * SECOND;
/** Without a measured rate: how many people stand for one second of remaining time. */
const UNKNOWN_PACE = 4;

const clamp = (least: number, value: number, most: number): number => Math.max(least, Math.min(most, value));

/** ±15 %. */
export function jitter(delay: number, random: Random = Math.random): number {
  return delay * (0.85 + 0.3 * random());
}

/**
 * Until the next look while waiting: an eighth of the time that remains, within the bounds that the status sets.
 *
 * @param ahead people in front.
 * @param remaining what is left of the wait, or null where nobody knows: then the crowd in front decides.
 */
export function pollDelay(poll: Status["poll"], ahead: number, remaining: number | null, random: Random = Math.random): number {
  const [least, most] = [Math.min(...poll) * SECOND, Math.max(...poll) * SECOND];
  return jitter(clamp(least, (remaining ?? (ahead / UNKNOWN_PACE) * SECOND) / 8, most), random);
}

/** How far the first look after the draw is spread: 2 s for a thousand people, 6 s for ten thousand, 20 s for a big crowd. */
export function drawSpread(crowd: number, random: Random = Math.random): number {
  return DRAW_SPREAD * Math.sqrt(Math.min(1, crowd / CROWD)) * random();
}

/** How far a join is spread that no person asked for at this moment: before T-0 it makes no difference when. */
export function joinSpread(untilDraw: number, random: Random = Math.random): number {
  return clamp(0, untilDraw - 5 * SECOND, JOIN_SPREAD) * random();
}

/** Until the next look before the draw: seldom, but right after the moment that everybody waits for. */
export function lobbyDelay(poll: Status["poll"], untilMoment: number, spread: number, random: Random = Math.random): number {
  const most = jitter(Math.max(...poll) * SECOND, random);
  const least = Math.min(...poll) * SECOND;
  if (untilMoment <= 0) return jitter(Math.max(least, spread), random);
  return untilMoment <= most ? untilMoment + spread : most;
}
