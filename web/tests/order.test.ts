import { describe, expect, it } from "vitest";
import { Problem } from "../src/api/problem";
import { ORDER_STATES, PAYMENT_STATES, type Order } from "../src/api/types";
import { storeOver, type Store } from "../src/base/storage";
import { orderWith } from "../src/order/earlier";
import { attemptFor, refusedSend, sending } from "../src/order/keep";
import { judged } from "../src/order/read";
import { placeOrder } from "../src/order/send";
import { FINAL, nextLook, viewOf } from "../src/order/status";
import { phaseOf } from "../src/order/useTimer";
import { ko } from "./dictionaries";

/** A browser's storage, kept over "reloads" by making a new Store over the same map. */
function disk(): { open: () => Store } {
  const map = new Map<string, string>();
  const area = {
    getItem: (key: string) => map.get(key) ?? null,
    setItem: (key: string, value: string) => void map.set(key, value),
    removeItem: (key: string) => void map.delete(key),
  };
  return { open: () => storeOver(() => area) };
}

describe("idempotency key", () => {
  const card = { method: "card", token: "tok_ok" };

  it("is one per hold and survives a reload", () => {
    const kept = disk();
    const first = attemptFor("hld_1", kept.open()).key;
    expect(attemptFor("hld_1", kept.open()).key).toBe(first);
    expect(attemptFor("hld_2", kept.open()).key).not.toBe(first);
    expect(first).toMatch(/^[0-9a-f]{32}$/);
  });

  it("repeats what was sent while the outcome is unknown", () => {
    const kept = disk();
    sending("hld_1", card, kept.open());
    expect(sending("hld_1", { method: "card", token: "tok_other" }, kept.open()).sent).toEqual(card);
  });

  it("keeps the key but frees the payment once the server refused", () => {
    const kept = disk();
    const { key } = sending("hld_1", card, kept.open());
    refusedSend("hld_1", kept.open());
    expect(sending("hld_1", { method: "card", token: "tok_other" }, kept.open())).toEqual({
      key,
      sent: { method: "card", token: "tok_other" },
    });
  });

  it("works without storage", () => {
    const broken = storeOver(() => {
      throw new Error("denied");
    });
    expect(attemptFor("hld_1", broken).key).toBe(attemptFor("hld_1", broken).key);
  });
});

describe("placing an order", () => {
  const hold = (id: string) => ({ hold_id: id, token: "t", event_id: "evt_1" });
  const card = { method: "card", token: "tok_ok" };
  const instant = (): Promise<void> => Promise.resolve();

  function server(answers: (Problem | string)[]) {
    const seen: { key: string | undefined; body: unknown }[] = [];
    const post = (_method: string, _path: string, options: { body?: unknown; headers?: Record<string, string> } = {}) => {
      seen.push({ key: options.headers?.["Idempotency-Key"], body: options.body });
      const answer = answers[seen.length - 1];
      return typeof answer === "string" ? Promise.resolve({ status: 202, data: { order_id: answer }, etag: null }) : Promise.reject(answer);
    };
    return { seen, post: post as never };
  }

  it("repeats with the same key and body until it is answered", async () => {
    const { seen, post } = server([new Problem("unavailable", 503), new Problem("network", 0), "ord_1"]);
    let told = 0;
    expect(await placeOrder(hold("hld_a"), card, () => (told += 1), instant, post)).toBe("ord_1");
    expect(told).toBe(2);
    expect(new Set(seen.map((one) => one.key)).size).toBe(1);
    expect(new Set(seen.map((one) => JSON.stringify(one.body))).size).toBe(1);
  });

  it("goes to the order that the hold already has", async () => {
    const { post } = server([new Problem("hold_already_ordered", 409, { order_id: "ord_2" })]);
    expect(await placeOrder(hold("hld_b"), card, () => undefined, instant, post)).toBe("ord_2");
  });

  it("does not repeat what was judged", async () => {
    const { seen, post } = server([new Problem("hold_expired", 410)]);
    await expect(placeOrder(hold("hld_c"), card, () => undefined, instant, post)).rejects.toThrow("hold_expired");
    expect(seen.length).toBe(1);
  });

  it("gives up in the end", async () => {
    const { seen, post } = server(Array.from({ length: 20 }, () => new Problem("unavailable", 503)));
    await expect(placeOrder(hold("hld_d"), card, () => undefined, instant, post)).rejects.toThrow("unavailable");
    expect(seen.length).toBeLessThan(10);
  });
});

