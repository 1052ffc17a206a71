import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { account } from "../src/api/session";
import type { Availability, EventDetail } from "../src/api/types";
import { keptHold } from "../src/order/keep";
import { seatId } from "../src/seats/model";
import { SeatsStore } from "../src/seats/store";
import { smallPlan } from "./plan";

const event: EventDetail = {
  id: "evt_1",
  name: { ko: "x", en: "x" },
  venue: { name: { ko: "v", en: "v" } },
  starts_at: "2027-01-01T00:00:00Z",
  on_sale_at: "2026-01-01T00:00:00Z",
  off_sale_at: "2027-01-01T00:00:00Z",
  status: "on_sale",
  waiting_room: false,
  max_per_person: 3,
  currency: "KRW",
  capacity: 63,
  sections: [],
  prices: [{ grade: "VIP", name: { ko: "VIP", en: "VIP" }, amount: 1000, color: "#7b42bc" }],
  plan_version: "1",
  plan_url: "/plan",
  server_time: "2026-11-22T00:00:00Z",
};

/** What others have taken, by seat of section A; the fake server answers from it. */
let others: Set<number>;
let onHold: () => Response;
const asked: { method: string; path: string; headers: Record<string, string>; body: unknown }[] = [];
const went: string[] = [];

function bitmap(size: number, taken: ReadonlySet<number>): string {
  const bytes = new Uint8Array((size + 7) >> 3);
  for (const i of taken) bytes[i >> 3]! |= 1 << (i & 7);
  return btoa(String.fromCharCode(...bytes));
}

function availability(): Availability {
  return {
    event_id: "evt_1",
    plan_version: "1",
    version: others.size,
    at: "",
    stale: false,
    free: 13 - others.size,
    sections: {
      A: { free: 10 - others.size, held: 0, sold: 0, taken: bitmap(10, others) },
      B: { free: 3, held: 0, sold: 0, taken: bitmap(3, new Set()) },
      ST: { free: 50, held: 0, sold: 0 },
    },
  };
}

function answer(method: string, path: string, headers: Record<string, string>): Response {
  if (path === "/plan") return Response.json(smallPlan());
  if (path === "/api/sessions")
    return Response.json({ csrf_token: "c", expires_at: "", account: { account_id: "a", email: "e", name: "Alice", role: "fan" } });
  if (path.endsWith("/availability")) {
    const etag = `"${others.size}"`;
    return headers["If-None-Match"] === etag ? new Response(null, { status: 304 }) : Response.json(availability(), { headers: { etag } });
  }
  if (path.endsWith("/holds")) return method === "POST" ? onHold() : Response.json({ holds: [] });
  return Response.json(event);
}

beforeEach(() => {
  others = new Set();
  asked.length = went.length = 0;
  vi.useFakeTimers();
  vi.stubGlobal("document", { hidden: false, addEventListener: () => undefined, documentElement: {} });
  vi.stubGlobal("location", { assign: (to: string) => went.push(to), pathname: "/events/evt_1/seats", search: "" });
  vi.stubGlobal("fetch", (path: string, init: RequestInit = {}) => {
    const headers = (init.headers ?? {}) as Record<string, string>;
    asked.push({ method: init.method ?? "GET", path, headers, body: init.body ? JSON.parse(String(init.body)) : null });
    return Promise.resolve(answer(init.method ?? "GET", path, headers));
  });
  account.value = { name: "Alice", role: "fan", email: "e" };
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function opened(): Promise<{ store: SeatsStore; stop: () => void }> {
  const store = new SeatsStore("evt_1");
  store.clear();
  await store.load();
  store.clear();
  const stop = store.follow();
  await vi.advanceTimersByTimeAsync(100);
  return { store, stop };
}

describe("seats page", () => {
  it("asks with If-None-Match and leaves everything alone on 304", async () => {
    const { store, stop } = await opened();
    const version = store.version.value;
    await vi.advanceTimersByTimeAsync(5000);
    stop();
    const looks = asked.filter(({ path }) => path.endsWith("/availability"));
    expect(looks.length).toBeGreaterThanOrEqual(3);
    expect(looks.at(-1)!.headers["If-None-Match"]).toBe('"0"');
    expect(store.version.value).toBe(version);
  });

  it("says honestly which chosen seat others took, keeps the rest and offers a neighbour", async () => {
    const { store, stop } = await opened();
    store.toggle(0);
    store.toggle(1);
    others.add(1);
    await vi.advanceTimersByTimeAsync(2500);
    stop();
    expect(store.selected.value).toEqual([0]);
    expect(store.conflict.value).toMatchObject({ lost: [1], instead: [2], fromHold: false });
    store.takeInstead();
    expect(store.selected.value).toEqual([0, 2]);
    expect(store.conflict.value).toBeNull();
  });

  it("greys the seats that a refused hold names and keeps the others", async () => {
    const { store, stop } = await opened();
    onHold = () => Response.json({ code: "seats_taken", status: 409, seats: ["A-1-2"] }, { status: 409 });
    store.toggle(0);
    store.toggle(1);
    await store.holdSelected();
    stop();
    expect(store.taken[1]).toBe(1);
    expect(store.selected.value).toEqual([0]);
    expect(store.conflict.value).toMatchObject({ lost: [1], fromHold: true });
    expect(store.busy.value).toBe(false);
    expect(went).toEqual([]);
  });

  it("holds what was chosen with the CSRF token and goes to checkout", async () => {
    const { store, stop } = await opened();
    onHold = () =>
      Response.json(
        {
          hold_id: "hld_1",
          token: "t",
          event_id: "evt_1",
          seats: ["A-1-1"],
          items: [],
          amount: 1000,
          currency: "KRW",
          expires_at: "2026-11-22T00:07:00Z",
        },
        { status: 201 },
      );
    store.toggle(0);
    await store.holdSelected();
    stop();
    const post = asked.find(({ method }) => method === "POST")!;
    expect(post.body).toEqual({ seats: [seatId(store.model.value!, 0)] });
    expect(post.headers["X-CSRF-Token"]).toBe("c");
    expect(keptHold()?.hold_id).toBe("hld_1");
    expect(went).toEqual(["/checkout?event=evt_1"]);
  });

  it("keeps to the limit per person", async () => {
    const { store, stop } = await opened();
    for (const seat of [0, 1, 2, 3]) store.toggle(seat);
    stop();
    expect(store.selected.value).toEqual([0, 1, 2]);
  });

  it("learns from a refusal that earlier orders count, too", async () => {
    const { store, stop } = await opened();
    onHold = () => Response.json({ code: "limit_exceeded", status: 409, limit: 3, remaining: 1 }, { status: 409 });
    store.toggle(0);
    store.toggle(1);
    await store.holdSelected();
    stop();
    expect(store.failure.value).toContain("3");
    expect(store.limit.value).toBe(1);
    store.toggle(0);
    store.toggle(2);
    expect(store.selected.value).toEqual([1]);
  });

  it("sends visitors without an account to sign in, the choice kept", async () => {
    const { store, stop } = await opened();
    account.value = null;
    store.toggle(4);
    await store.holdSelected();
    stop();
    expect(went).toEqual(["/sign-in?next=%2Fevents%2Fevt_1%2Fseats"]);
    const again = new SeatsStore("evt_1");
    await again.load();
    const end = again.follow();
    await vi.advanceTimersByTimeAsync(100);
    end();
    expect(again.selected.value).toEqual([4]);
  });
});
