import type { Order, OrderStatus } from "../api/types";
import type { Key } from "../i18n";

/** What an order's state means to its buyer. */

export type Tone = "busy" | "good" | "warn" | "bad" | "off";
export interface View {
  tone: Tone;
  title: Key;
  body: Key;
  /** Steps of the way that are done, 0 to 4; the next one is under way. */ step: number;
}

export const FINAL: ReadonlySet<OrderStatus> = new Set(["ticketed", "refused", "declined", "expired", "cancelled", "refunded"]);

type Judged = Pick<Order, "status" | "payment">;

export function viewOf({ status, payment }: Judged): View {
  const money = payment.status;
  if (money === "unknown" && (status === "placed" || status === "reserved")) {
    return { tone: "warn", title: "order.unknown.title", body: "order.unknown.body", step: status === "reserved" ? 2 : 1 };
  }
  if ((status === "refused" || status === "expired" || status === "declined") && money === "refund_due") {
    return { tone: "warn", title: `order.${status}.title`, body: "order.refund_due.body", step: 0 };
  }
  if (status === "cancelled" && (money === "none" || money === "declined")) {
    return { tone: "off", title: "order.cancelled.title", body: "order.cancelled_unpaid.body", step: 0 };
  }
  const tones: Record<OrderStatus, { tone: Tone; step: number }> = {
    placed: { tone: "busy", step: 1 },
    reserved: { tone: "busy", step: 2 },
    paid: { tone: "busy", step: 3 },
    ticketed: { tone: "good", step: 4 },
    refused: { tone: "warn", step: 0 },
    declined: { tone: "bad", step: 0 },
    expired: { tone: "off", step: 0 },
    cancelled: { tone: "off", step: 0 },
    refunded: { tone: "off", step: 0 },
  };
  return { ...tones[status], title: `order.${status}.title`, body: `order.${status}.body` };
}

const SLOWEST = 3000;

/** Milliseconds until the next look: 0.5 s growing to 3 s; slow where only money still moves; null when all is over. */
export function nextLook({ status, payment }: Judged, looks: number): number | null {
  const moneyMoves = payment.status === "pending" || payment.status === "unknown" || payment.status === "refund_due";
  // The books have the refund a moment before the order says so: whoever looked between the two would see it "under way" for ever.
  const catchesUp = payment.status === "refunded" && status !== "refunded";
  if (FINAL.has(status)) return moneyMoves || catchesUp ? SLOWEST : null;
  return Math.min(SLOWEST, 500 * 1.4 ** looks);
}
