/** Rules of choosing seats: how many, and what becomes of a choice that others took. */

export type Refusal = "taken" | "limit";

export interface Change {
  selected: readonly number[];
  refused: Refusal | null;
}

/** How many more one may choose: the limit per person less what is already held or chosen, never negative. */
export function room(limit: number, held: number, chosen: number): number {
  return Math.max(0, limit - held - chosen);
}

/** Adds or removes a seat. `held` are one's own seats in live holds: the limit counts them too. */
export function toggle(selected: readonly number[], seat: number, taken: Uint8Array, limit: number, held = 0): Change {
  if (selected.includes(seat)) return { selected: selected.filter((other) => other !== seat), refused: null };
  if (taken[seat]) return { selected, refused: "taken" };
  if (room(limit, held, selected.length) === 0) return { selected, refused: "limit" };
  return { selected: [...selected, seat], refused: null };
}

/** Splits a choice into what is still free and what others took meanwhile. */
export function settle(selected: readonly number[], taken: Uint8Array): { kept: number[]; lost: number[] } {
  return { kept: selected.filter((seat) => !taken[seat]), lost: selected.filter((seat) => taken[seat]) };
}
