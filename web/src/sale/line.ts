import { useEffect, useState } from "preact/hooks";
import { exchange } from "../api/client";
import { asProblem, type Problem } from "../api/problem";
import { write } from "../api/session";
import type { Localised } from "../i18n";
import { backoff, poll } from "../base/wait";
import type { Phase } from "../line/types";

/** A line as its promoter sees it, and what one can do with it. */

export const MOST_CAP = 100_000;
export const MOST_RATE = 600_000;
export const MOST_MINUTES = 60;
export const LEAST_REASON = 10;

export interface LineState {
  event_id: string;
  phase: Phase;
  cap: number;
  rate_limit: number;
  paused: boolean;
  draining: boolean;
  message: Localised | null;
  break_glass_until: string | null;
  last: number | null;
  serving: number | null;
  waiting: number | null;
  inside: number | null;
  door: number | null;
  admitted_last_minute: number | null;
  utilisation: number | null;
  health: number | null;
  leader: { fence: number; alive: boolean } | null;
  actions: { at: string; account_id: string; action: string; detail: Record<string, unknown>; reason: string }[];
}

export interface Change {
  cap?: number;
  rate_limit?: number;
  paused?: boolean;
  draining?: boolean;
  message?: Localised | null;
}

const pathOf = (event: string): string => `/api/admin/events/${encodeURIComponent(event)}/line`;

export async function changeLine(event: string, body: Change): Promise<LineState> {
  return (await write<LineState>("PATCH", pathOf(event), { body })).data;
}

export async function breakGlass(event: string, minutes: number, reason: string): Promise<LineState> {
  return (await write<LineState>("POST", `${pathOf(event)}/break-glass`, { body: { minutes, reason } })).data;
}

export async function endBreakGlass(event: string): Promise<LineState> {
  return (await write<LineState>("DELETE", `${pathOf(event)}/break-glass`)).data;
}

/** A whole number within bounds, or null: what a form may send. */
export function wholeNumber(text: string, least: number, most: number): number | null {
  const value = /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : null;
}

const EVERY = 2000;

/** The line, followed while the page is looked at; null where the show has none. */
export function useLine(event: string): { line: LineState | null; problem: Problem | null; set: (line: LineState) => void } {
  const [line, setLine] = useState<LineState | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    let failures = 0;
    return poll(async (signal) => {
      try {
        setLine((await exchange<LineState>("GET", pathOf(event), { signal })).data);
        setProblem(null);
        failures = 0;
        return EVERY;
      } catch (error) {
        if (signal.aborted) throw error;
        const found = asProblem(error);
        setProblem(found);
        return found.transient ? (found.retryAfter ?? backoff(failures++, EVERY, 20_000)) : null;
      }
    });
  }, [event]);
  return { line, problem, set: setLine };
}
