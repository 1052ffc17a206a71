import type { Key } from "../i18n";
import type { Captcha } from "./captcha";
import type { Place, Status } from "./types";

/** What the page is about to do, or what the server last said to this account. */
export type Step =
  | { kind: "idle" | "signed_out" | "left" | "gone" | "used" | "door" | "entering" | "draining" | "no_line" | "missing" }
  | { kind: "soon" }
  | { kind: "joining"; again: boolean }
  | { kind: "working"; share: number }
  | { kind: "captcha"; captcha: Captcha; solved: (token: string) => void }
  | { kind: "refused"; text: string };

/** What the visitor sees: one thing at a time. */
export type Scene =
  | "loading"
  | "unreachable"
  | "missing"
  | "announced"
  | "sign_in"
  | "soon"
  | "joining"
  | "working"
  | "captcha"
  | "refused"
  | "draining"
  | "lobby"
  | "drawing"
  | "waiting"
  | "door"
  | "called"
  | "open_house"
  | "sold_out"
  | "closed"
  | "left"
  | "gone"
  | "used";

export interface Facts {
  status: Status | null;
  place: Place | null;
  /** Where this account stands; null before the draw. */
  position: number | null;
  step: Step;
  signedIn: boolean;
  /** Whether nobody could be reached so far. */
  unheard: boolean;
  /** Server time in milliseconds. */
  now: number;
}

const WITHOUT_PLACE = new Set<Step["kind"]>(["soon", "joining", "working", "captcha", "refused", "draining"]);

export function sceneOf({ status, place, position, step, signedIn, unheard, now }: Facts): Scene {
  if (step.kind === "missing") return "missing";
  if (step.kind === "no_line") return "loading";
  if (step.kind === "entering") return "called";
  if (!status) return WITHOUT_PLACE.has(step.kind) && step.kind !== "soon" ? (step.kind as Scene) : unheard ? "unreachable" : "loading";
  if (status.phase === "closed") return "closed";
  if (isOpenHouse(status, now)) return "open_house";
  if (status.phase === "announced") return "announced";
  if (status.phase === "sold_out") return "sold_out";
  if (!signedIn || step.kind === "signed_out") return "sign_in";
  if (step.kind === "left" || step.kind === "gone" || step.kind === "used") return step.kind;
  if (!place) return WITHOUT_PLACE.has(step.kind) ? (step.kind as Scene) : "joining";
  if (status.phase === "lobby") return Date.parse(status.t0) > now ? "lobby" : "drawing";
  if (position === null) return "drawing";
  return step.kind === "door" ? "door" : "waiting";
}

export function isOpenHouse(status: Status, now: number): boolean {
  return status.open_until !== undefined && Date.parse(status.open_until) > now;
}

/** Scenes that are told in a heading and a sentence. */
export const SAID: Partial<Record<Scene, { title: Key; hint: Key }>> = {
  unreachable: { title: "line.unreachable", hint: "line.unreachable_hint" },
  sign_in: { title: "line.sign_in_title", hint: "line.sign_in_hint" },
  soon: { title: "line.joins_soon", hint: "line.joins_soon_hint" },
  working: { title: "line.working", hint: "line.working_hint" },
  drawing: { title: "line.drawing", hint: "line.drawing_hint" },
  door: { title: "line.called", hint: "line.door" },
  called: { title: "line.called", hint: "line.entering" },
  sold_out: { title: "line.sold_out", hint: "line.sold_out_hint" },
  closed: { title: "line.closed", hint: "line.closed_hint" },
  draining: { title: "line.draining", hint: "line.draining_hint" },
  left: { title: "line.left", hint: "line.left_hint" },
  gone: { title: "line.gone", hint: "line.gone_hint" },
  used: { title: "line.used", hint: "line.used_hint" },
};
