import type { Box } from "../geometry";

/** Where the plan lies on the screen: screen = plan × scale + offset, in CSS pixels. */
export interface Camera {
  scale: number;
  x: number;
  y: number;
}

export interface Frame {
  width: number;
  height: number;
  /** Space kept free at the edges. */
  pad: number;
  /** Space at the top that other things cover. */
  top: number;
}

export function fit(box: Box, frame: Frame, most = Infinity): Camera {
  const [w, h] = [Math.max(1e-6, box.x1 - box.x0), Math.max(1e-6, box.y1 - box.y0)];
  const room = { w: Math.max(40, frame.width - 2 * frame.pad), h: Math.max(40, frame.height - frame.top - 2 * frame.pad) };
  const scale = Math.min(room.w / w, room.h / h, most);
  return {
    scale,
    x: frame.width / 2 - ((box.x0 + box.x1) / 2) * scale,
    y: (frame.height + frame.top) / 2 - ((box.y0 + box.y1) / 2) * scale,
  };
}

/** Zooms by a factor and keeps the plan's point under (px, py) in its place. */
export function zoomAt(camera: Camera, px: number, py: number, factor: number, least: number, most: number): Camera {
  const scale = Math.min(most, Math.max(least, camera.scale * factor));
  const part = scale / camera.scale;
  return { scale, x: px - (px - camera.x) * part, y: py - (py - camera.y) * part };
}

/** Keeps at least the middle of the screen over the plan, so that nobody gets lost in empty space. */
export function clamp(camera: Camera, box: Box, frame: Frame): Camera {
  const within = (offset: number, low: number, high: number, size: number): number =>
    Math.min(size / 2 - low * camera.scale, Math.max(size / 2 - high * camera.scale, offset));
  return {
    scale: camera.scale,
    x: within(camera.x, box.x0, box.x1, frame.width),
    y: within(camera.y, box.y0, box.y1, frame.height),
  };
}

export function toPlan(camera: Camera, px: number, py: number): [number, number] {
  return [(px - camera.x) / camera.scale, (py - camera.y) / camera.scale];
}

/** The part of the plan that the screen shows. */
export function visible(camera: Camera, frame: Frame): Box {
  const [x0, y0] = toPlan(camera, 0, 0);
  const [x1, y1] = toPlan(camera, frame.width, frame.height);
  return { x0, y0, x1, y1 };
}

/** A step of a flight from one camera to another; zooming is even on a logarithmic scale. */
export function between(from: Camera, to: Camera, part: number, frame: Frame): Camera {
  const ease = 1 - (1 - part) ** 3;
  const [fx, fy] = toPlan(from, frame.width / 2, frame.height / 2);
  const [tx, ty] = toPlan(to, frame.width / 2, frame.height / 2);
  const scale = Math.exp(Math.log(from.scale) + (Math.log(to.scale) - Math.log(from.scale)) * ease);
  return {
    scale,
    x: frame.width / 2 - (fx + (tx - fx) * ease) * scale,
    y: frame.height / 2 - (fy + (ty - fy) * ease) * scale,
  };
}
