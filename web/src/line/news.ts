import { signal } from "@preact/signals-core";
import { asProblem, type Problem } from "../api/problem";
import { clock } from "../base/clock";
import { backoff } from "../base/wait";
import { remember, type Sample } from "./estimate";
import type { Memory } from "./keep";
import { SECOND } from "./policy";
import type { LineServer } from "./server";
import { readStatus, replaces } from "./status";
import type { About, Status } from "./types";

const POLL: Status["poll"] = [2, 60];
/** A status that was written longer ago than this says that nobody writes it now. */
const STALE = 15 * SECOND;
const SLOWEST = 60 * SECOND;

/** What everybody may know of a line: the last truth that was heard, how fresh it is, and when to look again. */
export class LineNews {
  readonly status = signal<Status | null>(null);
  readonly about = signal<About | null>(null);
  /** Why what is shown may be old; null while all is well. */
  readonly trouble = signal<"offline" | "stale" | null>(null);
  /** What the statuses of the last minutes say about speed. */
  readonly samples = signal<Sample[]>([]);
  /** Whether somebody was asked in vain. */
  readonly unheard = signal(false);
  private failures = 0;
  private lookAt = 0;

  /**
   * @param taken hears of each status that was believed, and of the one before.
   * @param pace answers the milliseconds from one look to the next while all is well.
   */
  constructor(
    private readonly event: string,
    private readonly server: LineServer,
    private readonly memory: Memory,
    private readonly taken: (before: Status | null, next: Status) => void,
    private readonly pace: () => number,
  ) {
    this.about.value = memory.readAbout();
  }

  /** What this browser heard last, in this tab or another. */
  recall(): void {
    const kept = readStatus(this.memory.readStatus(), this.event);
    if (kept) this.take(kept);
  }

  /** Milliseconds until the next look; not above 0 when it is due. */
  get wait(): number {
    return this.lookAt - performance.now();
  }

  /** Looks earlier than planned. */
  sooner(wait: number): void {
    this.lookAt = Math.min(this.lookAt, performance.now() + wait);
  }

  get least(): number {
    return Math.min(...(this.status.value?.poll ?? POLL)) * SECOND;
  }

  get most(): number {
    return Math.max(...(this.status.value?.poll ?? POLL)) * SECOND;
  }

  /** Asks for the status, and for the about object when there is a new one. Answers why it failed, or null. */
  async look(signal: AbortSignal): Promise<Problem | null> {
    let problem: Problem | null = null;
    try {
      const next = await this.server.status(signal);
      this.failures = 0;
      if (this.take(next)) this.memory.writeStatus(next);
      await this.learnAbout(signal);
    } catch (error) {
      if (signal.aborted) throw error;
      problem = asProblem(error);
      this.failures += 1;
      this.unheard.value = true;
    }
    this.judge();
    const again = problem ? (problem.retryAfter ?? backoff(this.failures - 1, this.least, SLOWEST)) : this.pace();
    this.lookAt = performance.now() + again;
    return problem;
  }

  private judge(): void {
    const { value } = this.status;
    const running = value !== null && value.phase !== "announced" && value.phase !== "closed";
    const old = running && clock.now() - Date.parse(value.at) > STALE;
    this.trouble.value = this.failures > 1 || (this.failures > 0 && old) ? "offline" : old ? "stale" : null;
  }

  private async learnAbout(signal: AbortSignal): Promise<void> {
    const wanted = this.status.value?.about;
    if (wanted === undefined || (this.about.value?.version ?? 0) >= wanted) return;
    try {
      const about = await this.server.about(signal);
      if (about.version < (this.about.value?.version ?? 0)) return;
      this.about.value = about;
      this.memory.writeAbout(about);
    } catch (error) {
      if (signal.aborted) throw error;
      // The next look tries again; the line goes on without it.
    }
  }

  /** Believes a status that may replace what is known; tells whether it did. */
  private take(next: Status): boolean {
    const before = this.status.value;
    if (!replaces(before, next, clock.synced ? clock.now() : null)) return false;
    this.samples.value = remember(this.samples.value, next);
    this.status.value = next;
    this.taken(before, next);
    return true;
  }

  /** The server itself says who is served: a status that promised more was wrong, wherever it came from. */
  correct(serving: number): void {
    const { value: status } = this.status;
    if (!status || serving >= status.serving) return;
    const corrected = { ...status, serving, at: new Date(clock.now()).toISOString() };
    this.samples.value = [];
    this.status.value = corrected;
    this.memory.writeStatus(corrected);
  }
}
