/** SHA-256 piece by piece, HMAC and HKDF, and how a draw writes down what it hashes. Public data only: nothing is secret. */
import { compress, START } from "../line/sha256";

const encoder = new TextEncoder();
export const utf8 = (text: string): Uint8Array => encoder.encode(text);
export const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
export const unhex = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (two) => parseInt(two, 16));

export class Sha256 {
  private readonly state = START.slice();
  private readonly block = new Uint8Array(64);
  private readonly view = new DataView(this.block.buffer);
  private length = 0;

  add(bytes: Uint8Array): this {
    const filled = this.length % 64;
    this.length += bytes.length;
    let at = 0;
    if (filled) {
      at = Math.min(bytes.length, 64 - filled);
      this.block.set(bytes.subarray(0, at), filled);
      if (filled + at < 64) return this;
      compress(this.state, this.view, 0);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (; at + 64 <= bytes.length; at += 64) compress(this.state, view, at);
    this.block.set(bytes.subarray(at));
    return this;
  }

  digest(): Uint8Array {
    const bits = this.length * 8;
    const end = new Uint8Array(((this.length + 9 + 63) & ~63) - this.length);
    end[0] = 0x80;
    new DataView(end.buffer).setBigUint64(end.length - 8, BigInt(bits));
    this.add(end);
    const out = new DataView(new ArrayBuffer(32));
    this.state.forEach((word, i) => out.setInt32(i * 4, word));
    return new Uint8Array(out.buffer);
  }
}

export function sha256(...parts: Uint8Array[]): Uint8Array {
  return parts.reduce((hash, part) => hash.add(part), new Sha256()).digest();
}

/** HMAC-SHA256; keys of up to 64 bytes, which is all that a draw has. */
export function hmac(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
  const pad = (value: number): Uint8Array => Uint8Array.from({ length: 64 }, (_, i) => (key[i] ?? 0) ^ value);
  return sha256(pad(0x5c), sha256(pad(0x36), ...parts));
}

/** A whole number in 8 bytes, big end first. */
export function number(value: number): Uint8Array {
  const out = new DataView(new ArrayBuffer(8));
  out.setBigUint64(0, BigInt(value));
  return new Uint8Array(out.buffer);
}

/** The parts, each behind its length in 4 bytes, so that none can slide into its neighbour. */
export function delimited(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  let at = 0;
  for (const part of parts) {
    new DataView(out.buffer).setUint32(at, part.length);
    out.set(part, at + 4);
    at += 4 + part.length;
  }
  return out;
}

const DOMAIN = "ticketing/draw/1/";

/** SHA-256 over the parts, delimited, behind the purpose. */
export const tagged = (purpose: string, ...parts: Uint8Array[]): Uint8Array => sha256(delimited(utf8(DOMAIN + purpose), ...parts));

/** The promise that is published before a draw. */
export const commitment = (secret: Uint8Array): Uint8Array => tagged("commitment", secret);

/** HKDF-SHA256 of the secret, bound to who registered and to outside randomness: what orders the line. */
export function drawSeed(secret: Uint8Array, event: string, epoch: number, n: number, digest: Uint8Array, beacon: Uint8Array | null): Uint8Array {
  const info = delimited(utf8(event), number(epoch), number(n), digest, beacon ?? new Uint8Array());
  return hmac(hmac(utf8(`${DOMAIN}seed`), secret), info, Uint8Array.of(1));
}

export const CHUNK = 4096;

/** SHA-256 over the subjects in order of their index, 4,096 at a time. */
export class RollDigest {
  private readonly chunks: Uint8Array[] = [];
  private rest: string[] = [];
  count = 0;

  constructor(
    private readonly event: string,
    private readonly epoch: number,
  ) {}

  add(subject: string): void {
    this.count += 1;
    if (this.rest.push(subject) < CHUNK) return;
    this.chunks.push(tagged("chunk", utf8(this.rest.join(""))));
    this.rest = [];
  }

  digest(): Uint8Array {
    const last = this.rest.length ? [tagged("chunk", utf8(this.rest.join("")))] : [];
    return tagged("roll", utf8(this.event), number(this.epoch), number(this.count), ...this.chunks, ...last);
  }
}
