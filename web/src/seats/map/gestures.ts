/** Mouse, touch, pen, wheel and keys, turned into four wishes: pan, zoom, tap, hover. */
export interface Wishes {
  pan(dx: number, dy: number): void;
  zoom(px: number, py: number, factor: number): void;
  tap(px: number, py: number, coarse: boolean): void;
  hover(px: number, py: number): void;
  leave(): void;
  /** The fingers left while moving; pixels per millisecond. */
  fling(vx: number, vy: number): void;
  touch(): void;
  fit(): void;
}

const TAP_SLACK = 8;
const KEY_STEP = 80;
const KEY_ZOOM = 1.35;

interface Finger {
  x: number;
  y: number;
}

export function listen(canvas: HTMLCanvasElement, wishes: Wishes): () => void {
  const abort = new AbortController();
  const { signal } = abort;
  const fingers = new Map<number, Finger>();
  let travelled = 0;
  let velocity = { x: 0, y: 0, at: 0 };

  const place = (event: MouseEvent): Finger => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  canvas.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button > 0) return;
      canvas.setPointerCapture(event.pointerId);
      if (fingers.size === 0) travelled = 0;
      else travelled = TAP_SLACK + 1;
      fingers.set(event.pointerId, place(event));
      velocity = { x: 0, y: 0, at: event.timeStamp };
      wishes.touch();
    },
    { signal },
  );

  canvas.addEventListener(
    "pointermove",
    (event) => {
      const now = place(event);
      const before = fingers.get(event.pointerId);
      if (!before) {
        if (event.pointerType === "mouse") wishes.hover(now.x, now.y);
        return;
      }
      const [dx, dy] = [now.x - before.x, now.y - before.y];
      travelled += Math.hypot(dx, dy);
      if (fingers.size === 1) {
        if (travelled <= TAP_SLACK) return;
        wishes.pan(dx, dy);
        const dt = Math.max(1, event.timeStamp - velocity.at);
        velocity = { x: velocity.x * 0.6 + (dx / dt) * 0.4, y: velocity.y * 0.6 + (dy / dt) * 0.4, at: event.timeStamp };
      } else {
        const other = [...fingers].find(([id]) => id !== event.pointerId)![1];
        const apart = Math.hypot(now.x - other.x, now.y - other.y);
        const was = Math.hypot(before.x - other.x, before.y - other.y);
        wishes.pan(dx / 2, dy / 2);
        if (was > 0) wishes.zoom((now.x + other.x) / 2, (now.y + other.y) / 2, apart / was);
      }
      fingers.set(event.pointerId, now);
    },
    { signal },
  );

  const lift = (event: PointerEvent): void => {
    if (!fingers.delete(event.pointerId) || fingers.size > 0) return;
    const at = place(event);
    if (event.type === "pointerup" && travelled <= TAP_SLACK) wishes.tap(at.x, at.y, event.pointerType !== "mouse");
    else if (event.timeStamp - velocity.at < 60) wishes.fling(velocity.x, velocity.y);
  };
  canvas.addEventListener("pointerup", lift, { signal });
  canvas.addEventListener("pointercancel", lift, { signal });
  canvas.addEventListener("pointerleave", () => wishes.leave(), { signal });

  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const at = place(event);
      const lines = event.deltaMode === 1 ? 16 : 1;
      // A pinch on a track pad comes as a wheel with ctrl and small deltas.
      const speed = event.ctrlKey ? 0.012 : 0.0022;
      wishes.zoom(at.x, at.y, Math.exp(-event.deltaY * lines * speed));
    },
    { signal, passive: false },
  );

  canvas.addEventListener(
    "keydown",
    (event) => {
      const middle: [number, number] = [canvas.clientWidth / 2, canvas.clientHeight / 2];
      const keys: Record<string, () => void> = {
        ArrowLeft: () => wishes.pan(KEY_STEP, 0),
        ArrowRight: () => wishes.pan(-KEY_STEP, 0),
        ArrowUp: () => wishes.pan(0, KEY_STEP),
        ArrowDown: () => wishes.pan(0, -KEY_STEP),
        "+": () => wishes.zoom(...middle, KEY_ZOOM),
        "=": () => wishes.zoom(...middle, KEY_ZOOM),
        "-": () => wishes.zoom(...middle, 1 / KEY_ZOOM),
        "0": () => wishes.fit(),
        Home: () => wishes.fit(),
      };
      const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    },
    { signal },
  );

  return () => abort.abort();
}
