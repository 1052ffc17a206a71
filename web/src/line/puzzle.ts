import { compress, START } from "./sha256";

/** Leading zero bits of a digest of eight 32-bit words. */
export function zeroBits(digest: Int32Array): number {
  let bits = 0;
  for (const word of digest) {
    bits += Math.clz32(word);
    if (word !== 0) break;
  }
  return bits;
}

/**
 * A search for SHA-256(challenge + ":" + number) with `bits` leading zero bits: `(from, to)` answers the first such
 * number in that range, or null. The whole blocks of the challenge are hashed once, not at each try.
 */
export function solver(challenge: string, bits: number): (from: number, to: number) => number | null {
  const prefix = new TextEncoder().encode(`${challenge}:`);
  const whole = prefix.length - (prefix.length % 64);
  const middle = START.slice();
  const block = new Uint8Array(128);
  const view = new DataView(block.buffer);
  for (let at = 0; at < whole; at += 64) compress(middle, new DataView(prefix.buffer, prefix.byteOffset + at, 64), 0);
  const rest = prefix.subarray(whole);
  block.set(rest);
  const digest = new Int32Array(8);
  return (from, to) => {
    for (let number = from; number < to; number += 1) {
      let end = rest.length;
      for (const digit of String(number)) block[end++] = digit.charCodeAt(0);
      const last = end + 9 > 64 ? 128 : 64;
      block[end] = 0x80;
      block.fill(0, end + 1, last);
      view.setUint32(last - 4, (whole + end) * 8);
      digest.set(middle);
      compress(digest, view, 0);
      if (last === 128) compress(digest, view, 64);
      if (zeroBits(digest) >= bits) return number;
    }
    return null;
  };
}
