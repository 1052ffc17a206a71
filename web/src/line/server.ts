import { exchange, type Options } from "../api/client";
import { Problem } from "../api/problem";
import { write } from "../api/session";
import { readStatus } from "./status";
import type { About, Challenge, Joined, Pass, Status } from "./types";

/** Everything that the waiting page asks. The status and the about object come from the CDN, or else from the API. */

const TIMEOUT = 8000;

async function firstOf<T>(paths: readonly string[], read: (data: unknown) => T | null, signal: AbortSignal): Promise<T> {
  let last: unknown;
  for (const path of paths) {
    try {
      const { data } = await exchange<unknown>("GET", path, { signal, timeout: TIMEOUT, anonymous: true });
      const found = read(data);
      if (found !== null) return found;
      last = new Problem("unavailable", 502);
    } catch (error) {
      if (signal.aborted) throw error;
      last = error;
    }
  }
  throw last;
}

export class LineServer {
  private readonly api: string;
  private readonly blob: string;

  constructor(private readonly event: string) {
    const id = encodeURIComponent(event);
    this.api = `/api/events/${id}`;
    this.blob = `/status/${id}`;
  }

  status(signal: AbortSignal): Promise<Status> {
    return firstOf([`${this.blob}.json`, `${this.api}/queue`], (data) => readStatus(data, this.event), signal);
  }

  about(signal: AbortSignal): Promise<About> {
    const read = (data: unknown): About | null => ((data as About | null)?.event === this.event ? (data as About) : null);
    return firstOf([`${this.blob}.about.json`, `${this.api}/queue/about`], read, signal);
  }

  join(body: object, signal: AbortSignal): Promise<Joined> {
    return this.post<Joined>("/queue", body, { signal });
  }

  claim(ticket: string | undefined, signal?: AbortSignal): Promise<Pass> {
    return this.post<Pass>("/admission", ticket ? { ticket } : {}, signal ? { signal } : {});
  }

  async challenge(signal: AbortSignal): Promise<Challenge> {
    return (await exchange<Challenge>("GET", `${this.api}/queue/challenge`, { signal })).data;
  }

  /** Gives the place or the slot back; goes out even while the page is being left. */
  async leave(): Promise<void> {
    await write<null>("DELETE", `${this.api}/queue`, { keepalive: true });
  }

  private async post<T>(path: string, body: object, options: Options): Promise<T> {
    return (await write<T>("POST", this.api + path, { ...options, body })).data;
  }
}
