import { account } from "../api/session";
import { local, type Store } from "../base/storage";
import type { Pass } from "./types";

/** The pass of the account in this browser: all its tabs share it. The cookie says the same to the server. */

const HEADER = "X-Queue-Pass";
export const passKey = (event: string): string => `pass:${event}:${account.value?.email ?? ""}`;

export function keepPass(event: string, pass: Pass, store: Store = local): void {
  store.write(passKey(event), pass);
}

export function keptPass(event: string, store: Store = local): Pass | null {
  return store.read<Pass>(passKey(event));
}

export function dropPass(event: string, store: Store = local): void {
  store.drop(passKey(event));
}

/** The header that shows the pass, where there is one. */
export function passHeader(event: string): Record<string, string> {
  const kept = keptPass(event);
  return kept ? { [HEADER]: kept.pass } : {};
}

/** Where the line is; `why` is explained there. */
export function lineUrl(event: string, why?: "required" | "expired"): string {
  return `/events/${encodeURIComponent(event)}/line${why ? `?why=${why}` : ""}`;
}
