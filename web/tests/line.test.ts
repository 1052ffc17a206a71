import { describe, expect, it } from "vitest";
import { bigClock } from "../src/line/bigClock";
import { estimate, remember, spoken, type Sample } from "../src/line/estimate";
import { drawSpread, jitter, joinSpread, lobbyDelay, pollDelay } from "../src/line/policy";
import { aheadOf, positionOf } from "../src/line/position";
import { solver, zeroBits } from "../src/line/puzzle";
import { sceneOf, type Facts, type Step } from "../src/line/scene";
import { readStatus, replaces } from "../src/line/status";
import type { Place, Status } from "../src/line/types";
import { wholeNumber } from "../src/sale/line";
import vectors from "../../tests/rooms/waiting/draw_vectors.json" with { type: "json" };

const T0 = Date.parse("2026-11-22T11:00:00Z");
const at = (seconds: number): string => new Date(T0 + seconds * 1000).toISOString().replace(".000", "");

function status(change: Partial<Status> = {}): Status {
  return {
    event: "evt_1",
    epoch: 1,
    phase: "open",
    t0: at(0),
    at: at(200),
    n: 10_000,
    last: 10_420,
    seed: "A".repeat(43),
    serving: 1234,
    rate: 600,
    poll: [2, 60],
    stock: "2210",
    about: 3,
    ...change,
  };
}

const place = (change: Partial<Place> = {}): Place => ({ epoch: 1, index: 77, ticket: "t", position: null, ...change });
const low = (): number => 0;
const middle = (): number => 0.5;
const high = (): number => 1 - Number.EPSILON;

describe("a status that came", () => {
  it("is taken as it is", () => {
    expect(readStatus(status(), "evt_1")).toEqual(status());
    expect(readStatus({ ...status(), paused: true, open_until: at(900) }, "evt_1")?.paused).toBe(true);
  });

  it.each([
    ["of another event", { event: "evt_2" }],
    ["with a phase that does not exist", { phase: "lunch" }],
    ["with a negative place", { serving: -1 }],
    ["with a place that is no number", { serving: "many" }],
    ["with half a place", { serving: 1.5 }],
    ["without a rate", { rate: null }],
    ["with a seed of another length", { seed: "abc" }],
    ["with a time that is none", { at: "soon" }],
    ["that would have us ask without pause", { poll: [0, 0] }],
    ["that would have us ask ten times a second", { poll: [0.1, 60] }],
    ["that would have us ask no more", { poll: [2, 1e9] }],
    ["with a poll that is none", { poll: 2 }],
    ["with an empty poll", { poll: [] }],
  ])("is refused %s", (_, change) => {
    expect(readStatus({ ...status(), ...change }, "evt_1")).toBeNull();
  });

  it.each([[null], ["text"], [[]], [7]])("is refused when it is %j", (data) => {
    expect(readStatus(data, "evt_1")).toBeNull();
  });
});

describe("what replaces what", () => {
  const now = T0 + 260_000;

  it("goes forward", () => {
    expect(replaces(null, status(), now)).toBe(true);
    expect(replaces(status(), status({ at: at(201), serving: 1240 }), now)).toBe(true);
    expect(replaces(status(), status(), now)).toBe(true);
  });

  it("never goes back in time, nor in places", () => {
    expect(replaces(status(), status({ at: at(199), serving: 1300 }), now)).toBe(false);
    expect(replaces(status(), status({ at: at(201), serving: 1233 }), now)).toBe(false);
  });

  it("begins anew with a new epoch, and does not return to an old one", () => {
    expect(replaces(status(), status({ epoch: 2, serving: 5, at: at(100) }), now)).toBe(true);
    expect(replaces(status({ epoch: 2 }), status({ at: at(300), serving: 9999 }), now)).toBe(false);
  });

  it("is not from the future, once the server's time is known", () => {
    const later = status({ at: at(3600) });
    expect(replaces(status(), later, now)).toBe(false);
    expect(replaces(null, later, now)).toBe(false);
    expect(replaces(null, later, null)).toBe(true);
    expect(replaces(later, status(), now), "what was believed before the time was known does not stand in the way").toBe(true);
  });

  it("settles on the newest in whatever order statuses come", () => {
    const all = Array.from({ length: 40 }, (_, i) => status({ at: at(i), serving: Math.floor(i / 3) * 10 }));
    for (let turn = 0; turn < 50; turn += 1) {
      const shuffled = all.map((one) => [Math.random(), one] as const).sort(([a], [b]) => a - b);
      let known: Status | null = null;
      let serving = 0;
      for (const [, next] of shuffled) {
        if (replaces(known, next, null)) known = next;
        expect(known!.serving).toBeGreaterThanOrEqual(serving);
        serving = known!.serving;
      }
      expect(known).toEqual(all.at(-1));
    }
  });
});

