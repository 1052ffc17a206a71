import type { Lang } from "../../i18n";
import { toCss } from "../colour";
import { contains, inPolygon, type Box } from "../geometry";
import { SeatGrid } from "../grid";
import type { SeatModel } from "../model";
import { between, clamp, fit, toPlan, zoomAt, type Camera, type Frame } from "./camera";
import { drawLabels, drawSections, drawShapes, nearness, sectionPaths } from "./drawGround";
import { drawMarks } from "./drawMarks";
import { drawSeats, drawSprites } from "./drawSeats";
import { listen } from "./gestures";
import { AIM_FROM, DIRECT_FROM, pitchOnScreen, SEATS_FROM, type Scene } from "./scene";
import { Sprites } from "./sprites";
import { readTheme } from "./theme";

export interface Callbacks {
  seat(seat: number): void;
  standing(section: number): void;
  hover(seat: number, x: number, y: number): void;
  camera(camera: Camera, frame: Frame): void;
}

/** Height of the legend that lies over the map. */
const LEGEND = 62;
const SETTLE = 140;
const FLIGHT = 320;
const CLOSE_PITCH = 24;
const NEAREST_PITCH = 64;

/** The seat map on one canvas. It draws only when something changed, at most once per animation frame. */
export class MapView {
  private readonly scene: Scene;
  private readonly sprites: Sprites;
  private readonly paths: Path2D[];
  private readonly versions: number[];
  private readonly ctx: CanvasRenderingContext2D;
  private readonly stop = new AbortController();
  private least = 0.01;
  private most = 10;
  private frameRequest = 0;
  private lastMove = -Infinity;
  private settleTimer: ReturnType<typeof setTimeout> | undefined;
  private step: ((now: number) => boolean) | null = null;
  private untouched = true;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    model: SeatModel,
    taken: Uint8Array,
    private readonly gradeColours: (string | undefined)[],
    words: Scene["words"],
    lang: Lang,
    private readonly callbacks: Callbacks,
  ) {
    const ctx = canvas.getContext("2d", { alpha: false });
    if (!ctx) throw new Error("no 2d canvas");
    this.ctx = ctx;
    this.sprites = new Sprites(model);
    this.paths = sectionPaths(model.sections);
    this.versions = model.sections.map(() => 0);
    this.scene = {
      model,
      taken,
      words,
      lang,
      grid: new SeatGrid(model),
      free: model.sections.map(() => null),
      selected: new Set(),
      lost: new Set(),
      hover: -1,
      only: null,
      camera: { scale: 1, x: 0, y: 0 },
      frame: { width: 0, height: 0, pad: 16, top: 0 },
      seatsFrom: SEATS_FROM,
      dpr: 1,
      theme: readTheme(canvas, gradeColours),
      moving: false,
    };
    this.watch();
  }

  private watch(): void {
    const { signal } = this.stop;
    const sizes = new ResizeObserver(() => this.resize());
    sizes.observe(this.canvas);
    const off = listen(this.canvas, {
      touch: () => (this.step = null),
      pan: (dx, dy) => this.move({ ...this.scene.camera, x: this.scene.camera.x + dx, y: this.scene.camera.y + dy }),
      zoom: (px, py, factor) => this.move(zoomAt(this.scene.camera, px, py, factor, this.least, this.most)),
      fling: (vx, vy) => this.fling(vx, vy),
      tap: (px, py, coarse) => this.tap(px, py, coarse),
      hover: (px, py) => this.hover(px, py),
      leave: () => this.setHover(-1, 0, 0),
      fit: () => this.fitAll(),
    });
    signal.addEventListener("abort", () => (sizes.disconnect(), off()));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.restyle(), { signal });
  }

  dispose(): void {
    this.stop.abort();
    cancelAnimationFrame(this.frameRequest);
    clearTimeout(this.settleTimer);
  }

  // What the page says.

  update(part: Partial<Pick<Scene, "selected" | "lost" | "only" | "lang" | "words">>): void {
    Object.assign(this.scene, part);
    this.request();
  }

  /** New availability: sections that changed are drawn anew, the others keep their pictures. */
  availability(free: (number | null)[], changed: readonly number[]): void {
    this.scene.free = free;
    for (const section of changed) this.versions[section]! += 1;
    this.request();
  }

  zoomBy(factor: number): void {
    const { width, height } = this.scene.frame;
    this.fly(zoomAt(this.scene.camera, width / 2, height / 2, factor, this.least, this.most));
  }

  fitAll(): void {
    this.fly(fit(this.scene.model.bounds, this.scene.frame));
  }

  /** Brings seats or a section into view, near enough to choose from. */
  show(box: Box): void {
    const { model, frame } = this.scene;
    const margin = model.pitch * 2;
    const wide = { x0: box.x0 - margin, y0: box.y0 - margin, x1: box.x1 + margin, y1: box.y1 + margin };
    this.fly(fit(wide, frame, CLOSE_PITCH / model.pitch));
  }

  centreOn(x: number, y: number): void {
    const { camera, frame } = this.scene;
    this.move({ ...camera, x: frame.width / 2 - x * camera.scale, y: frame.height / 2 - y * camera.scale });
  }

  restyle(): void {
    this.scene.theme = readTheme(this.canvas, this.gradeColours);
    this.sprites.clear();
    this.request();
  }

  // Moving.

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    const { scene } = this;
    const before = scene.frame;
    const dpr = Math.min(2, devicePixelRatio || 1);
    scene.dpr = dpr;
    scene.frame = { width, height, pad: Math.min(24, width * 0.04), top: LEGEND };
    this.canvas.width = Math.round(width * dpr);
    this.canvas.height = Math.round(height * dpr);
    const whole = fit(scene.model.bounds, scene.frame);
    const wholePitch = whole.scale * scene.model.pitch;
    // A big house is first shown by its sections, also where its seats could be drawn already; one step nearer they are.
    scene.seatsFrom = wholePitch < AIM_FROM ? Math.max(SEATS_FROM, wholePitch * 1.1) : SEATS_FROM;
    this.least = whole.scale * 0.8;
    this.most = Math.max(NEAREST_PITCH / scene.model.pitch, whole.scale * 2);
    if (this.untouched || !before.width) scene.camera = whole;
    else
      scene.camera = { ...scene.camera, x: scene.camera.x + (width - before.width) / 2, y: scene.camera.y + (height - before.height) / 2 };
    this.draw();
  }

  private move(camera: Camera): void {
    const { scene } = this;
    this.untouched = false;
    scene.camera = clamp(camera, scene.model.bounds, scene.frame);
    scene.moving = true;
    this.lastMove = performance.now();
    if (scene.hover >= 0) this.setHover(-1, 0, 0);
    this.request();
  }

  private fly(to: Camera): void {
    const from = this.scene.camera;
    const target = clamp(to, this.scene.model.bounds, this.scene.frame);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.move(target);
    const start = performance.now();
    this.step = (now) => {
      const part = Math.min(1, Math.max(0, (now - start) / FLIGHT));
      this.move(between(from, target, part, this.scene.frame));
      return part < 1;
    };
    this.request();
  }

  private fling(vx: number, vy: number): void {
    if (Math.hypot(vx, vy) < 0.25 || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    let last = performance.now();
    this.step = (now) => {
      const dt = Math.min(40, Math.max(0, now - last));
      last = now;
      const { camera } = this.scene;
      this.move({ ...camera, x: camera.x + vx * dt, y: camera.y + vy * dt });
      const drag = Math.exp(-dt / 180);
      vx *= drag;
      vy *= drag;
      return Math.hypot(vx, vy) > 0.02;
    };
    this.request();
  }

  // Aiming.

  private seatAt(px: number, py: number, reachPixels: number): number {
    const { camera, model, grid } = this.scene;
    const [x, y] = toPlan(camera, px, py);
    return grid.nearest(x, y, Math.max(model.pitch * 0.6, reachPixels / camera.scale));
  }

  private sectionAt(px: number, py: number): number {
    const [x, y] = toPlan(this.scene.camera, px, py);
    return this.scene.model.sections.findIndex(({ box, outline }) => contains(box, x, y) && inPolygon(outline, x, y));
  }

  private hover(px: number, py: number): void {
    const seat = pitchOnScreen(this.scene) >= AIM_FROM ? this.seatAt(px, py, 0) : -1;
    this.setHover(seat, px, py);
    this.canvas.style.cursor = seat >= 0 || (pitchOnScreen(this.scene) < AIM_FROM && this.sectionAt(px, py) >= 0) ? "pointer" : "";
  }

  private setHover(seat: number, px: number, py: number): void {
    if (seat === this.scene.hover) return;
    this.scene.hover = seat;
    this.callbacks.hover(seat, px, py);
    this.request();
  }

  private tap(px: number, py: number, coarse: boolean): void {
    const { model, camera } = this.scene;
    const section = this.sectionAt(px, py);
    if (section >= 0 && model.sections[section]!.standing) return this.callbacks.standing(section);
    const pitch = pitchOnScreen(this.scene);
    if (pitch < (coarse ? AIM_FROM * 2 : AIM_FROM)) {
      if (section >= 0 && pitch < AIM_FROM) this.show(model.sections[section]!.box);
      // Near a finger but still too small to hit: come closer, around the finger.
      else this.fly(zoomAt(camera, px, py, CLOSE_PITCH / pitch, this.least, this.most));
      return;
    }
    const seat = this.seatAt(px, py, coarse ? 14 : 0);
    if (seat >= 0) this.callbacks.seat(seat);
  }

  // Drawing.

  private request(): void {
    if (!this.frameRequest) this.frameRequest = requestAnimationFrame((now) => this.tick(now));
  }

  private tick(now: number): void {
    this.frameRequest = 0;
    if (this.step && !this.step(now)) this.step = null;
    this.draw();
    if (this.step) this.request();
  }

  private draw(): void {
    const { ctx, scene } = this;
    const start = performance.now();
    const pitch = pitchOnScreen(scene);
    scene.moving = start - this.lastMove < SETTLE;

    ctx.setTransform(scene.dpr, 0, 0, scene.dpr, 0, 0);
    ctx.fillStyle = toCss(scene.theme.surface);
    ctx.fillRect(0, 0, scene.frame.width, scene.frame.height);
    drawShapes(ctx, scene);
    drawSections(ctx, scene, this.paths);
    if (pitch >= scene.seatsFrom) {
      ctx.globalAlpha = nearness(scene);
      if (scene.moving && pitch < DIRECT_FROM) drawSprites(ctx, scene, this.sprites, this.versions, start);
      else drawSeats(ctx, scene);
      ctx.globalAlpha = 1;
    }
    drawLabels(ctx, scene);
    drawMarks(ctx, scene);
    this.callbacks.camera(scene.camera, scene.frame);
    if (scene.moving) this.settle();
  }

  /** Once the picture rests, it is drawn again in full quality. */
  private settle(): void {
    clearTimeout(this.settleTimer);
    this.settleTimer = setTimeout(() => this.request(), SETTLE + 10);
  }
}
