import type { Asked, Told } from "./work.worker";

/**
 * Finds the number that makes SHA-256(challenge + ":" + number) begin with `bits` zero bits, away from the page's own
 * thread. `onProgress` hears how likely it was to be done by now, 0 to 1. Rejects when the signal says so.
 */
export function solve(challenge: string, bits: number, onProgress: (share: number) => void, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const worker = new Worker(new URL("./work.worker.ts", import.meta.url), { type: "module" });
    const end = (): void => {
      worker.terminate();
      signal.removeEventListener("abort", stop);
    };
    const stop = (): void => {
      end();
      reject(signal.reason);
    };
    signal.addEventListener("abort", stop);
    worker.onmessage = ({ data }: MessageEvent<Told>) => {
      if (data.solution === undefined) return onProgress(1 - Math.exp(-data.tries / 2 ** bits));
      end();
      resolve(data.solution);
    };
    worker.onerror = () => {
      end();
      reject(new Error("the worker failed"));
    };
    worker.postMessage({ challenge, bits } satisfies Asked);
  });
}
