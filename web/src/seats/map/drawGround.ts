import type { PlanShape } from "../../api/types";
import { mix, parseColour, toCss, visibleOn } from "../colour";
import { inPolygon, overlaps } from "../geometry";
import type { Section } from "../model";
import { visible } from "./camera";
import { pitchOnScreen, type Scene } from "./scene";

/** Outlines as paths in plan units, made once per plan. */
export function sectionPaths(sections: readonly Section[]): Path2D[] {
  return sections.map(({ outline }) => {
    const path = new Path2D();
    outline.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
    path.closePath();
    return path;
  });
}

/** How far seats have taken over from section colours: 0 from afar, 1 near. */
export function nearness(scene: Scene): number {
  return Math.min(1, Math.max(0, (pitchOnScreen(scene) - scene.seatsFrom) / 1.5));
}

export function drawSections(ctx: CanvasRenderingContext2D, scene: Scene, paths: readonly Path2D[]): void {
  const { camera, model, theme, dpr } = scene;
  const seen = visible(camera, scene.frame);
  const near = nearness(scene);
  ctx.setTransform(dpr * camera.scale, 0, 0, dpr * camera.scale, dpr * camera.x, dpr * camera.y);
  ctx.lineWidth = 1 / camera.scale;
  for (const [index, section] of model.sections.entries()) {
    if (!overlaps(section.box, seen)) continue;
    const free = scene.free[index];
    const full = free === 0;
    const dim = full || (scene.only !== null && !section.grades.includes(scene.only));
    const colour = theme.grades[model.grades.indexOf(section.grade)] ?? theme.ink2;
    const strength = section.standing ? (dim ? 0.1 : 0.34) : (dim ? 0.1 : 0.42) * (1 - near) + 0.05;
    ctx.fillStyle = toCss(mix(theme.surface, full ? theme.taken : colour, strength));
    ctx.fill(paths[index]!);
    ctx.strokeStyle = toCss(mix(theme.surface, full ? theme.taken : colour, dim ? 0.25 : 0.6 - 0.3 * near));
    ctx.stroke(paths[index]!);
  }
  ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
}

const NAME_SIZES = [10, 13] as const;
const LEAST_COUNT_SIZE = 9.5;

/** Width of a text at 1 px, remembered: measuring is the dear part of labels. */
const widths = new Map<string, number>();
function widthOf(ctx: CanvasRenderingContext2D, text: string, font: string): number {
  let width = widths.get(text);
  if (width === undefined) {
    ctx.font = `700 100px ${font}`;
    width = ctx.measureText(text).width / 100;
    widths.set(text, width);
  }
  return width;
}

/** Whether a text box of this size, in pixels, lies inside the section when centred on its label. */
function hasRoom(scene: Scene, section: Section, width: number, height: number): boolean {
  const [dx, dy] = [(width * 0.46) / scene.camera.scale, (height * 0.46) / scene.camera.scale];
  const [x, y] = section.label;
  return [
    [-dx, -dy],
    [dx, -dy],
    [-dx, dy],
    [dx, dy],
  ].every(([a, b]) => inPolygon(section.outline, x + a!, y + b!));
}

/** Whether every numbered section on the screen has room for its full name; if not, all are called by their ids. */
function fullNamesFit(ctx: CanvasRenderingContext2D, scene: Scene, shown: readonly Section[]): boolean {
  const size = NAME_SIZES[1];
  return shown.every(
    (section) => section.standing || hasRoom(scene, section, widthOf(ctx, section.name[scene.lang], scene.theme.font) * size, size),
  );
}

/** Names and free places, where they fit. */
export function drawLabels(ctx: CanvasRenderingContext2D, scene: Scene): void {
  const seen = visible(scene.camera, scene.frame);
  const near = nearness(scene);
  const shown = scene.model.sections.filter((section) => overlaps(section.box, seen) && (near <= 0.6 || section.standing));
  if (!shown.length) return;
  const full = fullNamesFit(ctx, scene, shown);
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (const section of shown) {
    ctx.globalAlpha = section.standing ? 1 : 1 - near;
    drawLabel(ctx, scene, section, full);
  }
  ctx.globalAlpha = 1;
}

