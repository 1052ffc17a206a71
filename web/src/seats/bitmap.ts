/** Seat bitmaps as the server sends them: bit i = byte i>>3, mask 1<<(i&7); 1 means not free. */

/** One byte (0 or 1) for each of the section's `count` seats; a short bitmap counts its missing seats as taken. */
export function decodeBitmap(base64: string, count: number): Uint8Array {
  const raw = atob(base64);
  const out = new Uint8Array(count);
  for (let i = 0; i < count; i += 1) {
    const byte = i >> 3;
    out[i] = byte < raw.length ? (raw.charCodeAt(byte) >> (i & 7)) & 1 : 1;
  }
  return out;
}

/** Copies a section's bits into the plan-wide array; tells whether anything changed. */
export function applyBitmap(taken: Uint8Array, start: number, bits: Uint8Array): boolean {
  let changed = false;
  for (let i = 0; i < bits.length; i += 1) {
    const bit = bits[i] ?? 1;
    if (taken[start + i] !== bit) {
      taken[start + i] = bit;
      changed = true;
    }
  }
  return changed;
}
