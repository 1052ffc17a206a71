import type { SeatModel } from "./model";
import type { Box } from "./geometry";

/** A uniform grid over the seats: which seats lie in a box, and which one is nearest to a point. */
export class SeatGrid {
  private readonly cell: number;
  private readonly columns: number;
  private readonly lines: number;
  /** Seats of cell c are `seats[starts[c] .. starts[c+1])`. */
  private readonly starts: Uint32Array;
  private readonly seats: Uint32Array;

  constructor(private readonly model: SeatModel) {
    const { bounds, pitch, count } = model;
    this.cell = pitch * 4;
    this.columns = Math.max(1, Math.ceil((bounds.x1 - bounds.x0) / this.cell) + 1);
    this.lines = Math.max(1, Math.ceil((bounds.y1 - bounds.y0) / this.cell) + 1);
    this.starts = new Uint32Array(this.columns * this.lines + 1);
    this.seats = new Uint32Array(count);
    for (let seat = 0; seat < count; seat += 1) this.starts[this.cellOf(seat) + 1]! += 1;
    for (let c = 1; c < this.starts.length; c += 1) this.starts[c]! += this.starts[c - 1]!;
    const next = this.starts.slice();
    for (let seat = 0; seat < count; seat += 1) this.seats[next[this.cellOf(seat)]!++] = seat;
  }

  private column(x: number): number {
    return Math.min(this.columns - 1, Math.max(0, Math.floor((x - this.model.bounds.x0) / this.cell)));
  }

  private line(y: number): number {
    return Math.min(this.lines - 1, Math.max(0, Math.floor((y - this.model.bounds.y0) / this.cell)));
  }

  private cellOf(seat: number): number {
    return this.line(this.model.y[seat]!) * this.columns + this.column(this.model.x[seat]!);
  }

  /** Calls back for each seat whose cell touches the box (a little more than the box itself). */
  each(box: Box, visit: (seat: number) => void): void {
    const [c0, c1] = [this.column(box.x0), this.column(box.x1)];
    for (let line = this.line(box.y0); line <= this.line(box.y1); line += 1) {
      const end = this.starts[line * this.columns + c1 + 1]!;
      for (let k = this.starts[line * this.columns + c0]!; k < end; k += 1) visit(this.seats[k]!);
    }
  }

  /** The seat nearest to a point within `reach`, or -1. */
  nearest(x: number, y: number, reach: number): number {
    let best = -1;
    let least = reach * reach;
    this.each({ x0: x - reach, y0: y - reach, x1: x + reach, y1: y + reach }, (seat) => {
      const distance = (this.model.x[seat]! - x) ** 2 + (this.model.y[seat]! - y) ** 2;
      if (distance <= least) {
        least = distance;
        best = seat;
      }
    });
    return best;
  }
}
