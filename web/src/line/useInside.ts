import { useEffect, useState } from "preact/hooks";
import { asProblem, type Problem } from "../api/problem";
import { account } from "../api/session";
import { clock } from "../base/clock";
import { backoff, poll } from "../base/wait";
import { dropPass, keepPass, keptPass, lineUrl } from "./pass";
import { isOpenHouse } from "./scene";
import { LineServer } from "./server";
import type { Pass } from "./types";

/** A visit lasts while somebody looks at it: so often the page shows that. */
const EVERY = 30_000;
/** Answers that end a visit; all others may pass. */
const OVER = new Set(["line_full", "line_paused", "not_your_turn", "not_in_line", "place_used", "sold_out", "line_closed"]);

/** `unknown` until it is known; `free` where no pass is asked for. */
export type Visit = { kind: "unknown" | "free" | "outside" } | { kind: "inside"; pass: Pass };

/** A break-glass lets everybody in for a while: the public status says so. */
async function isOpen(server: LineServer, signal: AbortSignal): Promise<boolean> {
  try {
    return isOpenHouse(await server.status(signal), clock.now());
  } catch {
    return false;
  }
}

/**
 * Keeps a visit alive while its page is visible.
 *
 * @param event its id, or null while unknown or where the show has no line.
 */
export function useInside(event: string | null): Visit {
  const [visit, setVisit] = useState<Visit>({ kind: "unknown" });
  useEffect(() => {
    if (event === null) return undefined;
    const server = new LineServer(event);
    let failures = 0;
    const renew = async (signal: AbortSignal): Promise<number | null> => {
      try {
        const pass = await server.claim(undefined, signal);
        failures = 0;
        keepPass(event, pass);
        setVisit({ kind: "inside", pass });
        return EVERY;
      } catch (error) {
        if (signal.aborted) throw error;
        const problem = asProblem(error);
        if (!OVER.has(problem.code)) return problem.transient ? (problem.retryAfter ?? backoff(failures++, 3000, EVERY)) : null;
        dropPass(event);
        setVisit({ kind: "outside" });
        return null;
      }
    };
    return poll(async (signal) => {
      const kept = account.value ? keptPass(event) : null;
      if (!kept) {
        setVisit({ kind: (await isOpen(server, signal)) ? "free" : "outside" });
        return null;
      }
      setVisit((before) => (before.kind === "inside" ? before : { kind: "inside", pass: kept }));
      return renew(signal);
    });
  }, [event]);
  return visit;
}

/** Where a request without a pass that holds leads: back to the line. Tells whether it did. */
export function toLine(event: string, problem: Problem): boolean {
  if (problem.code !== "pass_required" && problem.code !== "pass_invalid" && problem.code !== "pass_expired") return false;
  const inside = keptPass(event) !== null;
  dropPass(event);
  location.assign(lineUrl(event, inside ? "expired" : "required"));
  return true;
}
