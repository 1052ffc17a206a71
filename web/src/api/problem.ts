import { tOptional, t, type Params } from "../i18n";

/** Codes of the contract that a visitor can meet; each has its own words (`error.<code>`). */
export const ERROR_CODES = [
  "invalid_request",
  "unauthenticated",
  "csrf",
  "forbidden",
  "not_found",
  "seats_taken",
  "unknown_seats",
  "limit_exceeded",
  "not_on_sale",
  "sale_closed",
  "no_seats_left",
  "hold_expired",
  "hold_already_ordered",
  "idempotency_key_reused",
  "email_taken",
  "bad_credentials",
  "weak_password",
  "rate_limited",
  "too_large",
  "unsupported_media_type",
  "unavailable",
  "rebuilding",
  "invalid_account",
  "pass_required",
  "pass_invalid",
  "pass_expired",
  "network",
  "timeout",
] as const;

/** An answer that is not a success: the server's problem document, or `network`/`timeout` (status 0) without one. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly code: string,
    readonly status: number,
    readonly extra: Record<string, unknown> = {},
  ) {
    super(`${status} ${code}`);
  }

  /** Whether the same request may simply be sent again: nothing tells that it was judged. */
  get transient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** Milliseconds that the server asked us to wait, if it did. */
  get retryAfter(): number | null {
    const seconds = Number(this.extra.retry_after);
    return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null;
  }

  /** Seats the problem names. */
  get seats(): string[] {
    return Array.isArray(this.extra.seats) ? this.extra.seats.filter((seat): seat is string => typeof seat === "string") : [];
  }
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof DOMException && error.name === "TimeoutError") return new Problem("timeout", 0);
  return new Problem("network", 0);
}

/** What to tell the visitor: by code, else what the server said, else that something failed. */
export function problemText(problem: Problem): string {
  const params: Params = {};
  for (const [name, value] of Object.entries(problem.extra)) {
    if (typeof value === "string" || typeof value === "number") params[name] = value;
  }
  const known = tOptional(`error.${problem.code}`, params);
  if (known) return known;
  const detail = problem.extra.detail;
  return typeof detail === "string" && detail ? t("error.generic_detail", { detail }) : t("error.generic");
}
