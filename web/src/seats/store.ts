import { batch, computed, signal } from "@preact/signals";
import { exchange, get } from "../api/client";
import { asProblem, Problem, problemText } from "../api/problem";
import { account, signInUrl, write } from "../api/session";
import type { Availability, EventDetail, Hold, Plan, Price } from "../api/types";
import { session } from "../base/storage";
import { backoff, poll } from "../base/wait";
import { t } from "../i18n";
import { passHeader } from "../line/pass";
import { toLine } from "../line/useInside";
import { keepHold } from "../order/keep";
import { announce, say } from "../ui/announce";
import { applyBitmap, decodeBitmap } from "./bitmap";
import { buildModel, findSeat, nameOfSeat, seatId, type SeatModel } from "./model";
import { settle, toggle } from "./selection";
import { suggest } from "./suggest";
import { seatWords } from "./words";

const POLL = 2000;

/** What "someone was faster" says: the seats lost, and the nearest ones that are still free. */
export interface Conflict {
  lost: readonly number[];
  instead: readonly number[];
  fromHold: boolean;
}

/** State of the seats page, and everything one can do there. */
export class SeatsStore {
  readonly event = signal<EventDetail | null>(null);
  readonly model = signal<SeatModel | null>(null);
  readonly problem = signal<Problem | null>(null);
  readonly selected = signal<readonly number[]>([]);
  readonly conflict = signal<Conflict | null>(null);
  readonly failure = signal<string | null>(null);
  readonly holds = signal<Hold[]>([]);
  readonly busy = signal(false);
  readonly stale = signal(false);
  /** Free places per section; null until first heard. */
  readonly free = signal<(number | null)[]>([]);
  /** Grows with each availability that changed something: components that show seats read it. */
  readonly version = signal(0);
  readonly changed = signal<readonly number[]>([]);
  readonly only = signal<string | null>(null);
  /** The section that the list shows, and that a tap on a standing area opens. */
  readonly section = signal<number | null>(null);
  /** The row that the list has open, by its first seat. */
  readonly openRow = signal<number | null>(null);
  taken = new Uint8Array(0);

  readonly heldCount = computed(() => this.holds.value.reduce((sum, hold) => sum + hold.seats.length, 0));
  /** How many more the server allows, once it has told: earlier orders count, and only the server knows them. */
  private readonly told = signal<number | null>(null);
  readonly limit = computed(() => {
    const most = this.event.value?.max_per_person ?? 0;
    return this.told.value === null ? most : Math.min(most, this.told.value + this.heldCount.value);
  });
  readonly amount = computed(() => this.selected.value.reduce((sum, seat) => sum + (this.priceOf(seat)?.amount ?? 0), 0));

  private etag: string | null = null;
  private failures = 0;
  private planVersion: string | number | null = null;

  constructor(private readonly eventId: string) {}

  private get path(): string {
    return `/api/events/${encodeURIComponent(this.eventId)}`;
  }

  async load(): Promise<void> {
    this.problem.value = null;
    try {
      const event = await get<EventDetail>(this.path);
      const plan = await get<Plan>(event.plan_url);
      const model = buildModel(plan);
      this.taken = new Uint8Array(model.count);
      this.planVersion = event.plan_version;
      this.etag = null;
      batch(() => {
        this.event.value = event;
        this.free.value = model.sections.map(() => null);
        this.model.value = model;
      });
      if (account.value) void this.loadHolds();
    } catch (error) {
      this.problem.value = asProblem(error);
    }
  }

  private async loadHolds(): Promise<void> {
    try {
      this.holds.value = (await get<{ holds: Hold[] }>(`${this.path}/holds`)).holds;
    } catch {
      // Only a reminder: without it the server still counts them.
    }
  }

  /** Follows availability while the page is visible; the first answer also restores an earlier choice. */
  follow(): () => void {
    return poll(async (signal) => {
      try {
        const headers: Record<string, string> = this.etag ? { "If-None-Match": this.etag } : {};
        const answer = await exchange<Availability>("GET", `${this.path}/availability`, { signal, headers });
        if (answer.status !== 304) {
          if (answer.data.plan_version !== this.planVersion) await this.load();
          this.apply(answer.data);
          this.etag = answer.etag;
        }
        this.failures = 0;
        return POLL * (0.9 + Math.random() * 0.2);
      } catch (error) {
        if (signal.aborted) throw error;
        this.failures += 1;
        if (this.failures > 2) this.stale.value = true;
        return asProblem(error).retryAfter ?? backoff(this.failures, POLL, 20_000);
      }
    });
  }

  private apply(answer: Availability): void {
    const model = this.model.value;
    if (!model) return;
    const first = this.version.value === 0;
    const changed: number[] = [];
    const own = new Set(this.holds.value.flatMap((hold) => hold.seats));
    const free = model.sections.map((section, index) => {
      const state = answer.sections[section.id];
      if (!state) return null;
      if (state.taken !== undefined && section.count) {
        if (applyBitmap(this.taken, section.start, decodeBitmap(state.taken, section.count))) changed.push(index);
      }
      return state.free;
    });
    batch(() => {
      this.stale.value = answer.stale;
      this.free.value = free;
      this.changed.value = changed;
      this.version.value += 1;
    });
    if (first) this.restore();
    else if (changed.length) this.settleSelection(own);
  }

  private restore(): void {
    const model = this.model.value!;
    const kept = session.read<string[]>(`chosen:${this.eventId}`) ?? [];
    const seats = kept.map((id) => findSeat(model, id)).filter((seat): seat is number => seat !== undefined);
    if (seats.length) {
      this.selected.value = seats.slice(0, this.limit.value);
      this.settleSelection(new Set());
    }
  }

