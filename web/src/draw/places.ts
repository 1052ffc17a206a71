/** Who stands where in line: the same arithmetic as `src/ticketing/waiting/draw.py`; docs/draw.md says it in words. */
import { compress, START } from "../line/sha256";

export const ROUNDS = 10;
export const MAX_N = 2 ** 32;
/** Small lines take a domain of 256 as well: on a smaller one, not every order is equally likely. */
const LEAST_HALF = 4;

/** The bytes of an unpadded base64url text, such as the seed in a line's status. Throws on anything else. */
export function unbase64url(text: string): Uint8Array {
  if (!/^[\w-]*$/.test(text)) throw new RangeError("not base64url");
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
}

/** HMAC-SHA256 for one key and messages of 5 bytes: two blocks each, of which only the first 32 bits matter here. */
class RoundFunction {
  private readonly block = new DataView(new ArrayBuffer(64));
  private readonly inner: Int32Array;
  private readonly outer: Int32Array;

  constructor(seed: Uint8Array) {
    this.inner = this.absorb(seed, 0x36);
    this.outer = this.absorb(seed, 0x5c);
  }

  private absorb(seed: Uint8Array, pad: number): Int32Array {
    for (let i = 0; i < 64; i += 1) this.block.setUint8(i, (seed[i] ?? 0) ^ pad);
    const state = START.slice();
    compress(state, this.block, 0);
    return state;
  }

  private finish(from: Int32Array, length: number): Int32Array {
    this.block.setUint8(length, 0x80);
    for (let i = length + 1; i < 62; i += 1) this.block.setUint8(i, 0);
    this.block.setUint16(62, (64 + length) * 8);
    const state = from.slice();
    compress(state, this.block, 0);
    return state;
  }

  value(turn: number, right: number): number {
    this.block.setUint8(0, turn);
    this.block.setUint32(1, right);
    this.finish(this.inner, 5).forEach((word, i) => this.block.setInt32(i * 4, word));
    return this.finish(this.outer, 32)[0]!;
  }
}

/** A draw among `n`, 1 to 2³². Each round's function is a table that fills itself: 1,024 entries for a million people. */
export class Places {
  private readonly half: number;
  private readonly size: number;
  private readonly round: RoundFunction;
  private readonly tables: Int32Array[];

  constructor(
    seed: Uint8Array,
    readonly n: number,
    rounds = ROUNDS,
  ) {
    if (seed.length !== 32) throw new RangeError("the seed has 32 bytes");
    if (!Number.isInteger(n) || n < 1 || n > MAX_N) throw new RangeError("n is out of range");
    this.half = LEAST_HALF;
    while (4 ** this.half < n) this.half += 1;
    this.size = 2 ** this.half;
    this.round = new RoundFunction(seed);
    this.tables = Array.from({ length: rounds }, () => new Int32Array(this.size).fill(-1));
  }

  private f(turn: number, right: number): number {
    const table = this.tables[turn]!;
    if (table[right]! < 0) table[right] = this.round.value(turn, right) & (this.size - 1);
    return table[right]!;
  }

  private start(number: number): number {
    if (!Number.isInteger(number) || number < 1 || number > this.n) throw new RangeError("outside of the draw");
    return number - 1;
  }

  /** Where the one who joined as number `index` stands; both from 1 to n. */
  place(index: number): number {
    let at = this.start(index);
    do {
      let left = Math.floor(at / this.size);
      let right = at % this.size;
      for (let turn = 0; turn < this.tables.length; turn += 1) [left, right] = [right, left ^ this.f(turn, right)];
      at = left * this.size + right;
    } while (at >= this.n);
    return at + 1;
  }

  /** Who stands at `place`: the inverse. */
  index(place: number): number {
    let at = this.start(place);
    do {
      let left = Math.floor(at / this.size);
      let right = at % this.size;
      for (let turn = this.tables.length - 1; turn >= 0; turn -= 1) [left, right] = [right ^ this.f(turn, left), left];
      at = left * this.size + right;
    } while (at >= this.n);
    return at + 1;
  }
}

/** The place, 1 to n, of the one who joined as number `index`, 1 to n. Throws RangeError. */
export function position(seed: Uint8Array, index: number, n: number): number {
  return new Places(seed, n).place(index);
}
