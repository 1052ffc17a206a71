/** Waiting: doubling delays with jitter, and polling that rests while nobody looks. */

/** Milliseconds before try `attempt` (0 is the first repeat): doubles up to `cap`, then ±20 % so that crowds spread. */
export function backoff(attempt: number, base: number, cap: number, random: () => number = Math.random): number {
  return Math.min(cap, base * 2 ** attempt) * (0.8 + 0.4 * random());
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    // A page may wait for hours: what is over leaves nothing behind.
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

function whenVisible(signal: AbortSignal): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    const look = (): void => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look, { signal });
  });
}

/** Runs `task` again and again while the tab is visible; the task answers the next delay in ms, or null to end. */
export function poll(task: (signal: AbortSignal) => Promise<number | null>): () => void {
  const abort = new AbortController();
  const run = async (): Promise<void> => {
    for (;;) {
      const delay = await task(abort.signal);
      if (delay === null || abort.signal.aborted) return;
      await sleep(delay, abort.signal);
      await whenVisible(abort.signal);
    }
  };
  run().catch((error: unknown) => {
    if (!abort.signal.aborted) throw error;
  });
  return () => abort.abort();
}
