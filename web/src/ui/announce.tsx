import { signal } from "@preact/signals-core";

/** What screen readers are told, and what a short message at the bottom shows to everyone. */
const polite = signal("");
const urgent = signal("");
const toast = signal<{ text: string; at: number } | null>(null);
let toastTimer: ReturnType<typeof setTimeout> | undefined;

/** A non-breaking space makes a repeated message a new one, so that it is read again. */
const anew = (before: string, text: string): string => (before === text ? `${text}\u00a0` : text);

export function announce(text: string, assertive = false): void {
  const region = assertive ? urgent : polite;
  region.value = anew(region.value, text);
}

/** Shows a message for a few seconds and reads it out. */
export function say(text: string): void {
  announce(text);
  toast.value = { text, at: Date.now() };
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (toast.value = null), 5000);
}

export function LiveRegions() {
  return (
    <>
      <div class="visually-hidden" role="status" aria-live="polite">
        {polite.value}
      </div>
      <div class="visually-hidden" role="alert" aria-live="assertive">
        {urgent.value}
      </div>
      {toast.value && (
        <div class="toast" key={toast.value.at} data-testid="toast" aria-hidden="true">
          {toast.value.text}
        </div>
      )}
    </>
  );
}
