import { asProblem } from "../api/problem";
import { write } from "../api/session";
import { backoff, sleep } from "../base/wait";
import { passHeader } from "../line/pass";
import { refusedSend, sending } from "./keep";

interface Accepted {
  order_id: string;
  status: string;
  status_url: string;
}

const TRIES = 6;

/**
 * Places the order and answers its id. Failures that judge nothing (no network, 5xx, 429) are repeated with the same
 * key and body; `onRetry` tells the page before each wait. Throws the last `Problem` when it gives up or is refused.
 */
export async function placeOrder(
  hold: { hold_id: string; token: string; event_id: string },
  payment: { method: string; token: string },
  onRetry: (attempt: number) => void,
  wait: (ms: number) => Promise<void> = sleep,
  post: typeof write = write,
): Promise<string> {
  const attempt = sending(hold.hold_id, payment);
  for (let tries = 0; ; tries += 1) {
    try {
      const { data } = await post<Accepted>("POST", "/api/orders", {
        body: { hold_token: hold.token, payment: attempt.sent },
        headers: { ...passHeader(hold.event_id), "Idempotency-Key": attempt.key },
      });
      return data.order_id;
    } catch (error) {
      const problem = asProblem(error);
      const earlier = problem.extra.order_id;
      if (problem.code === "hold_already_ordered" && typeof earlier === "string") return earlier;
      if (!problem.transient) {
        refusedSend(hold.hold_id);
        throw problem;
      }
      if (tries + 1 >= TRIES) throw problem;
      onRetry(tries + 1);
      await wait(problem.retryAfter ?? backoff(tries, 600, 8000));
    }
  }
}
