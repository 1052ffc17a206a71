import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { account } from "../src/api/session";
import { LineStore } from "../src/line/store";
import type { About, Status } from "../src/line/types";

/** A line in small behind `fetch`, and a clock that only the test moves. */

const START = Date.parse("2026-11-22T11:03:20Z");
const iso = (ms: number): string => new Date(ms).toISOString().replace(".000", "");
const PLACE = { index: 77, ticket: "t.77", epoch: 1, position: 500 };

/** Another one for each test: what is stored for one is nothing to the next. */
let event: string;
let tests = 0;
let status: Partial<Status>;
let broken: Set<"blob" | "api">;
let join: () => Response;
let claim: () => Response;
let hidden: boolean;
let stored: Map<string, string>;
let looks: number[];
let asked: string[];
let went: string[];
let visibility: (() => void)[];
let stops: (() => void)[];

const about = (): About => ({
  event,
  version: 1,
  name: { ko: "공연", en: "Show" },
  starts_at: iso(START + 86_400_000),
  venue: { ko: "극장", en: "Theatre" },
  time_zone: "Asia/Seoul",
  grades: [],
  message: null,
  commitment: "0".repeat(64),
  lobby_at: iso(START + 60_000),
  t0: iso(START + 600_000),
  off_sale_at: iso(START + 86_400_000),
});

function current(): Status {
  const now = Date.now();
  return {
    event,
    epoch: 1,
    phase: "open",
    t0: iso(START - 60_000),
    at: iso(now - (now % 1000)),
    n: 0,
    last: 1000,
    seed: null,
    serving: 100,
    rate: 60,
    poll: [2, 60],
    stock: "2",
    about: 1,
    ...status,
  };
}

const problem = (code: string, at: number, extra: object = {}): Response => Response.json({ code, ...extra }, { status: at });
const json = (data: unknown): Response => Response.json(data, { headers: { date: new Date().toUTCString() } });

function answer(path: string, method: string): Response {
  if (path === "/api/sessions")
    return json({ csrf_token: "c", expires_at: "", account: { account_id: "a", email: "alice@example.com", name: "Alice", role: "fan" } });
  if (path.startsWith("/status/")) {
    if (!path.includes("about")) looks.push(Date.now());
    if (broken.has("blob")) throw new TypeError("no network");
    return json(path.includes("about") ? about() : current());
  }
  asked.push(`${method} ${path}`);
  if (broken.has("api")) return problem("unavailable", 503);
  if (path.endsWith("/admission")) return claim();
  if (path.endsWith("/queue") && method === "POST") return join();
  if (path.endsWith("/queue") && method === "DELETE") return new Response(null, { status: 204 });
  return json(path.endsWith("/about") ? about() : current());
}

function open(): LineStore {
  const store = new LineStore(event, (url) => went.push(url));
  stops.push(store.follow());
  return store;
}

const pass = (seconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(seconds * 1000);
const scene = (store: LineStore): string => store.scene(Date.now());
const joins = (): number => asked.filter((one) => one === `POST /api/events/${event}/queue`).length;
const claims = (): number => asked.filter((one) => one.endsWith("/admission")).length;

function show(next: boolean): void {
  hidden = !next;
  for (const listener of [...visibility]) listener();
}

beforeEach(() => {
  // Pauses of middle length: how far they are spread is tested in line.test.ts.
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  vi.useFakeTimers({ now: START });
  event = `evt_${++tests}`;
  status = {};
  broken = new Set();
  join = () => json({ ...PLACE, phase: "open", serving: 100 });
  claim = () => problem("line_full", 409, { retry_after: 3 });
  hidden = false;
  stored = new Map();
  looks = [];
  asked = [];
  went = [];
  visibility = [];
  stops = [];
  account.value = { name: "Alice", role: "fan", email: "alice@example.com" };
  vi.stubGlobal("document", {
    get hidden() {
      return hidden;
    },
    addEventListener: (_: string, listener: () => void) => visibility.push(listener),
    removeEventListener: (_: string, listener: () => void) => (visibility = visibility.filter((one) => one !== listener)),
    documentElement: {},
  });
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("removeEventListener", () => undefined);
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  });
  vi.stubGlobal("fetch", async (path: string, init: RequestInit = {}) => answer(path, init.method ?? "GET"));
});

