import { mix, toCss } from "../colour";
import type { SeatModel } from "../model";
import type { Theme } from "./theme";

/** Seats of a section drawn once at a middle size, to be moved and stretched while the map moves. */
interface Sprite {
  canvas: HTMLCanvasElement;
  version: number;
  only: string | null;
}

const PIXELS_PER_SEAT = 12;
const MOST_PIXELS = 16_000_000;
/** Milliseconds per frame that may go into drawing new sprites. */
const FRAME_SHARE = 5;

export class Sprites {
  private readonly sprites: (Sprite | undefined)[] = [];
  readonly scale: number;

  constructor(private readonly model: SeatModel) {
    const area = model.sections.reduce((sum, { box, count }) => sum + (count ? (box.x1 - box.x0) * (box.y1 - box.y0) : 0), 0);
    this.scale = Math.min(PIXELS_PER_SEAT / model.pitch, Math.sqrt(MOST_PIXELS / Math.max(1, area)));
  }

  clear(): void {
    this.sprites.length = 0;
  }

  /** The section's picture; an older one where this frame has no time left for a new one. */
  get(
    section: number,
    version: number,
    taken: Uint8Array,
    theme: Theme,
    only: string | null,
    frameStart: number,
  ): HTMLCanvasElement | null {
    const known = this.sprites[section];
    if (known && known.version === version && known.only === only) return known.canvas;
    if (performance.now() - frameStart > FRAME_SHARE) return known?.canvas ?? null;
    const canvas = known?.canvas ?? document.createElement("canvas");
    this.draw(canvas, section, taken, theme, only);
    this.sprites[section] = { canvas, version, only };
    return canvas;
  }

  private draw(canvas: HTMLCanvasElement, index: number, taken: Uint8Array, theme: Theme, only: string | null): void {
    const { model, scale } = this;
    const section = model.sections[index]!;
    canvas.width = Math.ceil((section.box.x1 - section.box.x0) * scale) || 1;
    canvas.height = Math.ceil((section.box.y1 - section.box.y0) * scale) || 1;
    const ctx = canvas.getContext("2d");
    if (!ctx) return;
    const full = model.pitch * scale * 0.76;
    const small = full * 0.58;
    const colours = model.grades.map((grade, g) => gradeColour(theme, g, only !== null && only !== grade));
    const grey = toCss(theme.taken);
    for (let seat = section.start; seat < section.start + section.count; seat += 1) {
      const size = taken[seat] ? small : full;
      ctx.fillStyle = taken[seat] ? grey : colours[model.grade[seat]!]!;
      ctx.beginPath();
      ctx.arc((model.x[seat]! - section.box.x0) * scale, (model.y[seat]! - section.box.y0) * scale, size / 2, 0, Math.PI * 2);
      ctx.fill();
    }
  }
}

export function gradeColour(theme: Theme, grade: number, dim: boolean): string {
  const colour = theme.grades[grade] ?? theme.ink2;
  return toCss(dim ? mix(colour, theme.surface, 0.72) : colour);
}
