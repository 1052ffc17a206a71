import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { commitment, drawSeed, hex, number, RollDigest, sha256, tagged, unhex, utf8 } from "../src/draw/hash";
import { Places, position, unbase64url } from "../src/draw/places";
import { BEACONS, decode, kept, roundAfter, type RevealedRecord } from "../src/draw/record";
import { unpacked, verify, type Verdict } from "../src/draw/verify";

/** The same file that the Python tests read. */
const vectors = JSON.parse(readFileSync(new URL("../../tests/rooms/waiting/draw_vectors.json", import.meta.url), "utf8"));

const stream = (bytes: Uint8Array, piece = 1000): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(control) {
      for (let at = 0; at < bytes.length; at += piece) control.enqueue(bytes.slice(at, at + piece));
      control.close();
    },
  });
const check = (text: string, noted: string | null = null): Promise<Verdict> => verify(stream(new TextEncoder().encode(text), 97), noted);
const exported = (name: string): string =>
  vectors.exports.find((each: { name: string }) => each.name === name).lines.map((line: string) => `${line}\n`).join("");

/** A record of a draw among `n`, true in itself; its list is another. Written out here, not by the code under test. */
function closing(n: number): string {
  const announcement = tagged(
    "announcement",
    utf8("feistel-hmac-sha256"),
    number(10),
    utf8("evt_abcdefgh"),
    number(1),
    commitment(new Uint8Array(32)),
    number(1_795_000_000_000),
    utf8(""),
  );
  const digest = tagged("close", announcement, number(1_795_000_100_000), number(n), new Uint8Array(32));
  return JSON.stringify({
    ...{ format: "ticketing-draw", version: 1, algorithm: "feistel-hmac-sha256", rounds: 10, event_id: "evt_abcdefgh", epoch: 1 },
    ...{ commitment: hex(commitment(new Uint8Array(32))), published_at: "2026-11-18T11:06:40.000Z", beacon_source: null },
    ...{ closed_at: "2026-11-18T11:08:20.000Z", n, roll: "0".repeat(64), digest: hex(digest), secret: "0".repeat(64), beacon: null },
    seed: hex(drawSeed(new Uint8Array(32), "evt_abcdefgh", 1, n, digest, null)),
  });
}

