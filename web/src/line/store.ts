import { computed, signal } from "@preact/signals-core";
import { asProblem, problemText, type Problem } from "../api/problem";
import { account } from "../api/session";
import { clock } from "../base/clock";
import { backoff, poll } from "../base/wait";
import { entered } from "./call";
import { estimate } from "./estimate";
import { joinLine } from "./join";
import { Memory } from "./keep";
import { LineNews } from "./news";
import { keepPass, passKey } from "./pass";
import { drawSpread, jitter, joinSpread, lobbyDelay, pollDelay, SECOND } from "./policy";
import { aheadOf, positionOf } from "./position";
import { isOpenHouse, sceneOf, type Step } from "./scene";
import { LineServer } from "./server";
import type { Joined, Pass, Place, Status } from "./types";

const SLOWEST = 60 * SECOND;
/** Those who are called at the same second come over this time. */
const CLAIM_SPREAD = 0.8 * SECOND;
/** A call is seen and heard for this long before the seats take its place; who never waited goes on sooner. */
const ENTRY = 1.4 * SECOND;
const STRAIGHT_IN = 0.4 * SECOND;

const steady = (): number => performance.now();

/** One account's wait for one event: what is known, what is shown, and when to ask again. */
export class LineStore {
  readonly place = signal<Place | null>(null);
  readonly step = signal<Step>({ kind: "idle" });
  /** People ahead when they were first counted. */
  readonly first = signal<number | null>(null);
  private readonly server: LineServer;
  private readonly memory: Memory;
  private readonly news: LineNews;

  readonly position = computed(() => positionOf(this.place.value, this.status.value));
  readonly ahead = computed(() => (this.position.value === null ? null : aheadOf(this.position.value, this.status.value?.serving ?? 0)));
  readonly range = computed(() => (this.ahead.value === null ? null : estimate(this.ahead.value, this.news.samples.value)));

  private stop: (() => void) | null = null;
  private misled = 0;
  private joinAt = 0;
  private claimAt: number | null = null;

  constructor(
    private readonly event: string,
    private readonly go: (url: string) => void = (url) => location.replace(url),
  ) {
    this.server = new LineServer(event);
    this.memory = new Memory(event);
    this.news = new LineNews(
      event,
      this.server,
      this.memory,
      (before, next) => this.taken(before, next),
      () => this.pace(),
    );
    this.news.recall();
    this.recall();
  }

  get status() {
    return this.news.status;
  }

  get about() {
    return this.news.about;
  }

  get trouble() {
    return this.news.trouble;
  }

  get seatsUrl(): string {
    return `/events/${encodeURIComponent(this.event)}/seats`;
  }

  scene(now: number) {
    return sceneOf({
      status: this.status.value,
      place: this.place.value,
      position: this.position.value,
      step: this.step.value,
      signedIn: account.value !== null,
      unheard: this.news.unheard.value,
      now,
    });
  }

  /** Waits in line, as long as the page is open and looked at. */
  follow(): () => void {
    const heard = (event: StorageEvent): void => this.hear(event.key);
    addEventListener("storage", heard);
    this.restart();
    return () => {
      this.stop?.();
      removeEventListener("storage", heard);
    };
  }

  private restart(): void {
    this.stop?.();
    this.stop = poll((signal) => this.turn(signal));
  }

  /** One turn: look when it is time, then do what the place wants. Answers the delay to the next. */
  private async turn(signal: AbortSignal): Promise<number | null> {
    if (this.news.wait <= 0) await this.look(signal);
    const wait = await this.act(signal);
    if (this.step.value.kind === "entering" || this.status.value?.phase === "closed") return null;
    return Math.max(200, Math.min(wait ?? Infinity, this.news.wait));
  }

  // What is known.

  private async look(signal: AbortSignal): Promise<void> {
    const problem = await this.news.look(signal);
    if (problem?.code === "no_waiting_room") this.skip();
    else if (problem?.status === 404 && !this.status.value) this.step.value = { kind: "missing" };
  }

