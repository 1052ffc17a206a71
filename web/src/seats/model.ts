import type { Plan, PlanSection, Point } from "../api/types";
import type { Localised } from "../i18n";
import { emptyBox, extend, hull, median, type Box } from "./geometry";

/**
 * The seat plan as the map draws it: one entry per numbered seat in plan order, in typed arrays, so that 50,000 seats
 * cost a few hundred kilobytes and a loop over them costs no allocation. Standing sections have an outline and no seats.
 */
export interface SeatModel {
  count: number;
  x: Float32Array;
  y: Float32Array;
  /** Index into `grades`. */
  grade: Uint8Array;
  /** Index into `rows`. */
  row: Uint32Array;
  /** 1 where the plan says that a wheelchair fits. */
  accessible: Uint8Array;
  grades: string[];
  rows: Row[];
  sections: Section[];
  /** Usual distance between neighbours, in plan units. */
  pitch: number;
  bounds: Box;
  plan: Plan;
}

export interface Row {
  section: number;
  name: string;
  start: number;
  count: number;
  grade: string;
  numbers: string[];
  ids: string[] | null;
}

export interface Section {
  id: string;
  name: Localised;
  standing: boolean;
  grade: string;
  grades: string[];
  capacity: number;
  start: number;
  count: number;
  firstRow: number;
  rowCount: number;
  outline: Point[];
  box: Box;
  label: Point;
}

function neighbourDistance(plan: Plan): number {
  const gaps: number[] = [];
  for (const section of plan.sections) {
    section.rows.forEach((row, r) => {
      const steps = row.x.slice(1).map((x, i) => Math.hypot(x - row.x[i]!, row.y[i + 1]! - row.y[i]!));
      if (steps.length) gaps.push(median(steps));
      const next = section.rows[r + 1];
      if (next && next.x.length && row.x.length) {
        const middle = row.x.length >> 1;
        const near = next.x.map((x, i) => Math.hypot(x - row.x[middle]!, next.y[i]! - row.y[middle]!));
        gaps.push(Math.min(...near));
      }
    });
  }
  const usual = median(gaps.filter((gap) => gap > 0));
  return usual || Math.max(plan.width, plan.height) / 100;
}

function outlineOf(section: PlanSection, pitch: number): Point[] {
  if (section.outline && section.outline.length > 2) return section.outline;
  const corners: Point[] = [];
  const pad = pitch * 0.8;
  for (const row of section.rows) {
    for (const i of [0, row.x.length >> 1, row.x.length - 1]) {
      const [x, y] = [row.x[i], row.y[i]];
      if (x !== undefined && y !== undefined) corners.push([x - pad, y - pad], [x + pad, y - pad], [x - pad, y + pad], [x + pad, y + pad]);
    }
  }
  return hull(corners);
}

function frame(plan: Plan, sections: Section[]): Box {
  const box = emptyBox();
  for (const section of sections) {
    extend(box, section.box.x0, section.box.y0);
    extend(box, section.box.x1, section.box.y1);
  }
  for (const shape of plan.shapes) {
    if (shape.kind === "polygon") for (const [x, y] of shape.points ?? []) extend(box, x, y);
    else if (shape.kind !== "text") {
      const [w, h] = shape.kind === "circle" ? [shape.radius ?? 0, shape.radius ?? 0] : [shape.width ?? 0, shape.height ?? 0];
      extend(box, (shape.x ?? 0) - (shape.kind === "circle" ? w : 0), (shape.y ?? 0) - (shape.kind === "circle" ? h : 0));
      extend(box, (shape.x ?? 0) + w, (shape.y ?? 0) + h);
    }
  }
  return box.x0 <= box.x1 ? box : { x0: 0, y0: 0, x1: plan.width, y1: plan.height };
}

function centre(box: Box): Point {
  return [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2];
}

export function buildModel(plan: Plan): SeatModel {
  const count = plan.sections.reduce((sum, s) => sum + s.rows.reduce((n, row) => n + row.numbers.length, 0), 0);
  const model: SeatModel = {
    count,
    plan,
    grades: [],
    rows: [],
    sections: [],
    pitch: neighbourDistance(plan),
    bounds: emptyBox(),
    x: new Float32Array(count),
    y: new Float32Array(count),
    grade: new Uint8Array(count),
    row: new Uint32Array(count),
    accessible: new Uint8Array(count),
  };
  const gradeIndex = (name: string): number => {
    const known = model.grades.indexOf(name);
    return known >= 0 ? known : model.grades.push(name) - 1;
  };
  let seat = 0;
  for (const [s, section] of plan.sections.entries()) {
    const [start, firstRow] = [seat, model.rows.length];
    for (const row of section.rows) {
      model.rows.push({
        section: s,
        name: row.name,
        start: seat,
        count: row.numbers.length,
        grade: row.grade,
        numbers: row.numbers,
        ids: row.ids ?? null,
      });
      for (const i of row.accessible ?? []) model.accessible[seat + i] = 1;
      const grade = gradeIndex(row.grade);
      for (let i = 0; i < row.numbers.length; i += 1, seat += 1) {
        model.x[seat] = row.x[i] ?? 0;
        model.y[seat] = row.y[i] ?? 0;
        model.grade[seat] = grade;
        model.row[seat] = model.rows.length - 1;
      }
    }
    const outline = outlineOf(section, model.pitch);
    const box = emptyBox();
    for (const [x, y] of outline) extend(box, x, y);
    for (let i = start; i < seat; i += 1) extend(box, model.x[i]!, model.y[i]!, model.pitch / 2);
    const grades = section.grade ? [section.grade] : [...new Set(section.rows.map((row) => row.grade))];
    for (const name of grades) gradeIndex(name);
    model.sections.push({
      id: section.id,
      name: section.name,
      standing: section.kind === "standing",
      grade: mainGrade(section, grades),
      grades,
      capacity: section.capacity,
      start,
      count: seat - start,
      firstRow,
      rowCount: model.rows.length - firstRow,
      outline,
      box,
      label: section.label ?? centre(box),
    });
  }
  model.bounds = frame(plan, model.sections);
  return model;
}

/** The grade that most of the section's seats have: its colour when seen from afar. */
function mainGrade(section: PlanSection, grades: string[]): string {
  const seats = new Map<string, number>();
  for (const row of section.rows) seats.set(row.grade, (seats.get(row.grade) ?? 0) + row.numbers.length);
  return grades.reduce((best, name) => ((seats.get(name) ?? 0) > (seats.get(best) ?? 0) ? name : best), grades[0] ?? "");
}

export interface SeatName {
  section: Section;
  row: Row;
  number: string;
}

export function nameOfSeat(model: SeatModel, seat: number): SeatName {
  const row = model.rows[model.row[seat]!]!;
  return { row, section: model.sections[row.section]!, number: row.numbers[seat - row.start] ?? "" };
}

export function seatId(model: SeatModel, seat: number): string {
  const { section, row, number } = nameOfSeat(model, seat);
  return row.ids?.[seat - row.start] ?? `${section.id}-${row.name}-${number}`;
}

const indexes = new WeakMap<SeatModel, Map<string, number>>();

/** The seat with an id, or undefined; the table is made when first asked for. */
export function findSeat(model: SeatModel, id: string): number | undefined {
  let index = indexes.get(model);
  if (!index) {
    index = new Map();
    for (let seat = 0; seat < model.count; seat += 1) index.set(seatId(model, seat), seat);
    indexes.set(model, index);
  }
  return index.get(id);
}
