import { effect, signal } from "@preact/signals-core";
import type { LineStore } from "./store";

const TAKES = 900;

/** How many are ahead, as the board shows it: it walks to its next value instead of jumping, where motion is welcome. */
export const walked = signal(0);

export function walkWith(store: LineStore): () => void {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let frame = 0;
  return effect(() => {
    const to = store.ahead.value ?? 0;
    const from = walked.peek();
    cancelAnimationFrame(frame);
    if (from === 0 || still.matches || document.hidden) {
      walked.value = to;
      return;
    }
    const start = performance.now();
    const step = (now: number): void => {
      const way = Math.min(1, Math.max(0, now - start) / TAKES);
      walked.value = Math.round(to + (from - to) * (1 - way) ** 3);
      if (way < 1) frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
  });
}
