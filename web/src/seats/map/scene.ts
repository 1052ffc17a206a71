import type { Lang } from "../../i18n";
import type { SeatGrid } from "../grid";
import type { SeatModel } from "../model";
import type { Camera, Frame } from "./camera";
import type { Theme } from "./theme";

/** Everything one frame is drawn from. */
export interface Scene {
  model: SeatModel;
  grid: SeatGrid;
  taken: Uint8Array;
  /** Free places per section, as last heard. */
  free: (number | null)[];
  selected: ReadonlySet<number>;
  lost: ReadonlySet<number>;
  hover: number;
  /** Only this grade is bright; null for all. */
  only: string | null;
  camera: Camera;
  frame: Frame;
  dpr: number;
  theme: Theme;
  lang: Lang;
  /** Screen pitch from which seats are drawn. */
  seatsFrom: number;
  /** True while the picture moves: then quality gives way to smoothness. */
  moving: boolean;
  words: { free: (n: number) => string; soldOut: string };
}

/** Distance between neighbouring seats on the screen, in CSS pixels: it decides how much detail is drawn. */
export function pitchOnScreen(scene: Scene): number {
  return scene.model.pitch * scene.camera.scale;
}

/** Below this seats are never drawn, only sections. */
export const SEATS_FROM = 2.6;
/** From here seats are drawn one by one also while moving. */
export const DIRECT_FROM = 14;
/** From here a seat can be aimed at with a mouse; with a finger it takes twice that. */
export const AIM_FROM = 6;
