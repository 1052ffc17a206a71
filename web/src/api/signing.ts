import { lang } from "../i18n";
import { exchange } from "./client";
import { begin, forget, write } from "./session";
import type { Account, Session } from "./types";

/** Coming and going. */

export async function signIn(email: string, password: string): Promise<void> {
  begin((await exchange<Session>("POST", "/api/sessions", { body: { email, password } })).data);
}

/** A new account; mails to it are written in the language of this page. */
export async function signUp(email: string, password: string, name: string): Promise<void> {
  await exchange<Account>("POST", "/api/accounts", { body: { email, password, name, locale: lang.value } });
  await signIn(email, password);
}

export async function signOut(): Promise<void> {
  try {
    await write<null>("DELETE", "/api/sessions");
  } finally {
    forget();
  }
}

/** Only paths of this site are followed after signing in. */
export function safeNext(next: string | null, origin: string = location.origin): string {
  if (!next) return "/";
  try {
    const url = new URL(next, origin);
    return url.origin === origin ? url.pathname + url.search + url.hash : "/";
  } catch {
    return "/";
  }
}
