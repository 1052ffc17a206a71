import { position, unbase64url } from "../draw/places";
import type { Place, Status } from "./types";

let drawn = { of: "", place: 0 };

/** The draw's arithmetic, done once for one seed. */
function drawnPlace(seed: string, index: number, n: number): number {
  const of = `${seed}/${index}/${n}`;
  if (drawn.of !== of) drawn = { of, place: position(unbase64url(seed), index, n) };
  return drawn.place;
}

/**
 * Where a place stands, computed here from the published seed: the draw costs the origin nothing. What the server told
 * this account itself goes first, since the status came through caches. Null before the draw.
 */
export function positionOf(place: Place | null, status: Status | null): number | null {
  if (!place) return null;
  if (place.position !== null) return place.position;
  if (!status || status.epoch !== place.epoch || status.phase === "lobby" || status.phase === "drawing") return null;
  if (place.index > status.n) return place.index;
  return status.seed === null ? null : drawnPlace(status.seed, place.index, status.n);
}

/** People in front who have not been called. */
export function aheadOf(position: number, serving: number): number {
  return Math.max(0, position - 1 - serving);
}