describe("hashes", () => {
  it("are SHA-256 for every length around a block, in pieces of any size", () => {
    for (const length of [0, 1, 54, 55, 56, 63, 64, 65, 119, 120, 128, 1000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
      const wanted = createHash("sha256").update(bytes).digest("hex");
      expect(hex(sha256(bytes))).toBe(wanted);
      expect(hex(sha256(bytes.slice(0, length / 3), bytes.slice(length / 3, length / 2), bytes.slice(length / 2)))).toBe(wanted);
    }
  });

  it("agree with Python on promises, lists and seeds", () => {
    for (const { secret, commitment: wanted } of vectors.commitments) expect(hex(commitment(unhex(secret)))).toBe(wanted);
    for (const { event_id, epoch, count, digest } of vectors.rolls) {
      const roll = new RollDigest(event_id, epoch);
      for (let i = 1; i <= count; i += 1) roll.add(String(i).padStart(22, "0"));
      expect(hex(roll.digest()), String(count)).toBe(digest);
    }
    for (const { secret, event_id, epoch, n, digest, beacon, seed } of vectors.seeds) {
      expect(hex(drawSeed(unhex(secret), event_id, epoch, n, unhex(digest), beacon && unhex(beacon)))).toBe(seed);
    }
  });
});

describe("places", () => {
  it("agree with Python, both ways", () => {
    for (const { seed, n, places } of vectors.whole) {
      const draw = new Places(unhex(seed), n);
      expect(places.map((_: number, i: number) => draw.place(i + 1))).toEqual(places);
      places.forEach((place: number, i: number) => expect(draw.index(place)).toBe(i + 1));
    }
    for (const { seed, n, places } of vectors.samples) {
      for (const [index, place] of places) {
        expect(position(unhex(seed), index, n)).toBe(place);
        expect(new Places(unhex(seed), n).index(place)).toBe(index);
      }
    }
  });

  it("refuse what is outside of the draw", () => {
    const seed = new Uint8Array(32);
    for (const index of [0, -1, 11, 1.5, NaN]) expect(() => position(seed, index, 10)).toThrow(RangeError);
    for (const n of [0, -1, 2 ** 32 + 1, 1.5]) expect(() => new Places(seed, n)).toThrow(RangeError);
    expect(() => new Places(seed.slice(1), 10)).toThrow(RangeError);
  });

  it("read the seed as a line's status has it", () => {
    const { seed } = vectors.whole[0];
    expect(hex(unbase64url(Buffer.from(seed, "hex").toString("base64url")))).toBe(seed);
    for (const text of ["a+b/", "A".repeat(42), "A".repeat(44), ""]) expect(() => position(unbase64url(text), 1, 10), text).toThrow();
  });
});

describe("record", () => {
  it("is read in each of its stages", () => {
    for (const text of Object.values<string>(vectors.stages)) expect(JSON.stringify(decode(text))).toBe(text);
    expect(kept(decode(vectors.stages.revealed) as RevealedRecord)).toBe(true);
  });

  it("waits for the first round at least 3 s after the close", () => {
    const source = BEACONS["drand-quicknet"]!;
    const time = (round: number): number => source.genesis + (round - 1) * source.period;
    for (const closed of [0, 1, 1000, 2999, 3000, 3001].map((ms) => source.genesis + 1_000_000_000 + ms)) {
      const round = roundAfter(source, closed);
      expect(time(round) >= closed + 3000 && time(round - 1) < closed + 3000).toBe(true);
    }
  });
});

describe("verify", () => {
  it("proves every genuine export, whole or in pieces, plain or packed", async () => {
    for (const { name, lines } of vectors.exports) {
      const bytes = new TextEncoder().encode(lines.map((line: string) => `${line}\n`).join(""));
      for (const given of [stream(bytes, 1), stream(bytes), await unpacked(stream(bytes, 5)), await unpacked(stream(gzipSync(bytes)))]) {
        const verdict = await verify(given);
        expect(verdict.findings, name).toEqual([]);
        expect(verdict.ok && verdict.lines === lines.length - 1, name).toBe(true);
      }
    }
  });

  it("finds any changed, missing or added sign", async () => {
    const whole = exported("with a beacon");
    const changed = (at: number): string => {
      const sign = whole[at]!;
      return sign === "0" || sign === "a" ? (sign === "0" ? "1" : "b") : /[0-9]/.test(sign) ? "0" : "a";
    };
    for (let at = 0; at < whole.length; at += 1) {
      for (const other of [changed(at), "", `${whole[at]} `, "\u00e9"]) {
        const verdict = await check(whole.slice(0, at) + other + whole.slice(at + 1));
        expect(verdict.ok, `sign ${at} became ${JSON.stringify(other)}`).toBe(false);
      }
    }
  }, 60_000);

  it("finds lines that were left out, doubled, swapped or added", async () => {
    const lines = exported("plain").trimEnd().split("\n");
    const broken: Record<string, [string[], string]> = {
      "left out": [lines.toSpliced(4, 1), "missing"],
      doubled: [lines.toSpliced(4, 1, lines[3]!), "twice"],
      swapped: [lines.toSpliced(4, 2, lines[5]!, lines[4]!), "roll"],
      added: [[...lines, lines[4]!], "surplus"],
      emptied: [[lines[0]!], "missing"],
    };
    for (const [name, [changed, code]] of Object.entries(broken)) {
      const verdict = await check(`${changed.join("\n")}\n`);
      expect(verdict.ok, name).toBe(false);
      expect(verdict.findings.map((finding) => finding.code), name).toContain(code);
    }
    expect((await check(lines.join("\n"))).ok).toBe(false);
    for (const rubbish of ["", "\n", "{}", "null\n", "[]\n", "x".repeat(10_000)]) expect((await check(rubbish)).ok).toBe(false);
  });

  it("tells a consistent forgery by what was noted before", async () => {
    const text = exported("plain");
    const { commitment: promise, digest } = decode(text.split("\n")[0]!);
    for (const noted of [promise, digest!, ` ${digest!.toUpperCase()} `]) expect((await check(text, noted)).ok).toBe(true);
    const verdict = await check(text, "0".repeat(64));
    expect(verdict.findings).toEqual([{ code: "noted", count: 1, where: "0".repeat(64) }]);
  });

  it("says that a draw is not revealed yet", async () => {
    for (const stage of ["announced", "closed"]) {
      const verdict = await check(`${vectors.stages[stage]}\n`);
      expect(verdict.findings.map((finding) => finding.code)).toEqual(["not_revealed"]);
    }
  });

  it("makes way for others: tells how far it is, and stops when asked to", async () => {
    const n = 150_000;
    const bytes = utf8(`${closing(n)}\n${'["aaaaaaaaaaaaaaaaaaaaaa",1]\n'.repeat(n)}`);
    const told: number[] = [];
    let others = 0;
    const other = setInterval(() => (others += 1), 1);
    const verdict = await verify(stream(bytes, 1 << 20), null, (done, of) => told.push(done / of));
    clearInterval(other);
    expect(verdict.lines).toBe(n);
    expect(told.length).toBeGreaterThan(2);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(others).toBeGreaterThan(0);
    const stop = new AbortController();
    const left = verify(stream(bytes, 1 << 20), null, () => stop.abort(new Error("enough")), stop.signal);
    await expect(left).rejects.toThrow("enough");
  }, 60_000);
});