describe("status words", () => {
  it("exist for every state of order and payment", () => {
    for (const status of ORDER_STATES) {
      for (const payment of PAYMENT_STATES) {
        const view = viewOf({ status, payment: { status: payment } });
        expect(ko).toHaveProperty([view.title]);
        expect(ko).toHaveProperty([view.body]);
      }
    }
  });

  it("warn against paying again while the outcome is unknown", () => {
    expect(viewOf({ status: "reserved", payment: { status: "unknown" } }).title).toBe("order.unknown.title");
  });

  it("never say that nothing was charged while money is to be returned", () => {
    expect(viewOf({ status: "refused", payment: { status: "refund_due" } }).body).toBe("order.refund_due.body");
  });

  it("know an order that is still in the queue", () => {
    expect(judged({ order_id: "o", status: "placed" })).toEqual({ status: "placed", payment: { status: "none" } });
  });

  it("are looked up from every 0.5 s to every 3 s, and no more when all is over", () => {
    const waiting = { status: "placed", payment: { status: "none" } } as const;
    expect(nextLook(waiting, 0)).toBe(500);
    expect(nextLook(waiting, 50)).toBe(3000);
    for (const status of FINAL) expect(nextLook({ status, payment: { status: "captured" } }, 3)).toBeNull();
    expect(nextLook({ status: "cancelled", payment: { status: "refund_due" } }, 3)).toBe(3000);
    // Between the refund and the order's own state there is a moment.
    expect(nextLook({ status: "cancelled", payment: { status: "refunded" } }, 3)).toBe(3000);
    expect(nextLook({ status: "refunded", payment: { status: "refunded" } }, 3)).toBeNull();
  });
});

describe("phases of the timer", () => {
  it("hurry in the last minute and end at zero", () => {
    expect([60_001, 60_000, 1, 0].map(phaseOf)).toEqual(["calm", "hurry", "hurry", "over"]);
  });
});

describe("a hold that is gone", () => {
  const hold = { event_id: "evt_1", seats: ["A-1-1", "A-1-2"] };
  const item = { seat: "A-1-1", section: "A", row: "1", number: "1", grade: "R", amount: 1000 };
  const order: Order = {
    order_id: "ord_1",
    event_id: "evt_1",
    event_name: { ko: "공연", en: "Show" },
    starts_at: "2027-01-01T10:00:00Z",
    status: "ticketed",
    amount: 1000,
    currency: "KRW",
    items: [item],
    payment: { status: "captured" },
    tickets: [],
    ledger: [],
    created_at: "2026-12-01T10:00:00Z",
    cancellable: true,
  };

  it("was bought when an order owns its seats", () => {
    expect(orderWith(hold, [order])).toBe("ord_1");
    expect(orderWith(hold, [{ order_id: "ord_0", status: "placed" }, order])).toBe("ord_1");
  });

  it("ran out when none does", () => {
    expect(orderWith(hold, [])).toBeNull();
    expect(orderWith(hold, [{ ...order, status: "refunded" }, { ...order, status: "declined" }])).toBeNull();
    expect(orderWith(hold, [{ ...order, event_id: "evt_2" }])).toBeNull();
    expect(orderWith(hold, [{ ...order, items: [{ ...item, seat: "A-1-3" }] }])).toBeNull();
  });
});
