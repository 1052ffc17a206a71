import { useEffect, useState } from "preact/hooks";
import { asProblem, type Problem } from "../api/problem";
import { clock } from "../base/clock";

export { pathId } from "./path";

export interface Loaded<T> {
  data: T | null;
  problem: Problem | null;
  reload: () => void;
}

/** Loads once, again on `reload`, and drops answers that come after the page moved on. */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, key: string = ""): Loaded<T> {
  const [state, setState] = useState<{ data: T | null; problem: Problem | null }>({ data: null, problem: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    load(abort.signal).then(
      (data) => abort.signal.aborted || setState({ data, problem: null }),
      (error: unknown) => abort.signal.aborted || setState((before) => ({ ...before, problem: asProblem(error) })),
    );
    return () => abort.abort();
  }, [key, turn]);
  return { ...state, reload: () => setTurn((n) => n + 1) };
}

/** Server time, refreshed `every` milliseconds while the component is shown. */
export function useNow(every = 500): number {
  const [now, setNow] = useState(() => clock.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(clock.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
