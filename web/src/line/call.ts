import { signal } from "@preact/signals-core";
import { local } from "../base/storage";
import { nameOf, t } from "../i18n";
import type { About } from "./types";

/** Calling somebody who is looking elsewhere: a chime, a notification, a screen that stays on. Only if asked for. */

const KEY = "call-me";
export const callMe = signal(local.read<boolean>(KEY) ?? false);

let sound: AudioContext | null = null;
let lock: WakeLockSentinel | null = null;

/** Two soft notes, a fifth apart. */
const CHIME: readonly (readonly [hertz: number, after: number])[] = [
  [659.25, 0],
  [987.77, 0.22],
];

function chime(times: number): void {
  if (!sound || sound.state !== "running") return;
  for (let turn = 0; turn < times; turn += 1) {
    for (const [hertz, after] of CHIME) {
      const start = sound.currentTime + turn * 1.1 + after;
      const tone = new OscillatorNode(sound, { type: "sine", frequency: hertz });
      const gain = new GainNode(sound, { gain: 0 });
      gain.gain.setValueAtTime(0, start);
      gain.gain.linearRampToValueAtTime(0.24, start + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.001, start + 0.9);
      tone.connect(gain).connect(sound.destination);
      tone.start(start);
      tone.stop(start + 1);
    }
  }
}

/** Browsers let a page sound only after a press of the visitor. */
async function ready(): Promise<void> {
  sound ??= new AudioContext();
  await sound.resume();
}

async function stayAwake(): Promise<void> {
  if (!callMe.value || document.hidden || lock) return;
  try {
    lock = await navigator.wakeLock.request("screen");
    lock.addEventListener("release", () => (lock = null));
  } catch {
    // Not every browser can, and a low battery may refuse: the call still sounds.
  }
}

/** Turns the call on or off; on, it sounds once, so that one knows what to listen for. */
export async function setCallMe(on: boolean): Promise<void> {
  callMe.value = on;
  local.write(KEY, on);
  if (!on) return void lock?.release();
  await ready().catch(() => undefined);
  chime(1);
  void stayAwake();
  if ("Notification" in globalThis && Notification.permission === "default") await Notification.requestPermission();
}

/** After a reload the first press anywhere gives the sound back; a screen that came back stays on again. */
export function keepReady(): void {
  const pressed = (): void => void (callMe.value && ready().catch(() => undefined));
  addEventListener("pointerdown", pressed);
  addEventListener("keydown", pressed);
  document.addEventListener("visibilitychange", () => void stayAwake());
  void stayAwake();
}

function notify(about: About | null, text: string): void {
  if (!document.hidden || !("Notification" in globalThis) || Notification.permission !== "granted") return;
  try {
    new Notification(about ? nameOf(about.name) : t("brand"), { body: text, tag: "line" });
  } catch {
    // Some phones allow it to service workers only.
  }
}

/** It is this visitor's turn. */
export function entered(about: About | null): void {
  if (!callMe.value) return;
  chime(3);
  notify(about, t("line.notify"));
}

/** A hidden page asks nobody, but it can count: by its own estimate the turn may have come. */
export function maybe(about: About | null): void {
  if (!callMe.value) return;
  chime(2);
  notify(about, t("line.notify_maybe"));
}
