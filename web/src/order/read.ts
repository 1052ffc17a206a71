import type { Order, OrderAnswer } from "../api/types";

/** Whether the order is written down with all that belongs to it; before that it waits in the queue. */
export function isWritten(answer: OrderAnswer): answer is OrderAnswer & Order {
  return answer.event_name !== undefined && answer.items !== undefined;
}

/** The two facts that words and waiting depend on; an order in the queue has no payment yet. */
export function judged(answer: OrderAnswer): Pick<Order, "status" | "payment"> {
  return { status: answer.status, payment: answer.payment ?? { status: "none" } };
}
