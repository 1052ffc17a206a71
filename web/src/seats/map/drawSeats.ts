import { toCss } from "../colour";
import { nameOfSeat } from "../model";
import { overlaps } from "../geometry";
import { visible } from "./camera";
import { pitchOnScreen, type Scene } from "./scene";
import { gradeColour, type Sprites } from "./sprites";

const NUMBERS_FROM = 21;
const ROW_NAMES_FROM = 12;
const ROUND_FROM = 5;

/** Pictures of the sections' seats, stretched to the camera: cheap enough for every frame of a gesture. */
export function drawSprites(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  sprites: Sprites,
  versions: readonly number[],
  frameStart: number,
): void {
  const { camera, model } = scene;
  const seen = visible(camera, scene.frame);
  for (const [index, section] of model.sections.entries()) {
    if (!section.count || !overlaps(section.box, seen)) continue;
    const picture = sprites.get(index, versions[index] ?? 0, scene.taken, scene.theme, scene.only, frameStart);
    if (!picture) continue;
    const stretch = camera.scale / sprites.scale;
    ctx.drawImage(
      picture,
      section.box.x0 * camera.scale + camera.x,
      section.box.y0 * camera.scale + camera.y,
      picture.width * stretch,
      picture.height * stretch,
    );
  }
}

/** A path per dot: measured faster than one long path, and than stamping a picture of a dot. */
function drawDots(ctx: CanvasRenderingContext2D, { model, camera }: Scene, seats: readonly number[], size: number, square: boolean): void {
  for (const seat of seats) {
    const x = model.x[seat]! * camera.scale + camera.x;
    const y = model.y[seat]! * camera.scale + camera.y;
    if (square) ctx.fillRect(x - size / 2, y - size / 2, size, size);
    else {
      ctx.beginPath();
      ctx.arc(x, y, size / 2, 0, Math.PI * 2);
      ctx.fill();
    }
  }
}

export function drawSeats(ctx: CanvasRenderingContext2D, scene: Scene): void {
  const { model, camera, theme } = scene;
  const pitch = pitchOnScreen(scene);
  const seen = visible(camera, scene.frame);
  // One bucket per grade and one for taken seats, so that the fill changes a few times and not per seat.
  const buckets: number[][] = Array.from({ length: model.grades.length + 1 }, () => []);
  const takenBucket = buckets[model.grades.length]!;
  scene.grid.each(seen, (seat) => void (scene.taken[seat] ? takenBucket : buckets[model.grade[seat]!]!).push(seat));
  for (const [g, seats] of buckets.entries()) {
    if (!seats.length) continue;
    const isTaken = g === model.grades.length;
    const colour = isTaken ? toCss(theme.taken) : gradeColour(theme, g, scene.only !== null && scene.only !== model.grades[g]);
    const size = pitch * (isTaken ? 0.42 : 0.76);
    ctx.fillStyle = colour;
    drawDots(ctx, scene, seats, size, pitch < ROUND_FROM);
  }
  if (pitch >= NUMBERS_FROM) drawNumbers(ctx, scene, buckets, pitch);
  if (pitch >= ROW_NAMES_FROM) drawRowNames(ctx, scene, pitch);
}

function drawNumbers(ctx: CanvasRenderingContext2D, scene: Scene, buckets: readonly number[][], pitch: number): void {
  const { model, camera, theme } = scene;
  ctx.font = `600 ${Math.min(14, pitch * 0.32)}px ${theme.font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  // Grade colours stand out from the map's ground by 3:1 at least, so the ground's colour is readable on them.
  ctx.fillStyle = toCss(theme.surface);
  for (const seats of buckets.slice(0, model.grades.length)) {
    for (const seat of seats) {
      const text = model.accessible[seat] ? "♿\ufe0e" : nameOfSeat(model, seat).number;
      ctx.fillText(text, model.x[seat]! * camera.scale + camera.x, model.y[seat]! * camera.scale + camera.y + 0.5);
    }
  }
}

function drawRowNames(ctx: CanvasRenderingContext2D, scene: Scene, pitch: number): void {
  const { model, camera, theme, frame } = scene;
  ctx.font = `500 ${Math.min(12, pitch * 0.55)}px ${theme.font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = toCss(theme.ink2);
  for (const row of model.rows) {
    const [x, y] = [model.x[row.start]!, model.y[row.start]!];
    const next = row.count > 1 ? row.start + 1 : row.start;
    const [dx, dy] = [model.x[next]! - x || 1, model.y[next]! - y];
    const length = Math.hypot(dx, dy) || 1;
    const sx = (x - (dx / length) * model.pitch) * camera.scale + camera.x;
    const sy = (y - (dy / length) * model.pitch) * camera.scale + camera.y;
    if (sx > -20 && sy > -20 && sx < frame.width + 20 && sy < frame.height + 20) ctx.fillText(row.name, sx, sy);
  }
}
