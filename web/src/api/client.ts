import { clock } from "../base/clock";
import { backoff, sleep } from "../base/wait";
import { Problem } from "./problem";

export interface Options {
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Milliseconds until we stop waiting for an answer. */
  timeout?: number;
  /** Send it although the page is being left. */
  keepalive?: boolean;
  /** Leave cookies out, where the answer is the same for everybody. */
  anonymous?: boolean;
}

export interface Answer<T> {
  status: number;
  data: T;
  etag: string | null;
}

const TIMEOUT = 12_000;
const READ_TRIES = 3;

/** Each answer tells the server's time, in its body or, to the second, in its Date header; caches add their Age. */
function learnTime(response: Response, data: unknown, sent: number): void {
  const got = performance.now();
  const age = Number(response.headers.get("age") ?? 0) * 1000 || 0;
  const { server_time: own, holds } = (data ?? {}) as { server_time?: unknown; holds?: { server_time?: unknown }[] };
  const told = own ?? holds?.[0]?.server_time;
  const stamp = typeof told === "string" ? Date.parse(told) : Date.parse(response.headers.get("date") ?? "");
  if (!Number.isNaN(stamp)) clock.sync(stamp + age, sent, got);
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function problemOf(response: Response, data: unknown): Problem {
  const extra = (data && typeof data === "object" ? data : {}) as Record<string, unknown>;
  const header = response.headers.get("retry-after");
  if (header && extra.retry_after === undefined) extra.retry_after = Number(header);
  const code = typeof extra.code === "string" ? extra.code : response.status >= 500 ? "unavailable" : "generic";
  return new Problem(code, response.status, extra);
}

/** One HTTP exchange. Resolves for 2xx and 304, throws `Problem` for every other outcome but the caller's own abort. */
export async function exchange<T>(method: string, path: string, options: Options = {}): Promise<Answer<T>> {
  const sent = performance.now();
  const abort = new AbortController();
  let late = false;
  const limit = setTimeout(() => ((late = true), abort.abort()), options.timeout ?? TIMEOUT);
  const leave = (): void => abort.abort();
  options.signal?.addEventListener("abort", leave);
  const headers: Record<string, string> = { accept: "application/json", ...options.headers };
  if (options.body !== undefined) headers["content-type"] = "application/json";
  let response: Response;
  let data: unknown;
  try {
    response = await fetch(path, {
      method,
      headers,
      signal: abort.signal,
      credentials: options.anonymous ? "omit" : "same-origin",
      keepalive: options.keepalive ?? false,
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
    data = response.status === 304 ? null : await bodyOf(response);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Problem(late ? "timeout" : "network", 0);
  } finally {
    clearTimeout(limit);
    options.signal?.removeEventListener("abort", leave);
  }
  learnTime(response, data, sent);
  if (!response.ok && response.status !== 304) throw problemOf(response, data);
  return { status: response.status, data: data as T, etag: response.headers.get("etag") };
}

/** A read, tried again a little later where the failure may pass. */
export async function get<T>(path: string, options: Options = {}): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return (await exchange<T>("GET", path, options)).data;
    } catch (error) {
      const last = attempt + 1 >= READ_TRIES;
      if (last || !(error instanceof Problem) || !error.transient) throw error;
      await sleep(error.retryAfter ?? backoff(attempt, 400, 3000), options.signal);
    }
  }
}
