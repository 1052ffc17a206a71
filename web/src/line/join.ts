import type { Signal } from "@preact/signals-core";
import { asProblem } from "../api/problem";
import type { Captcha } from "./captcha";
import type { Step } from "./scene";
import type { LineServer } from "./server";
import type { Challenge, Joined } from "./types";
import { solve } from "./work";

/** Prices change under attack, and challenges run out: so often a newly asked one is paid. */
const TRIES = 4;

/**
 * Asks for a place, and does what it costs: nothing in peace, some computing or a check under attack. `step` tells the
 * page what goes on. Throws the `Problem` of a refusal.
 */
export async function joinLine(server: LineServer, step: Signal<Step>, signal: AbortSignal): Promise<Joined> {
  step.value = { kind: "joining", again: step.value.kind === "joining" && step.value.again };
  let body: object = {};
  for (let tries = 1; ; tries += 1) {
    try {
      return await server.join(body, signal);
    } catch (error) {
      const problem = asProblem(error);
      if (tries >= TRIES || signal.aborted || (problem.code !== "work_required" && problem.code !== "captcha_failed")) throw error;
      const told = problem.extra as Partial<Challenge>;
      const challenge = told.challenge === undefined ? await server.challenge(signal) : (told as Challenge);
      body = await paid(challenge, step, signal);
      step.value = { kind: "joining", again: false };
    }
  }
}

async function paid({ challenge, bits, captcha }: Challenge, step: Signal<Step>, signal: AbortSignal): Promise<object> {
  const token = captcha ? { captcha: await checked(captcha, step, signal) } : {};
  if (bits <= 0) return token;
  step.value = { kind: "working", share: 0 };
  const solution = await solve(challenge, bits, (share) => (step.value = { kind: "working", share }), signal);
  return { ...token, work: { challenge, solution } };
}

/** The page shows the widget; what it gives comes back here. */
function checked(captcha: Captcha, step: Signal<Step>, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    step.value = { kind: "captcha", captcha, solved: resolve };
  });
}
