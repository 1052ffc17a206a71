import type { Plan } from "../src/api/types";
import { buildModel, type SeatModel } from "../src/seats/model";

/** A small house: section A of two rows of five, section B of one row with seat ids of its own, and a standing area. */
export function smallPlan(): Plan {
  const row = (name: string, grade: string, y: number, n: number, from = 0) => ({
    name,
    grade,
    numbers: Array.from({ length: n }, (_, i) => String(i + 1)),
    x: Array.from({ length: n }, (_, i) => from + i * 10),
    y: Array.from({ length: n }, () => y),
  });
  return {
    version: "1",
    name: "small",
    width: 200,
    height: 100,
    shapes: [],
    sections: [
      { id: "A", name: { ko: "A", en: "A" }, kind: "reserved", capacity: 10, rows: [row("1", "VIP", 0, 5), row("2", "R", 10, 5)] },
      {
        id: "B",
        name: { ko: "B", en: "B" },
        kind: "reserved",
        capacity: 3,
        rows: [{ ...row("1", "R", 0, 3, 100), ids: ["x", "y", "z"], accessible: [2] }],
      },
      {
        id: "ST",
        name: { ko: "ST", en: "ST" },
        kind: "standing",
        capacity: 50,
        rows: [],
        grade: "S",
        outline: [
          [0, 40],
          [50, 40],
          [50, 60],
          [0, 60],
        ],
      },
    ],
  };
}

export const smallModel = (): SeatModel => buildModel(smallPlan());
