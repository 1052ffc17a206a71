import { describe, expect, it } from "vitest";
import { applyBitmap, decodeBitmap } from "../src/seats/bitmap";
import { contrast, parseColour, visibleOn } from "../src/seats/colour";
import { hull, inPolygon } from "../src/seats/geometry";
import { SeatGrid } from "../src/seats/grid";
import { roveTo } from "../src/seats/list/rove";
import { clamp, fit, toPlan, zoomAt } from "../src/seats/map/camera";
import { buildModel, findSeat, nameOfSeat, seatId } from "../src/seats/model";
import { room, settle, toggle } from "../src/seats/selection";
import { suggest } from "../src/seats/suggest";
import { smallModel, smallPlan } from "./plan";

describe("bitmap", () => {
  it("reads bit i from byte i>>3, mask 1<<(i&7)", () => {
    const bytes = String.fromCharCode(0b00000101, 0b00000010);
    expect([...decodeBitmap(btoa(bytes), 10)]).toEqual([1, 0, 1, 0, 0, 0, 0, 0, 0, 1]);
  });

  it("counts seats that the bitmap does not reach as taken", () => {
    expect([...decodeBitmap(btoa("\0"), 10)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
  });

  it("says whether a section changed, and touches only its own seats", () => {
    const taken = new Uint8Array(6);
    expect(applyBitmap(taken, 2, Uint8Array.of(0, 1))).toBe(true);
    expect([...taken]).toEqual([0, 0, 0, 1, 0, 0]);
    expect(applyBitmap(taken, 2, Uint8Array.of(0, 1))).toBe(false);
  });
});

describe("model", () => {
  it("numbers seats in plan order and names them", () => {
    const model = smallModel();
    expect(model.count).toBe(13);
    expect(seatId(model, 6)).toBe("A-2-2");
    expect(seatId(model, 11)).toBe("y");
    expect(findSeat(model, "z")).toBe(12);
    expect(findSeat(model, "nowhere")).toBeUndefined();
    expect(nameOfSeat(model, 6)).toMatchObject({ number: "2", row: { name: "2" }, section: { id: "A" } });
    expect(model.accessible[12]).toBe(1);
    expect(model.pitch).toBe(10);
  });

  it("draws an outline around sections that bring none", () => {
    const model = smallModel();
    expect(inPolygon(model.sections[0]!.outline, 20, 5)).toBe(true);
    expect(inPolygon(model.sections[0]!.outline, 90, 5)).toBe(false);
    expect(model.sections[2]).toMatchObject({ standing: true, count: 0, grade: "S" });
  });

  it("survives an empty plan", () => {
    const model = buildModel({ ...smallPlan(), sections: [] });
    expect(model.count).toBe(0);
    expect(new SeatGrid(model).nearest(0, 0, 50)).toBe(-1);
  });
});

describe("hit test", () => {
  const model = smallModel();
  const grid = new SeatGrid(model);

  it("finds the nearest seat within reach", () => {
    expect(grid.nearest(21, 1, 6)).toBe(2);
    expect(grid.nearest(21, 9, 6)).toBe(7);
    expect(grid.nearest(70, 0, 6)).toBe(-1);
  });

  it("agrees with looking at every seat, on a random plan", () => {
    let state = 7;
    const random = (): number => (state = (state * 16807) % 2147483647) / 2147483647;
    const n = 3000;
    const big = buildModel({
      ...smallPlan(),
      sections: [
        {
          id: "R",
          name: { ko: "R", en: "R" },
          kind: "reserved",
          capacity: n,
          rows: [
            {
              name: "1",
              grade: "R",
              numbers: Array.from({ length: n }, (_, i) => String(i)),
              x: Array.from({ length: n }, () => random() * 900),
              y: Array.from({ length: n }, () => random() * 500),
            },
          ],
        },
      ],
    });
    const index = new SeatGrid(big);
    for (let k = 0; k < 300; k += 1) {
      const [x, y] = [random() * 900, random() * 500];
      let best = -1;
      let least = 30 ** 2;
      for (let seat = 0; seat < n; seat += 1) {
        const distance = (big.x[seat]! - x) ** 2 + (big.y[seat]! - y) ** 2;
        if (distance <= least) [best, least] = [seat, distance];
      }
      expect(index.nearest(x, y, 30)).toBe(best);
    }
  });
});

describe("geometry", () => {
  it("wraps points in their hull", () => {
    expect(
      hull([
        [0, 0],
        [4, 0],
        [4, 4],
        [0, 4],
        [2, 2],
      ]).length,
    ).toBe(4);
  });
});

describe("selection", () => {
  const taken = Uint8Array.of(0, 1, 0, 0, 0);

  it("adds, removes, and refuses taken seats", () => {
    expect(toggle([], 0, taken, 4)).toEqual({ selected: [0], refused: null });
    expect(toggle([0, 2], 0, taken, 4)).toEqual({ selected: [2], refused: null });
    expect(toggle([], 1, taken, 4)).toEqual({ selected: [], refused: "taken" });
  });

  it("lets one take off a chosen seat that others took", () => {
    expect(toggle([1], 1, taken, 4).selected).toEqual([]);
  });

  it("keeps the limit per person, held seats included", () => {
    expect(toggle([0, 2], 3, taken, 2)).toEqual({ selected: [0, 2], refused: "limit" });
    expect(toggle([0], 3, taken, 4, 3).refused).toBe("limit");
    expect(toggle([0], 3, taken, 4, 2).refused).toBeNull();
    expect(room(4, 3, 2)).toBe(0);
  });

  it("splits a choice into kept and lost", () => {
    expect(settle([0, 1, 2], taken)).toEqual({ kept: [0, 2], lost: [1] });
  });
});

describe("suggestion", () => {
  const model = smallModel();

  it("offers free neighbours nearest to what was lost, of the same grade", () => {
    const taken = new Uint8Array(model.count);
    taken[1] = taken[2] = 1;
    expect(suggest(model, taken, 2, [1, 2])).toEqual([3, 4]);
  });

  it("leaves chosen seats alone and goes to another grade only when it must", () => {
    const taken = new Uint8Array(model.count);
    taken[2] = 1;
    expect(suggest(model, taken, 2, [2], new Set([3]))).toEqual([0, 1]);
    taken.fill(1, 0, 5);
    expect(suggest(model, taken, 2, [2]).every((seat) => seat >= 5 && seat < 10)).toBe(true);
  });

  it("offers nothing when there is no such run", () => {
    expect(suggest(model, new Uint8Array(model.count).fill(1), 1, [0])).toEqual([]);
    expect(suggest(model, new Uint8Array(model.count), 6, [0])).toEqual([]);
  });

  it("does not sit people on both sides of an aisle", () => {
    const plan = smallPlan();
    plan.sections[0]!.rows[0]!.x = [0, 10, 60, 70, 80];
    const split = buildModel(plan);
    const taken = new Uint8Array(split.count);
    taken[0] = 1;
    expect(suggest(split, taken, 2, [0])).not.toEqual([1, 2]);
  });
});

describe("camera", () => {
  const frame = { width: 400, height: 300, pad: 10, top: 0 };
  const box = { x0: 0, y0: 0, x1: 100, y1: 100 };

  it("fits the plan and keeps the zoom's point in its place", () => {
    const camera = fit(box, frame);
    expect(camera.scale).toBeCloseTo(2.8);
    const [x, y] = toPlan(camera, 120, 80);
    const [x2, y2] = toPlan(zoomAt(camera, 120, 80, 3, 0.1, 100), 120, 80);
    expect(x2).toBeCloseTo(x);
    expect(y2).toBeCloseTo(y);
  });

  it("never loses the plan", () => {
    const [x] = toPlan(clamp({ scale: 2, x: 99999, y: 0 }, box, frame), 200, 150);
    expect(x).toBeCloseTo(0);
  });
});

describe("colours", () => {
  it("are moved until they can be told from the ground", () => {
    for (const ground of ["#ffffff", "#131916"]) {
      for (const own of ["#ffff00", "#101010", "#7b42bc", "#f5f5f5"]) {
        expect(contrast(visibleOn(parseColour(own)!, parseColour(ground)!), parseColour(ground)!)).toBeGreaterThanOrEqual(3);
      }
    }
  });

  it("reads short and long forms, refuses others", () => {
    expect(parseColour("#fff")).toEqual([255, 255, 255]);
    expect(parseColour("url(x)")).toBeNull();
  });
});

describe("roving focus", () => {
  it("moves inside its ends and leaves other keys alone", () => {
    expect(roveTo("ArrowRight", 4, 5, true)).toBe(4);
    expect(roveTo("ArrowLeft", 2, 5, true)).toBe(1);
    expect(roveTo("ArrowDown", 2, 5, true)).toBeNull();
    expect(roveTo("End", 0, 5, false)).toBe(4);
    expect(roveTo("Tab", 0, 5, false)).toBeNull();
  });
});
