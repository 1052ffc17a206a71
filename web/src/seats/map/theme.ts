import { parseColour, visibleOn, type Rgb } from "../colour";

/** The map's colours, read from the page's custom properties so that light and dark need no second list. */
export interface Theme {
  paper: Rgb;
  surface: Rgb;
  surface2: Rgb;
  line: Rgb;
  ink: Rgb;
  ink2: Rgb;
  taken: Rgb;
  mark: Rgb;
  markInk: Rgb;
  bad: Rgb;
  grades: Rgb[];
  font: string;
}

export function readTheme(element: Element, gradeColours: readonly (string | undefined)[]): Theme {
  const style = getComputedStyle(element);
  const read = (name: string): Rgb => parseColour(style.getPropertyValue(name)) ?? [128, 128, 128];
  const surface = read("--map");
  return {
    paper: read("--paper"),
    surface,
    surface2: read("--surface-2"),
    line: read("--line"),
    ink: read("--ink"),
    ink2: read("--ink-2"),
    taken: read("--taken"),
    mark: read("--mark"),
    markInk: read("--mark-ink"),
    bad: read("--bad"),
    grades: gradeColours.map((colour) => visibleOn(parseColour(colour ?? "") ?? [110, 125, 118], surface)),
    font: style.fontFamily,
  };
}