describe("when to ask", () => {
  it("is an eighth of what remains, within the bounds of the status", () => {
    const delay = (remaining: number | null, ahead = 0): number => pollDelay([2, 60], ahead, remaining, middle);
    expect(delay(160_000)).toBe(20_000);
    expect(delay(1000)).toBe(2000);
    expect(delay(36_000_000)).toBe(60_000);
    expect(pollDelay([5, 30], 0, 1000, middle)).toBe(5000);
    expect(pollDelay([60, 2], 0, 1000, middle)).toBe(2000);
  });

  it("depends on the crowd in front where nobody knows how long it takes", () => {
    expect(pollDelay([2, 60], 3, null, middle)).toBe(2000);
    expect(pollDelay([2, 60], 640, null, middle)).toBe(20_000);
    expect(pollDelay([2, 60], 100_000, null, middle)).toBe(60_000);
  });

  it("varies by 15 % either way", () => {
    expect([low, middle, high].map((random) => Math.round(jitter(10_000, random)))).toEqual([8500, 10_000, 11_500]);
  });

  it("is at once for a few after the draw, and over twenty seconds for many", () => {
    expect(drawSpread(10, high)).toBeLessThan(250);
    expect(Math.round(drawSpread(1_000_000, high))).toBe(20_000);
    expect(drawSpread(1_000_000, low)).toBe(0);
  });

  it("spreads joins that nobody asked for, but never to the last seconds before the draw", () => {
    expect(Math.round(joinSpread(3_600_000, high))).toBe(120_000);
    expect(Math.round(joinSpread(60_000, high))).toBe(55_000);
    expect(joinSpread(3000, high)).toBe(0);
    expect(joinSpread(-1, high)).toBe(0);
  });

  it("is seldom in the lobby, and right after the draw", () => {
    expect(lobbyDelay([2, 60], 3_600_000, 0, middle)).toBe(60_000);
    expect(lobbyDelay([2, 60], 20_000, 700, middle)).toBe(20_700);
    expect(lobbyDelay([2, 60], 0, 0, middle)).toBe(2000);
    expect(lobbyDelay([2, 60], -5, 9000, middle)).toBe(9000);
  });
});

describe("an estimate", () => {
  const seen = (...moments: [seconds: number, serving: number, rate: number][]): Sample[] =>
    moments.reduce<Sample[]>((all, [seconds, serving, rate]) => remember(all, status({ at: at(seconds), serving, rate })), []);

  it("is not made while nobody goes in", () => {
    expect(estimate(100, [])).toBeNull();
    expect(estimate(100, seen([0, 50, 0]))).toBeNull();
    expect(estimate(100, seen([0, 50, 0], [60, 50, 0]))).toBeNull();
  });

  it("holds the truth between its ends when the pace is steady", () => {
    const { low: least, high: most } = estimate(600, seen([0, 900, 60], [60, 960, 60]))!;
    expect(least).toBeLessThan(600_000);
    expect(most).toBeGreaterThan(600_000);
    expect(most / least).toBeLessThan(1.6);
  });

  it("widens when what was told and what was seen differ", () => {
    const { low: least, high: most } = estimate(600, seen([0, 900, 120], [60, 930, 120]))!;
    expect(least).toBeLessThan((600 / 120) * 60_000);
    expect(most).toBeGreaterThan((600 / 30) * 60_000);
  });

  it("does not take the first who were called, who filled an empty house, for the pace", () => {
    expect(estimate(600, seen([0, 0, 0], [10, 2000, 0]))).toBeNull();
    expect(estimate(600, seen([0, 0, 0], [10, 2000, 0], [70, 2060, 60]))!.high).toBeGreaterThan(600_000);
  });

  it("forgets what is older than three minutes, and other epochs", () => {
    expect(seen([0, 900, 60], [100, 910, 60], [200, 920, 60])).toHaveLength(2);
    const turned = remember(seen([0, 900, 60]), status({ at: at(20), epoch: 2, serving: 5, rate: 60 }));
    expect(turned).toHaveLength(1);
  });

  it("is said as coarsely as one would say it, never narrower than it is", () => {
    expect(spoken({ low: 5000, high: 50_000 }).unit).toBe("soon");
    expect(spoken({ low: 200_000, high: 330_000 })).toEqual({ unit: "minutes", low: 3, high: 6 });
    expect(spoken({ low: 23 * 60_000, high: 41 * 60_000 })).toEqual({ unit: "minutes", low: 20, high: 45 });
    expect(spoken({ low: 64 * 60_000, high: 111 * 60_000 })).toEqual({ unit: "minutes", low: 60, high: 120 });
    expect(spoken({ low: 130 * 60_000, high: 200 * 60_000 })).toEqual({ unit: "hours", low: 2, high: 4 });
  });
});

