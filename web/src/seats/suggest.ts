import { nameOfSeat, type SeatModel } from "./model";

/** Whether `n` seats from `start` of one row are free and stand side by side (no aisle between them). */
function runIsFree(model: SeatModel, start: number, n: number, taken: Uint8Array, avoid: ReadonlySet<number>): boolean {
  for (let seat = start; seat < start + n; seat += 1) {
    if (taken[seat] || avoid.has(seat)) return false;
    if (seat > start && Math.hypot(model.x[seat]! - model.x[seat - 1]!, model.y[seat]! - model.y[seat - 1]!) > model.pitch * 1.8)
      return false;
  }
  return true;
}

/**
 * `n` free seats side by side, as near as possible to the seats `near`, first of the same grade and then of any.
 * Seats in `avoid` (for example still chosen ones) are left alone. Empty when no such run is left.
 */
export function suggest(
  model: SeatModel,
  taken: Uint8Array,
  n: number,
  near: readonly number[],
  avoid: ReadonlySet<number> = new Set(),
): number[] {
  if (n < 1 || near.length === 0) return [];
  const cx = near.reduce((sum, seat) => sum + model.x[seat]!, 0) / near.length;
  const cy = near.reduce((sum, seat) => sum + model.y[seat]!, 0) / near.length;
  const grade = nameOfSeat(model, near[0]!).row.grade;
  let best = -1;
  let least = Infinity;
  for (const row of model.rows) {
    // Another grade costs another price: offered only when its own has no such run left.
    const detour = row.grade === grade ? 0 : 1e9;
    for (let start = row.start; start + n <= row.start + row.count; start += 1) {
      const mid = start + ((n - 1) >> 1);
      const distance = detour + Math.hypot(model.x[mid]! - cx, model.y[mid]! - cy);
      if (distance < least && runIsFree(model, start, n, taken, avoid)) {
        least = distance;
        best = start;
      }
    }
  }
  return best < 0 ? [] : Array.from({ length: n }, (_, i) => best + i);
}
