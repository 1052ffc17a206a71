import { signal } from "@preact/signals";
import { local } from "../base/storage";
import { lang } from "../i18n";
import { exchange, get, type Answer, type Options } from "./client";
import { Problem } from "./problem";
import type { Account, Session } from "./types";

type Shown = Pick<Account, "name" | "role" | "email">;

/**
 * Who is signed in, as far as this browser remembers: enough to draw the header at once. The cookie is the truth;
 * a page asks the server only when it writes, so that a crowd of visitors costs the origin nothing.
 */
export const account = signal<Shown | null>(local.read<Shown>("account"));

let csrf: Promise<string> | null = null;

function remember(session: Session): string {
  const { name, role, email } = session.account;
  account.value = { name, role, email };
  local.write("account", account.value);
  return session.csrf_token;
}

export function forget(): void {
  csrf = null;
  account.value = null;
  local.drop("account");
}

function csrfToken(): Promise<string> {
  csrf ??= get<Session>("/api/sessions").then(remember);
  csrf.catch(() => (csrf = null));
  return csrf;
}

/** A write with the session's CSRF token; a token that the server no longer takes is fetched anew once. */
export async function write<T>(method: "POST" | "DELETE", path: string, options: Options = {}): Promise<Answer<T>> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const headers = { ...options.headers, "X-CSRF-Token": await csrfToken() };
      return await exchange<T>(method, path, { ...options, headers });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code === "csrf" && attempt === 0) {
        csrf = null;
        continue;
      }
      if (error.status === 401) forget();
      throw error;
    }
  }
}

export async function signIn(email: string, password: string): Promise<void> {
  const { data } = await exchange<Session>("POST", "/api/sessions", { body: { email, password } });
  csrf = Promise.resolve(remember(data));
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

export function signInUrl(next: string = location.pathname + location.search): string {
  return `/sign-in?next=${encodeURIComponent(next)}`;
}

/** Sends visitors without a session to sign in and back; tells whether it did. */
export function toSignIn(problem: Problem): boolean {
  if (problem.status !== 401) return false;
  forget();
  location.assign(signInUrl());
  return true;
}
