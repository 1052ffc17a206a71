/// <reference lib="webworker" />
import { solver } from "./puzzle";

export interface Asked {
  challenge: string;
  bits: number;
}
export interface Told {
  tries: number;
  solution?: string;
}

/** Tries between two reports: some tens of milliseconds on a phone. */
const BATCH = 20_000;

self.onmessage = ({ data }: MessageEvent<Asked>) => {
  const trial = solver(data.challenge, data.bits);
  for (let from = 0; ; from += BATCH) {
    const found = trial(from, from + BATCH);
    const told: Told = found === null ? { tries: from + BATCH } : { tries: found, solution: String(found) };
    self.postMessage(told);
    if (found !== null) return;
  }
};
