import { toCss } from "../colour";
import { pitchOnScreen, type Scene } from "./scene";

const LEAST_RADIUS = 7;

/** Own seats, seats just lost, and the seat under the pointer: by shape and sign, not by colour alone. */
export function drawMarks(ctx: CanvasRenderingContext2D, scene: Scene): void {
  const radius = Math.max(LEAST_RADIUS, pitchOnScreen(scene) * 0.5);
  for (const seat of scene.lost) cross(ctx, scene, seat, radius);
  for (const seat of scene.selected) tick(ctx, scene, seat, radius);
  if (scene.hover >= 0 && !scene.selected.has(scene.hover)) ring(ctx, scene, scene.hover, radius);
}

function at(scene: Scene, seat: number): [number, number] {
  return [scene.model.x[seat]! * scene.camera.scale + scene.camera.x, scene.model.y[seat]! * scene.camera.scale + scene.camera.y];
}

function disc(ctx: CanvasRenderingContext2D, x: number, y: number, radius: number, fill: string): void {
  ctx.fillStyle = fill;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, Math.PI * 2);
  ctx.fill();
}

function tick(ctx: CanvasRenderingContext2D, scene: Scene, seat: number, radius: number): void {
  const [x, y] = at(scene, seat);
  disc(ctx, x, y, radius + 3, toCss(scene.theme.surface));
  disc(ctx, x, y, radius + 1, toCss(scene.theme.ink));
  ctx.strokeStyle = toCss(scene.theme.mark);
  ctx.lineWidth = Math.max(1.8, radius * 0.26);
  ctx.lineCap = ctx.lineJoin = "round";
  ctx.beginPath();
  ctx.moveTo(x - radius * 0.45, y + radius * 0.02);
  ctx.lineTo(x - radius * 0.1, y + radius * 0.38);
  ctx.lineTo(x + radius * 0.48, y - radius * 0.36);
  ctx.stroke();
}

function cross(ctx: CanvasRenderingContext2D, scene: Scene, seat: number, radius: number): void {
  const [x, y] = at(scene, seat);
  disc(ctx, x, y, radius + 2, toCss(scene.theme.surface));
  ctx.strokeStyle = toCss(scene.theme.bad);
  ctx.lineWidth = 2;
  ctx.lineCap = "round";
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, Math.PI * 2);
  const arm = radius * 0.42;
  ctx.moveTo(x - arm, y - arm);
  ctx.lineTo(x + arm, y + arm);
  ctx.moveTo(x + arm, y - arm);
  ctx.lineTo(x - arm, y + arm);
  ctx.stroke();
}

function ring(ctx: CanvasRenderingContext2D, scene: Scene, seat: number, radius: number): void {
  const [x, y] = at(scene, seat);
  ctx.strokeStyle = toCss(scene.theme.ink);
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, Math.PI * 2);
  ctx.stroke();
}
