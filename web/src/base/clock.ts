/**
 * Server time, never the client's clock alone.
 *
 * Each answer of the server tells a moment that was not later than its receipt, so `server - receipt` is a lower
 * bound of the offset, also when a cache answered late. The highest bound seen is kept, plus half of the shortest
 * round trip. A laptop that slept only makes the next bound higher, so it repairs itself.
 */
export class ServerClock {
  private low = Number.NEGATIVE_INFINITY;
  private halfTrip = Number.POSITIVE_INFINITY;

  constructor(
    private readonly steady: () => number = () => performance.now(),
    private readonly wall: () => number = () => Date.now(),
  ) {}

  /** Learns from one answer; `sent` and `got` are readings of the steady clock in milliseconds. */
  sync(serverTime: string | number, sent: number, got: number): void {
    const server = typeof serverTime === "number" ? serverTime : Date.parse(serverTime);
    if (Number.isNaN(server)) return;
    this.low = Math.max(this.low, server - got);
    this.halfTrip = Math.min(this.halfTrip, Math.max(0, got - sent) / 2);
  }

  get synced(): boolean {
    return this.low !== Number.NEGATIVE_INFINITY;
  }

  /** Milliseconds since the epoch as the server counts them; the device's clock only before the first answer. */
  now(): number {
    return this.synced ? this.steady() + this.low + this.halfTrip : this.wall();
  }

  /** Milliseconds left until an instant, never negative. */
  left(until: string): number {
    return Math.max(0, Date.parse(until) - this.now());
  }
}

export const clock = new ServerClock();
