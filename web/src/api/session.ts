import { signal } from "@preact/signals-core";
import { local, session as tab } from "../base/storage";
import { exchange, get, type Answer, type Options } from "./client";
import { Problem } from "./problem";
import type { Account, Session } from "./types";

type Shown = Pick<Account, "name" | "role" | "email">;

/**
 * Who is signed in, as far as this browser remembers: enough to draw the header at once. The cookie is the truth;
 * a page asks the server only when it writes, so that a crowd of visitors costs the origin nothing.
 */
export const account = signal<Shown | null>(local.read<Shown>("account"));

/** Kept for the tab: a page that writes once need not ask twice. */
const CSRF = "csrf";
let csrf: Promise<string> | null = null;

function remember(session: Session): string {
  tab.write(CSRF, session.csrf_token);
  const { name, role, email } = session.account;
  account.value = { name, role, email };
  local.write("account", account.value);
  return session.csrf_token;
}

function dropToken(): void {
  csrf = null;
  tab.drop(CSRF);
}

export function forget(): void {
  dropToken();
  account.value = null;
  local.drop("account");
}

function csrfToken(): Promise<string> {
  const kept = tab.read<string>(CSRF);
  csrf ??= kept ? Promise.resolve(kept) : get<Session>("/api/sessions").then(remember);
  csrf.catch(() => (csrf = null));
  return csrf;
}

/** A write with the session's CSRF token; a token that the server no longer takes is fetched anew once. */
export async function write<T>(method: "POST" | "PATCH" | "DELETE", path: string, options: Options = {}): Promise<Answer<T>> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const headers = { ...options.headers, "X-CSRF-Token": await csrfToken() };
      return await exchange<T>(method, path, { ...options, headers });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code === "csrf" && attempt === 0) {
        dropToken();
        continue;
      }
      if (error.status === 401) forget();
      throw error;
    }
  }
}

/** Takes note of a session that has just begun. */
export function begin(session: Session): void {
  csrf = Promise.resolve(remember(session));
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