  /** Until the next look, by what the status says. */
  private pace(): number {
    const status = this.status.value;
    if (!status) return this.news.least;
    const { poll: bounds, phase, last } = status;
    const slow = jitter(this.news.most);
    if (phase === "announced")
      return this.about.value ? lobbyDelay(bounds, clock.left(this.about.value.lobby_at), 5 * SECOND * Math.random()) : slow;
    if (phase === "lobby") return lobbyDelay(bounds, clock.left(status.t0), drawSpread(last));
    if (phase === "drawing") return lobbyDelay(bounds, 0, drawSpread(last));
    if (phase !== "open" || !this.place.value) return slow;
    const range = this.range.value;
    return pollDelay(bounds, this.ahead.value ?? 0, range && !status.paused ? (range.low + range.high) / 2 : null);
  }

  private taken(before: Status | null, next: Status): void {
    if (before?.phase === "announced" && next.phase === "lobby") this.joinAt = steady() + joinSpread(clock.left(next.t0));
    if (before?.phase === "sold_out" && next.phase === "open") this.joinAt = steady() + 10 * SECOND * Math.random();
    if (this.place.value && next.epoch > this.place.value.epoch) this.settle(null);
    else this.countFirst();
  }

  private countFirst(): void {
    const ahead = this.ahead.value;
    if (ahead === null || this.status.value?.phase === "lobby" || ahead <= (this.first.value ?? -1)) return;
    this.first.value = ahead;
    this.keep();
  }

  // The place, and its copy that all tabs of the account share.

  private get email(): string {
    return account.value?.email ?? "";
  }

  private recall(): void {
    if (!account.value) return;
    const kept = this.memory.read(this.email);
    this.first.value = kept.first ?? null;
    this.place.value = kept.place;
    if (kept.left) this.step.value = { kind: "left" };
    else if (this.step.value.kind === "left") this.step.value = { kind: "idle" };
  }

  private keep(left = false): void {
    this.memory.write(this.email, { place: this.place.value, left, ...(this.first.value === null ? {} : { first: this.first.value }) });
  }

  private settle(place: Place | null): void {
    this.place.value = place;
    this.first.value = null;
    this.claimAt = null;
    this.keep();
    this.countFirst();
  }

  /** Another tab learned something. */
  private hear(key: string | null): void {
    if (key === this.memory.statusKey) {
      this.news.recall();
    } else if (key === this.memory.placeKey(this.email)) {
      this.recall();
    } else if (key === passKey(this.event) && this.place.value && localStorage.getItem(key)) {
      this.enter();
    }
  }

  // What the place wants.

  private async act(signal: AbortSignal): Promise<number | null> {
    const { kind } = this.step.value;
    const status = this.status.value;
    if (!account.value || kind === "left" || kind === "gone" || kind === "used" || kind === "entering") return null;
    if (kind === "no_line" || kind === "missing" || (status && isOpenHouse(status, clock.now()))) return null;
    if (!this.place.value) return this.join(signal);
    const { value: position } = this.position;
    if (!status || status.phase !== "open" || position === null || position > status.serving || status.paused) {
      // Who was misled by a status before waits out the pause that came with it.
      if (!this.misled) this.claimAt = null;
      this.step.value = { kind: "idle" };
      return null;
    }
    return this.claim(signal);
  }

  private async join(signal: AbortSignal): Promise<number | null> {
    const phase = this.status.value?.phase ?? "open";
    if (phase === "announced" || phase === "sold_out" || phase === "closed") return null;
    const left = this.joinAt - steady();
    if (left > 0) {
      if (this.step.value.kind === "idle") this.step.value = { kind: "soon" };
      return left;
    }
    try {
      this.joined(await joinLine(this.server, this.step, signal));
      return 0;
    } catch (error) {
      if (signal.aborted) throw error;
      return this.refused(asProblem(error));
    }
  }

  private joined({ epoch, index, ticket, position, pass, expires_at }: Joined): void {
    this.misled = 0;
    this.step.value = { kind: "idle" };
    this.settle({ epoch, index, ticket, position });
    if (pass && expires_at) this.admitted({ pass, expires_at }, STRAIGHT_IN);
    else this.news.sooner(this.pace());
  }