describe("the place", () => {
  it("is the draw's, computed here", () => {
    for (const { seed, n, places } of vectors.samples) {
      for (const [index, position] of places) {
        const shown = status({ seed: Buffer.from(seed, "hex").toString("base64url"), n });
        expect(positionOf(place({ index: index! }), shown)).toBe(position);
      }
    }
  });

  it("is unknown before the draw, without a place, and in another epoch", () => {
    expect(positionOf(null, status())).toBeNull();
    expect(positionOf(place(), null)).toBeNull();
    expect(positionOf(place(), status({ phase: "lobby", seed: null, n: 0 }))).toBeNull();
    expect(positionOf(place(), status({ phase: "drawing", seed: null }))).toBeNull();
    expect(positionOf(place(), status({ epoch: 2 }))).toBeNull();
  });

  it("of those who came later is their number, and the server's word goes first", () => {
    expect(positionOf(place({ index: 10_400 }), status())).toBe(10_400);
    expect(positionOf(place({ position: 9 }), status())).toBe(9);
  });

  it("counts those ahead who were not called", () => {
    expect(aheadOf(4321, 1234)).toBe(3086);
    expect(aheadOf(1235, 1234)).toBe(0);
    expect(aheadOf(5, 1234)).toBe(0);
  });
});

describe("work", () => {
  it("finds the first number, for challenges of every length around a block", async () => {
    for (const length of [0, 1, 53, 54, 55, 56, 60, 61, 62, 63, 64, 65, 118, 119, 120, 180]) {
      const challenge = "c".repeat(length);
      const found = solver(challenge, 6)(0, 10_000)!;
      for (let number = 0; number <= found; number += 1) {
        const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${challenge}:${number}`));
        expect(new Uint8Array(digest)[0]! < 4, `${length}/${number}`).toBe(number === found);
      }
    }
  });

  it("counts zero bits over words", () => {
    expect(zeroBits(Int32Array.of(-1, 0))).toBe(0);
    expect(zeroBits(Int32Array.of(1, 0))).toBe(31);
    expect(zeroBits(Int32Array.of(0, 0x40000000))).toBe(33);
  });

  it("goes on where it stopped", () => {
    const search = solver("challenge", 10);
    const found = search(0, 100_000)!;
    expect(search(0, found)).toBeNull();
    expect(search(found, found + 1)).toBe(found);
  });
});

describe("what is shown", () => {
  const facts = (change: Partial<Facts> = {}): Facts => ({
    status: status(),
    place: place(),
    position: 4321,
    step: { kind: "idle" },
    signedIn: true,
    unheard: false,
    now: T0 + 200_000,
    ...change,
  });
  const step = (kind: Step["kind"]): Step => ({ kind }) as Step;

  it.each<[string, Partial<Facts>]>([
    ["waiting", {}],
    ["loading", { status: null, place: null }],
    ["unreachable", { status: null, place: null, unheard: true }],
    ["joining", { status: null, place: null, step: { kind: "joining", again: true } }],
    ["announced", { status: status({ phase: "announced" }), place: null, signedIn: false }],
    ["sign_in", { signedIn: false, place: null }],
    ["sign_in", { step: step("signed_out") }],
    ["joining", { place: null, position: null }],
    ["working", { place: null, step: { kind: "working", share: 0.5 } }],
    ["draining", { place: null, step: step("draining") }],
    ["lobby", { status: status({ phase: "lobby", t0: at(900) }), position: null }],
    ["drawing", { status: status({ phase: "lobby", t0: at(100) }), position: null }],
    ["drawing", { status: status({ phase: "drawing" }), position: null }],
    ["door", { step: step("door") }],
    ["called", { step: step("entering"), status: status({ phase: "sold_out" }) }],
    ["open_house", { status: status({ open_until: at(260) }) }],
    ["waiting", { status: status({ open_until: at(100) }) }],
    ["sold_out", { status: status({ phase: "sold_out" }), signedIn: false }],
    ["closed", { status: status({ phase: "closed" }) }],
    ["left", { place: null, step: step("left") }],
    ["gone", { place: null, step: step("gone") }],
    ["used", { place: null, step: step("used") }],
    ["missing", { status: null, place: null, step: step("missing") }],
  ])("%s", (scene, change) => {
    expect(sceneOf(facts(change))).toBe(scene);
  });

  it("counts down by days, hours, or minutes", () => {
    expect(bigClock(0)).toEqual({ days: 0, time: "00:00" });
    expect(bigClock(754_001)).toEqual({ days: 0, time: "12:35" });
    expect(bigClock(3_600_000)).toEqual({ days: 0, time: "01:00:00" });
    expect(bigClock(90_061_000)).toEqual({ days: 1, time: "01:01:01" });
  });
});

describe("a promoter's number", () => {
  it.each<[string, number | null]>([
    ["0", 0],
    [" 2000 ", 2000],
    ["100000", 100_000],
    ["100001", null],
    ["-1", null],
    ["1e5", null],
    ["1.5", null],
    ["1000000000", null],
    ["", null],
    ["many", null],
  ])("%j is %j", (text, value) => {
    expect(wholeNumber(text, 0, 100_000)).toBe(value);
  });
});