  /** Says honestly which chosen seats others took meanwhile, and keeps the rest. */
  private settleSelection(own: ReadonlySet<string>): void {
    const { kept, lost } = settle(this.selected.value, this.taken);
    const others = lost.filter((seat) => !own.has(seatId(this.model.value!, seat)));
    if (!lost.length || this.busy.value) return;
    this.choose(kept);
    if (others.length) this.lose(others, false);
  }

  private lose(lost: readonly number[], fromHold: boolean): void {
    const model = this.model.value!;
    const chosen = new Set(this.selected.value);
    this.conflict.value = { lost, fromHold, instead: suggest(model, this.taken, lost.length, lost, chosen) };
    announce(t("conflict.said", { seats: lost.map((seat) => seatWords(model, seat)).join(", ") }), true);
  }

  private choose(seats: readonly number[]): void {
    this.selected.value = seats;
    const model = this.model.value;
    if (!model) return;
    if (seats.length)
      session.write(
        `chosen:${this.eventId}`,
        seats.map((seat) => seatId(model, seat)),
      );
    else session.drop(`chosen:${this.eventId}`);
  }

  priceOf(seat: number): Price | undefined {
    const model = this.model.value;
    return model ? this.priceOfGrade(nameOfSeat(model, seat).row.grade) : undefined;
  }

  priceOfGrade(grade: string): Price | undefined {
    return this.event.value?.prices.find((price) => price.grade === grade);
  }

  toggle(seat: number): void {
    const model = this.model.value;
    if (!model || this.busy.value) return;
    const change = toggle(this.selected.value, seat, this.taken, this.limit.value, this.heldCount.value);
    if (change.refused === "limit") {
      say(
        t(this.heldCount.value ? "seats.limit_reached_held" : "seats.limit_reached", {
          limit: this.limit.value,
          held: this.heldCount.value,
        }),
      );
      return;
    }
    if (change.refused === "taken") {
      say(t("seats.seat_taken"));
      return;
    }
    const added = change.selected.length > this.selected.value.length;
    this.choose(change.selected);
    this.failure.value = null;
    announce(t(added ? "seats.added" : "seats.removed", { seat: seatWords(model, seat), n: change.selected.length }));
  }

  clear(): void {
    this.choose([]);
  }

  /** One tap after a loss: the nearest seats that are still free join what was kept. */
  takeInstead(): void {
    const { conflict, model } = this;
    const offer = conflict.value?.instead.filter((seat) => !this.taken[seat]) ?? [];
    conflict.value = null;
    if (!offer.length || !model.value) return;
    const next = [...new Set([...this.selected.value, ...offer])].slice(0, Math.max(0, this.limit.value - this.heldCount.value));
    this.choose(next);
    announce(t("conflict.taken_instead", { seats: offer.map((seat) => seatWords(model.value!, seat)).join(", ") }));
  }

  dismissConflict(): void {
    this.conflict.value = null;
  }

  holdSelected(): Promise<void> {
    const model = this.model.value!;
    return this.hold([{ seats: this.selected.value.map((seat) => seatId(model, seat)) }]);
  }

  /** The best adjacent seats of the first section that has them; sections are tried in the given order. */
  holdBest(sections: readonly number[], quantity: number): Promise<void> {
    const model = this.model.value!;
    return this.hold(sections.map((index) => ({ section: model.sections[index]!.id, quantity })));
  }

  private async hold(bodies: readonly object[]): Promise<void> {
    if (this.busy.value) return;
    if (!account.value) {
      location.assign(signInUrl());
      return;
    }
    this.busy.value = true;
    this.failure.value = null;
    this.conflict.value = null;
    let last: Problem | null = null;
    for (const body of bodies) {
      try {
        const { data } = await write<Hold>("POST", `${this.path}/holds`, { body, headers: passHeader(this.eventId) });
        keepHold(data);
        this.choose([]);
        location.assign(`/checkout?event=${encodeURIComponent(this.eventId)}`);
        return; // Still busy: the next page is on its way.
      } catch (error) {
        last = asProblem(error);
        if (last.code !== "no_seats_left") break;
      }
    }
    this.busy.value = false;
    if (last) this.refused(last);
  }

  private refused(problem: Problem): void {
    const model = this.model.value!;
    if (problem.status === 401) {
      location.assign(signInUrl());
    } else if (toLine(this.eventId, problem)) {
      this.busy.value = true; // The line is on its way; the choice waits in this tab.
    } else if (problem.code === "seats_taken") {
      const lost = problem.seats.map((id) => findSeat(model, id)).filter((seat): seat is number => seat !== undefined);
      for (const seat of lost) this.taken[seat] = 1;
      this.etag = null;
      batch(() => {
        this.changed.value = [...new Set(lost.map((seat) => model.rows[model.row[seat]!]!.section))];
        this.version.value += 1;
      });
      this.choose(this.selected.value.filter((seat) => !lost.includes(seat)));
      this.lose(lost, true);
    } else {
      this.failure.value = problemText(problem);
      announce(this.failure.value, true);
      if (problem.code !== "limit_exceeded") return;
      if (typeof problem.extra.remaining === "number") this.told.value = problem.extra.remaining;
      void this.loadHolds();
    }
  }

  async release(hold: Hold): Promise<void> {
    try {
      await write<null>("DELETE", `/api/holds/${encodeURIComponent(hold.hold_id)}`);
      this.holds.value = this.holds.value.filter((other) => other !== hold);
      say(t("checkout.released"));
    } catch (error) {
      say(problemText(asProblem(error)));
    }
  }
}
