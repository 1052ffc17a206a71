import { useEffect, useRef } from "preact/hooks";
import { clock } from "../base/clock";
import { announce } from "../ui/announce";
import { t } from "../i18n";
import { useNow } from "../ui/hooks";

export type Phase = "calm" | "hurry" | "over";
const HURRY = 60_000;

export function phaseOf(left: number): Phase {
  return left <= 0 ? "over" : left <= HURRY ? "hurry" : "calm";
}

/** Time left of a hold by the server's clock; says aloud when the last minute starts and when it is over. */
export function useTimer(expiresAt: string): { left: number; phase: Phase } {
  useNow(250);
  const left = clock.left(expiresAt);
  const phase = phaseOf(left);
  const before = useRef(phase);
  useEffect(() => {
    if (before.current !== phase && phase !== "calm") announce(t(phase === "hurry" ? "checkout.last_minute" : "checkout.expired"), true);
    before.current = phase;
  }, [phase]);
  return { left, phase };
}
