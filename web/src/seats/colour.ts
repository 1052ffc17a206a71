/** Grade colours come from promoters: they are moved until they can be told from the map's background. */

export type Rgb = readonly [number, number, number];

export function parseColour(text: string): Rgb | null {
  const long = text.trim().replace(/^#([\da-f])([\da-f])([\da-f])$/i, "#$1$1$2$2$3$3");
  const match = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(long);
  return match ? [parseInt(match[1]!, 16), parseInt(match[2]!, 16), parseInt(match[3]!, 16)] : null;
}

export function toCss([r, g, b]: Rgb, alpha = 1): string {
  return alpha === 1 ? `rgb(${r},${g},${b})` : `rgba(${r},${g},${b},${alpha})`;
}

export function mix(a: Rgb, b: Rgb, part: number): Rgb {
  const at = (i: 0 | 1 | 2): number => Math.round(a[i] + (b[i] - a[i]) * part);
  return [at(0), at(1), at(2)];
}

/** Relative luminance as WCAG defines it. */
export function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a: Rgb, b: Rgb): number {
  const [high, low] = [luminance(a), luminance(b)].sort((m, n) => n - m) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** The same hue, lightened or darkened until it stands out from the background by `least` (3 for graphics). */
export function visibleOn(colour: Rgb, background: Rgb, least = 3): Rgb {
  const toward: Rgb = luminance(background) > 0.4 ? [0, 0, 0] : [255, 255, 255];
  for (let part = 0; part < 1; part += 0.08) {
    const moved = mix(colour, toward, part);
    if (contrast(moved, background) >= least) return moved;
  }
  return toward;
}