  /** How a refused join goes on: when the next try is due, or null when only the visitor can go on. */
  private refused(problem: Problem): number | null {
    let wait = problem.retryAfter;
    if (problem.status === 401) this.step.value = { kind: "signed_out" };
    else if (problem.code === "no_waiting_room") this.skip();
    else if (problem.status === 404) this.step.value = { kind: "missing" };
    else if (problem.transient) {
      this.step.value = { kind: "joining", again: true };
      wait ??= backoff(this.misled++, this.news.least, SLOWEST);
    } else if (problem.code === "line_draining") {
      this.step.value = { kind: "draining" };
      wait ??= jitter(SLOWEST);
    } else if (problem.code === "lobby_not_open" || problem.code === "sold_out" || problem.code === "line_closed") {
      // The status says the same in a moment.
      this.step.value = { kind: "soon" };
      this.news.sooner(jitter(this.news.least));
      wait ??= jitter(5 * SECOND);
    } else this.step.value = { kind: "refused", text: problemText(problem) };
    if (wait === null) return null;
    this.joinAt = steady() + jitter(wait);
    return wait;
  }

  private async claim(signal: AbortSignal): Promise<number | null> {
    this.claimAt ??= steady() + CLAIM_SPREAD * Math.random();
    const left = this.claimAt - steady();
    if (left > 0) return left;
    try {
      this.admitted(await this.server.claim(this.place.value?.ticket, signal));
      return null;
    } catch (error) {
      if (signal.aborted) throw error;
      const wait = this.turnedAway(asProblem(error));
      if (wait !== null) this.claimAt = steady() + wait;
      return wait;
    }
  }

  /** How a claim that was not granted goes on: milliseconds to the next, or null when there is none. */
  private turnedAway(problem: Problem): number | null {
    const again = problem.retryAfter ?? backoff(this.misled++, this.news.least, SLOWEST);
    if (problem.code === "line_full" || problem.code === "line_paused") {
      this.misled = 0;
      this.step.value = { kind: "door" };
      return jitter(problem.retryAfter ?? this.news.least);
    }
    if (problem.code === "not_your_turn") this.correct(problem);
    else if (problem.status === 401) this.step.value = { kind: "signed_out" };
    else if (problem.code === "not_in_line" || problem.code === "place_used") {
      this.settle(null);
      this.step.value = { kind: problem.code === "place_used" ? "used" : "gone" };
      return null;
    } else if (problem.code === "bad_ticket") this.settle(null);
    else if (problem.code === "no_waiting_room") this.skip();
    else if (problem.code === "sold_out" || problem.code === "line_closed") this.news.sooner(jitter(this.news.least));
    else if (problem.transient) this.trouble.value = "offline";
    return again;
  }

  /** The server's own word on this account goes before any status. */
  private correct({ extra: { position, serving } }: Problem): void {
    const { value: place } = this.place;
    if (place && typeof position === "number") {
      this.place.value = { ...place, position };
      this.keep();
    }
    if (typeof serving === "number") this.news.correct(serving);
    this.step.value = { kind: "idle" };
  }

  private admitted(pass: Pass, after = ENTRY): void {
    keepPass(this.event, pass);
    this.enter(after);
  }

  private enter(after = ENTRY): void {
    if (this.step.value.kind === "entering") return;
    this.step.value = { kind: "entering" };
    entered(this.about.value);
    setTimeout(() => this.go(this.seatsUrl), after);
  }

  /** A show without a line: straight to the seats. */
  private skip(): void {
    this.step.value = { kind: "no_line" };
    this.go(this.seatsUrl);
  }

  // What the visitor does.

  /** Joins because somebody asked for it: at once. */
  rejoin(): void {
    this.joinAt = 0;
    this.misled = 0;
    this.step.value = { kind: "idle" };
    this.settle(null);
    this.restart();
  }

  /** Gives the place back. Throws when the server could not be told. */
  async leave(): Promise<void> {
    await this.server.leave();
    this.settle(null);
    this.step.value = { kind: "left" };
    this.keep(true);
  }
}
