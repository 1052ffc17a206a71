import type { Hold } from "../api/types";
import { session, type Store } from "../base/storage";

/** What checkout must not forget over reloads: the hold, and how its order was sent. */

export interface Attempt {
  /** Idempotency-Key: one per hold, so that double clicks, reloads and retries are one order. */
  key: string;
  /** The payment that was sent with it, from the first send until a definite answer: a repeat must say the same. */
  sent: { method: string; token: string } | null;
}

export function keepHold(hold: Hold, store: Store = session): void {
  store.write("hold", hold);
}

export function keptHold(store: Store = session): Hold | null {
  return store.read<Hold>("hold");
}

export function dropHold(store: Store = session): void {
  store.drop("hold");
}

/** 128 random bits as text; `crypto.randomUUID` exists in secure contexts only. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function attemptFor(holdId: string, store: Store = session, make: () => string = newKey): Attempt {
  const kept = store.read<Attempt>(`order:${holdId}`);
  if (kept?.key) return kept;
  const fresh: Attempt = { key: make(), sent: null };
  store.write(`order:${holdId}`, fresh);
  return fresh;
}

/** Remembers what goes out, before it goes out; returns what must be sent (an earlier send wins). */
export function sending(holdId: string, payment: { method: string; token: string }, store: Store = session): Attempt {
  const attempt = attemptFor(holdId, store);
  const next: Attempt = { key: attempt.key, sent: attempt.sent ?? payment };
  store.write(`order:${holdId}`, next);
  return next;
}

/** The server judged and refused: the key stays, another payment may be chosen. */
export function refusedSend(holdId: string, store: Store = session): void {
  store.write(`order:${holdId}`, { key: attemptFor(holdId, store).key, sent: null } satisfies Attempt);
}
