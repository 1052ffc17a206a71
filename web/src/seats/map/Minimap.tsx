import { useEffect, useRef } from "preact/hooks";
import { toCss } from "../colour";
import type { SeatModel } from "../model";
import { fit, visible, type Camera, type Frame } from "./camera";
import { sectionPaths } from "./drawGround";
import { readTheme } from "./theme";

const WIDTH = 132;
const HEIGHT = 96;

/** Where the screen is on the plan. A pointer's convenience only: keys and buttons do the same on the map itself. */
export function Minimap({
  model,
  sight,
  go,
}: {
  model: SeatModel;
  sight: { value: { camera: Camera; frame: Frame } | null };
  go: (x: number, y: number) => void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const base = fit(model.bounds, { width: WIDTH, height: HEIGHT, pad: 6, top: 0 });
  const seen = sight.value;
  const whole = seen ? fit(model.bounds, seen.frame).scale : 0;
  const shown = seen !== null && seen.camera.scale > whole * 1.5;

  useEffect(() => {
    const ctx = canvas.current?.getContext("2d");
    if (!ctx || !canvas.current || !shown) return;
    const theme = readTheme(canvas.current, []);
    ctx.setTransform(2, 0, 0, 2, 0, 0);
    ctx.clearRect(0, 0, WIDTH, HEIGHT);
    ctx.setTransform(2 * base.scale, 0, 0, 2 * base.scale, 2 * base.x, 2 * base.y);
    ctx.fillStyle = toCss(theme.taken);
    for (const path of sectionPaths(model.sections)) ctx.fill(path);
  }, [model, shown]);

  if (!seen || !shown) return null;
  const box = visible(seen.camera, seen.frame);
  const left = Math.max(0, box.x0 * base.scale + base.x);
  const top = Math.max(0, box.y0 * base.scale + base.y);
  const right = Math.min(WIDTH, box.x1 * base.scale + base.x);
  const bottom = Math.min(HEIGHT, box.y1 * base.scale + base.y);
  return (
    <div
      class="minimap"
      aria-hidden="true"
      onPointerDown={(event) => {
        const at = event.currentTarget.getBoundingClientRect();
        go((event.clientX - at.left - base.x) / base.scale, (event.clientY - at.top - base.y) / base.scale);
      }}
    >
      <canvas ref={canvas} width={WIDTH * 2} height={HEIGHT * 2} />
      <span
        class="minimap-view"
        style={{
          transform: `translate(${left}px, ${top}px)`,
          width: `${Math.max(8, right - left)}px`,
          height: `${Math.max(8, bottom - top)}px`,
        }}
      />
    </div>
  );
}
