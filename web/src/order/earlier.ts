import { get } from "../api/client";
import type { Hold, OrderAnswer, OrderStatus } from "../api/types";
import { isWritten } from "./read";

const OWNS_SEATS: ReadonlySet<OrderStatus> = new Set(["placed", "reserved", "paid", "ticketed"]);

/** The order among `orders` that has the seats of this hold, if one does. */
export function orderWith(hold: Pick<Hold, "event_id" | "seats">, orders: readonly OrderAnswer[]): string | null {
  const wanted = new Set(hold.seats);
  const found = orders.find(
    (order) =>
      isWritten(order) &&
      order.event_id === hold.event_id &&
      OWNS_SEATS.has(order.status) &&
      order.items.some((item) => wanted.has(item.seat)),
  );
  return found?.order_id ?? null;
}

/**
 * A hold ends by running out and by being bought, perhaps from another tab. Before a page says that nothing was
 * charged it asks which of the two it was.
 */
export async function earlierOrder(hold: Hold, signal?: AbortSignal): Promise<string | null> {
  const { orders } = await get<{ orders: OrderAnswer[] }>("/api/orders", signal ? { signal } : {});
  return orderWith(hold, orders);
}