afterEach(() => {
  for (const stop of stops) stop();
  account.value = null;
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("waiting", () => {
  it("joins once at once, and then only looks at the shared status", async () => {
    const store = open();
    await pass(1);
    expect(scene(store)).toBe("waiting");
    expect(store.ahead.value).toBe(399);
    await pass(600);
    expect(joins()).toBe(1);
    expect(
      asked.filter((one) => one.startsWith("GET")),
      "nothing else reaches the API",
    ).toEqual([]);
  });

  it("looks as often as an eighth of what remains says, within the bounds", async () => {
    open();
    await pass(600);
    const gaps = looks.slice(2).map((look, i) => look - looks[i + 1]!);
    expect(gaps.length).toBeGreaterThan(8);
    for (const gap of gaps) expect(gap).toBeLessThanOrEqual(60_000 * 1.15 + 250);
    status = { serving: 495 };
    await pass(70);
    looks = [];
    await pass(61);
    expect(looks.length).toBeGreaterThanOrEqual(24);
    expect(looks.length).toBeLessThanOrEqual(37);
  });

  it("knows the place after a reload and in another tab, without asking", async () => {
    open();
    await pass(1);
    broken = new Set(["blob", "api"]);
    const again = open();
    expect(scene(again)).toBe("waiting");
    expect(again.ahead.value).toBe(399);
    expect(joins()).toBe(1);
  });

  it("keeps another account's place out", async () => {
    open();
    await pass(1);
    account.value = { name: "Bob", role: "fan", email: "bob@example.com" };
    const bob = new LineStore(event, () => undefined);
    expect(bob.place.value).toBeNull();
  });

  it("is silent while hidden, and looks once when it is back", async () => {
    open();
    await pass(5);
    show(false);
    await pass(61);
    looks = [];
    asked = [];
    await pass(3600);
    expect([looks, asked]).toEqual([[], []]);
    show(true);
    await pass(0.5);
    expect(looks).toHaveLength(1);
    for (let turn = 0; turn < 20; turn += 1) {
      show(false);
      show(true);
    }
    await pass(0.5);
    expect(looks, "flipping between tabs does not ask again").toHaveLength(1);
  });

  it("shows who is ahead no higher than before, whatever order statuses come in", async () => {
    const store = open();
    await pass(1);
    let least = store.ahead.value!;
    for (const [serving, late] of [
      [150, 0],
      [120, 40],
      [180, 0],
      [90, 5],
      [240, 90],
      [300, 0],
    ] as const) {
      status = { serving, at: iso(Date.now() - late * 1000) };
      await pass(70);
      expect(store.ahead.value).toBeLessThanOrEqual(least);
      least = store.ahead.value!;
    }
    expect(least).toBe(199);
  });
});

describe("when things break", () => {
  it("asks the API where the CDN fails, backs off where both do, and promises the place", async () => {
    const store = open();
    await pass(1);
    broken = new Set(["blob"]);
    await pass(120);
    expect(asked.some((one) => one === `GET /api/events/${event}/queue`)).toBe(true);
    expect(store.trouble.value).toBeNull();
    broken = new Set(["blob", "api"]);
    await pass(240);
    expect(store.trouble.value).toBe("offline");
    expect(scene(store)).toBe("waiting");
    expect(store.ahead.value).toBe(399);
    looks = [];
    await pass(600);
    expect(looks.length).toBeLessThan(16);
    broken = new Set();
    await pass(80);
    expect(store.trouble.value).toBeNull();
  });

  it("says that news is slow when nobody writes the status any more", async () => {
    const store = open();
    await pass(1);
    status = { at: iso(Date.now()) };
    await pass(150);
    expect(store.trouble.value).toBe("stale");
  });

  it("goes on trying to join, as the server says", async () => {
    join = () => problem("rate_limited", 429, { retry_after: 20 });
    const store = open();
    await pass(15);
    expect(joins()).toBe(1);
    expect(scene(store)).toBe("joining");
    join = () => json(PLACE);
    await pass(10);
    expect(joins()).toBe(2);
    expect(scene(store)).toBe("waiting");
  });

  it("says so when the session is over, and keeps the place", async () => {
    const store = open();
    await pass(1);
    status = { serving: 600 };
    claim = () => problem("unauthenticated", 401);
    await pass(61);
    expect(scene(store)).toBe("sign_in");
    expect(stored.get(`line:${event}:alice@example.com`)).toContain("t.77");
  });
});

describe("the door", () => {
  it("lets in when called, and goes to the seats", async () => {
    const store = open();
    await pass(1);
    status = { serving: 600 };
    claim = () => json({ pass: "p", expires_at: iso(Date.now() + 900_000), idle_seconds: 120 });
    await pass(61);
    expect(scene(store)).toBe("called");
    expect(went).toEqual([`/events/${event}/seats`]);
    expect(claims()).toBe(1);
    expect(stored.get(`pass:${event}:alice@example.com`)).toContain('"p"');
  });

  it("is tried again as it says, not oftener", async () => {
    const store = open();
    await pass(1);
    status = { serving: 600 };
    await pass(61);
    expect(scene(store)).toBe("door");
    const before = claims();
    await pass(30);
    expect(claims() - before).toBeGreaterThanOrEqual(8);
    expect(claims() - before).toBeLessThanOrEqual(12);
  });

  it("is not opened by a status that lies, and not hammered either", async () => {
    claim = () => problem("not_your_turn", 409, { position: 500, serving: 100 });
    const store = open();
    await pass(1);
    status = { serving: 999_999 };
    await pass(600);
    expect(went).toEqual([]);
    expect(claims()).toBeGreaterThan(0);
    expect(claims()).toBeLessThan(25);
    status = { serving: 130 };
    await pass(120);
    expect(scene(store)).toBe("waiting");
    expect(store.ahead.value).toBe(369);
  });

  it("stays shut while paused: no claim leaves the page", async () => {
    status = { serving: 600, paused: true };
    const store = open();
    await pass(120);
    expect(scene(store)).toBe("waiting");
    expect(claims()).toBe(0);
  });

  it.each([
    ["not_in_line", "gone"],
    ["place_used", "used"],
  ])("%s ends the wait until the visitor joins again", async (code, shown) => {
    const store = open();
    await pass(1);
    status = { serving: 600 };
    claim = () => problem(code, 409);
    await pass(120);
    expect([scene(store), claims(), joins()]).toEqual([shown, 1, 1]);
    status = { serving: 100 };
    store.rejoin();
    await pass(2);
    expect(joins()).toBe(2);
  });

  it("of a show without a line is no door at all", async () => {
    join = () => problem("no_waiting_room", 409);
    open();
    await pass(2);
    expect(went).toEqual([`/events/${event}/seats`]);
  });
});

describe("joining", () => {
  it("waits for the lobby, then spreads over time since nobody pressed anything", async () => {
    status = { phase: "announced", serving: 0, rate: 0, t0: iso(START + 600_000) };
    const store = open();
    await pass(50);
    expect([scene(store), joins()]).toEqual(["announced", 0]);
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    status = { ...status, phase: "lobby" };
    await pass(40);
    expect([scene(store), joins()]).toEqual(["soon", 0]);
    await pass(61);
    expect([scene(store), joins()]).toEqual(["lobby", 1]);
    vi.restoreAllMocks();
  });

  it("does not happen to somebody who is not signed in, nor before it helps", async () => {
    account.value = null;
    const store = open();
    await pass(120);
    expect([scene(store), joins()]).toEqual(["sign_in", 0]);
  });

  it("is not repeated for somebody who left, also after a reload", async () => {
    const store = open();
    await pass(1);
    await store.leave();
    expect(scene(store)).toBe("left");
    expect(asked).toContain(`DELETE /api/events/${event}/queue`);
    const again = open();
    await pass(61);
    expect([scene(again), joins()]).toEqual(["left", 1]);
    again.rejoin();
    await pass(1);
    expect([scene(again), joins()]).toEqual(["waiting", 2]);
  });

  it("is refused by a line that takes nobody new, and tried again only now and then", async () => {
    join = () => problem("line_draining", 409);
    const store = open();
    await pass(300);
    expect(scene(store)).toBe("draining");
    expect(joins()).toBeLessThan(8);
  });

  it("looks right after the draw, not a minute later", async () => {
    status = { phase: "lobby", t0: iso(START + 90_000), serving: 0, rate: 0, last: 3 };
    join = () => json({ ...PLACE, position: null });
    const store = open();
    await pass(89);
    expect(scene(store)).toBe("lobby");
    status = { phase: "open", t0: iso(START + 90_000), n: 100, seed: "A".repeat(43), serving: 0, last: 100 };
    await pass(3);
    expect(scene(store)).toBe("waiting");
    expect(joins()).toBe(1);
    expect(store.position.value).toBeGreaterThan(0);
    expect(store.position.value).toBeLessThanOrEqual(100);
  });

  it("begins anew when the line was drawn anew", async () => {
    const store = open();
    await pass(1);
    status = { epoch: 2, serving: 0 };
    join = () => json({ ...PLACE, epoch: 2, index: 5, position: 5 });
    await pass(70);
    expect(joins()).toBe(2);
    expect(store.place.value?.index).toBe(5);
  });
});
