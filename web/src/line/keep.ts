import { local, type Store } from "../base/storage";
import type { About, Place, Status } from "./types";

/** What the waiting page knows without asking anybody: its place, and the last truth it heard. Tabs share it. */

export interface Kept {
  place: Place | null;
  /** The visitor left on purpose: nothing joins again by itself. */
  left?: boolean;
  /** People ahead when they were first counted: says how much of the way is behind. */
  first?: number;
}

export class Memory {
  constructor(
    private readonly event: string,
    private readonly store: Store = local,
  ) {}

  /** Storage keys, as other tabs hear of them. */
  get statusKey(): string {
    return `status:${this.event}`;
  }

  placeKey(email: string): string {
    return `line:${this.event}:${email}`;
  }

  readStatus(): unknown {
    return this.store.read(this.statusKey);
  }

  writeStatus(status: Status): void {
    this.store.write(this.statusKey, status);
  }

  dropStatus(): void {
    this.store.drop(this.statusKey);
  }

  readAbout(): About | null {
    return this.store.read<About>(`about:${this.event}`);
  }

  writeAbout(about: About): void {
    this.store.write(`about:${this.event}`, about);
  }

  read(email: string): Kept {
    return this.store.read<Kept>(this.placeKey(email)) ?? { place: null };
  }

  write(email: string, kept: Kept): void {
    this.store.write(this.placeKey(email), kept);
  }
}