function drawLabel(ctx: CanvasRenderingContext2D, scene: Scene, section: Section, fullName: boolean): void {
  const { camera, theme, model } = scene;
  const free = scene.free[model.sections.indexOf(section)] ?? null;
  const words = free === null ? "" : free === 0 ? scene.words.soldOut : scene.words.free(free);
  const own = section.name[scene.lang] || section.id;
  const high = (section.box.y1 - section.box.y0) * camera.scale;
  const size = Math.min(NAME_SIZES[1], Math.max(NAME_SIZES[0], high / 2.8));
  const countSize = Math.max(LEAST_COUNT_SIZE, size * 0.82);
  const fits = (text: string, lines: boolean): boolean =>
    hasRoom(
      scene,
      section,
      Math.max(widthOf(ctx, text, theme.font) * size, lines ? widthOf(ctx, words, theme.font) * countSize : 0),
      lines ? (size + countSize) * 1.15 : size,
    );
  const name = (section.standing || fullName) && fits(own, false) ? own : section.id;
  if (!fits(name, false)) return;
  const two = words !== "" && fits(name, true);
  const x = section.label[0] * camera.scale + camera.x;
  const y = section.label[1] * camera.scale + camera.y;
  ctx.fillStyle = toCss(free === 0 ? theme.ink2 : theme.ink);
  ctx.font = `700 ${size}px ${theme.font}`;
  ctx.fillText(name, x, two ? y - size * 0.58 : y);
  if (!two) return;
  ctx.font = `500 ${countSize}px ${theme.font}`;
  ctx.fillText(words, x, y + countSize * 0.72);
}

export function drawShapes(ctx: CanvasRenderingContext2D, scene: Scene): void {
  for (const shape of scene.model.plan.shapes) drawShape(ctx, scene, shape);
  ctx.setTransform(scene.dpr, 0, 0, scene.dpr, 0, 0);
}

function outline(ctx: CanvasRenderingContext2D, shape: PlanShape): void {
  const [w, h] = [shape.width ?? 0, shape.height ?? 0];
  ctx.beginPath();
  if (shape.kind === "circle") ctx.arc(0, 0, shape.radius ?? 0, 0, Math.PI * 2);
  else if (shape.kind === "rect") ctx.roundRect(0, 0, w, h, Math.min(w, h) * 0.08);
  else (shape.points ?? []).forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  if (shape.kind === "polygon") ctx.closePath();
}

function drawShape(ctx: CanvasRenderingContext2D, scene: Scene, shape: PlanShape): void {
  const { camera, theme, dpr } = scene;
  const k = dpr * camera.scale;
  ctx.setTransform(k, 0, 0, k, dpr * camera.x + (shape.x ?? 0) * k, dpr * camera.y + (shape.y ?? 0) * k);
  if (shape.rotation) ctx.rotate((shape.rotation * Math.PI) / 180);
  const own = parseColour(shape.color ?? "");
  if (shape.kind !== "text") {
    outline(ctx, shape);
    // Decorations stay calm: a hint of their own colour, never as strong as a seat.
    ctx.fillStyle = toCss(own ? mix(theme.surface, own, 0.14) : theme.surface2);
    ctx.fill();
    ctx.strokeStyle = toCss(theme.line);
    ctx.lineWidth = 1 / camera.scale;
    ctx.stroke();
  }
  if (shape.text) label(ctx, scene, shape);
}

function label(ctx: CanvasRenderingContext2D, scene: Scene, shape: PlanShape): void {
  const { camera, theme } = scene;
  const points = shape.kind === "polygon" ? (shape.points ?? []) : [];
  const mean = (axis: 0 | 1): number => points.reduce((sum, point) => sum + point[axis], 0) / (points.length || 1);
  const middle: [number, number] = shape.kind === "rect" ? [(shape.width ?? 0) / 2, (shape.height ?? 0) / 2] : [mean(0), mean(1)];
  const high = shape.kind === "rect" ? (shape.height ?? 0) : shape.kind === "circle" ? (shape.radius ?? 0) : Infinity;
  const size = Math.min(26, Math.max(10, 13 + camera.scale), high * camera.scale * 0.6);
  if (size < 7) return;
  ctx.font = `700 ${size / camera.scale}px ${theme.font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = toCss(visibleOn(theme.ink2, theme.surface2, 4.5));
  ctx.fillText(shape.text ?? "", middle[0], middle[1]);
}
