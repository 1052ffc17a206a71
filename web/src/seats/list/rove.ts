/** Roving focus: one stop for Tab, arrow keys inside. */

const DOWN: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
const ACROSS: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };

/** Where a key leads from place `at` of `length`, or null for keys that are not ours. */
export function roveTo(key: string, at: number, length: number, across: boolean): number | null {
  if (key === "Home") return 0;
  if (key === "End") return length - 1;
  const step = (across ? ACROSS : DOWN)[key];
  return step === undefined ? null : Math.max(0, Math.min(length - 1, at + step));
}

/** Moves focus among the elements of `selector` inside the list that the event bubbled to. */
export function rove(event: KeyboardEvent, selector: string, across = false): void {
  const list = event.currentTarget as HTMLElement;
  const items = [...list.querySelectorAll<HTMLElement>(selector)];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? null : roveTo(event.key, at, items.length, across);
  const target = next === null ? undefined : items[next];
  if (!target) return;
  event.preventDefault();
  event.stopPropagation();
  for (const item of items) item.tabIndex = item === target ? 0 : -1;
  target.focus();
}

/** Focuses what the next drawing brings. */
export function focusSoon(selector: string): void {
  requestAnimationFrame(() => requestAnimationFrame(() => document.querySelector<HTMLElement>(selector)?.focus()));
}
