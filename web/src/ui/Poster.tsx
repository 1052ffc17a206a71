import type { JSX } from "preact";

/** Posters without image files: each event's id is the seed of its picture, the same on every device. */

const PALETTES: readonly (readonly [string, string, string, string, string])[] = [
  ["#1b1b3a", "#e5446d", "#ff9b54", "#ffd29d", "#f7ebec"],
  ["#04241f", "#0a7d62", "#c9f24e", "#f4ffd6", "#f08a4b"],
  ["#10204f", "#2f62ff", "#7fc8ff", "#f5f0e1", "#ff5d3b"],
  ["#2b0f2e", "#8f2bb3", "#ff6fb5", "#ffd1e8", "#ffb400"],
  ["#2a1207", "#c8401f", "#f2a65a", "#f8e7c9", "#35a7a0"],
  ["#0c1b26", "#19647e", "#28afb0", "#f4d35e", "#ee964b"],
  ["#1c1c1c", "#d7263d", "#f46036", "#f6e8dc", "#2e86ab"],
  ["#16302b", "#694873", "#8b728e", "#f2d0a9", "#e56b6f"],
];

function seedOf(text: string): number {
  let hash = 2166136261;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  return hash >>> 0;
}

/** A small well-mixed generator (mulberry32): the same seed always draws the same poster. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

type Colours = (typeof PALETTES)[number];
type Art = (random: () => number, colours: Colours) => JSX.Element[];
const W = 400;
const H = 500;

/** The bowl of an arena around a lit stage. */
const rings: Art = (random, [, b, c, d, e]) => {
  const cx = W * (0.2 + random() * 0.6);
  const cy = H * (0.85 + random() * 0.25);
  const turn = random() * 60 - 30;
  return [
    ...Array.from({ length: 9 }, (_, i) => {
      const r = 90 + i * 48;
      const length = Math.PI * 2 * r;
      const dash = length * (0.04 + random() * 0.14);
      return (
        <circle
          key={i}
          cx={cx}
          cy={cy}
          r={r}
          fill="none"
          stroke={[b, c, d, e][(i + (random() > 0.7 ? 1 : 0)) % 4]}
          stroke-width={22 + random() * 14}
          stroke-dasharray={`${dash} ${10 + random() * 26}`}
          transform={`rotate(${turn + i * 11} ${cx} ${cy})`}
        />
      );
    }),
    <circle key="stage" cx={cx} cy={cy} r="62" fill={d} />,
  ];
};

/** Light from above, through haze. */
const beams: Art = (random, [, b, c, d, e]) => {
  const lamps = 5 + Math.floor(random() * 3);
  return [
    ...Array.from({ length: lamps }, (_, i) => {
      const x = (W / (lamps - 1)) * i;
      const aim = W * random();
      const spread = 46 + random() * 70;
      return (
        <polygon
          key={i}
          points={`${x - 5},-10 ${x + 5},-10 ${aim + spread},${H + 20} ${aim - spread},${H + 20}`}
          fill={[b, c, d, e][i % 4]}
          opacity={0.36 + random() * 0.34}
        />
      );
    }),
    <ellipse key="floor" cx={W / 2} cy={H + 20} rx={W * 0.75} ry={70 + random() * 40} fill={b} />,
    <circle key="sun" cx={W * (0.25 + random() * 0.5)} cy={H * 0.4} r={48 + random() * 34} fill={random() > 0.5 ? d : e} />,
  ];
};

/** A sound drawn as ribbons. */
const waves: Art = (random, [, b, c, d, e]) => {
  const phase = random() * 6;
  const bend = 0.7 + random() * 0.9;
  return Array.from({ length: 11 }, (_, i) => {
    const y = 40 + i * 44;
    const height = 16 + 46 * Math.abs(Math.sin(i * 0.55 + phase));
    const points = Array.from({ length: 41 }, (_, k) => {
      const x = (W / 40) * k;
      const swell = Math.exp(-(((x - W / 2) / 150) ** 2));
      return `${k ? "L" : "M"}${x.toFixed(1)} ${(y - height * swell * Math.sin(k * 0.32 * bend + phase + i)).toFixed(1)}`;
    });
    return (
      <path key={i} d={points.join("")} fill="none" stroke={[b, c, d, e][i % 4]} stroke-width={9 + (i % 3) * 7} stroke-linecap="round" />
    );
  });
};

/** Quarter circles on a grid, like stacked tickets and spotlights. */
const tiles: Art = (random, colours) => {
  const size = 100;
  return Array.from({ length: 20 }, (_, i) => {
    const x = (i % 4) * size;
    const y = Math.floor(i / 4) * size;
    const back = colours[1 + Math.floor(random() * 4)];
    const front = colours[Math.floor(random() * 5)];
    const quarter = 90 * Math.floor(random() * 4);
    const kind = random();
    return (
      <g key={i} transform={`translate(${x} ${y})`}>
        <rect width={size + 0.5} height={size + 0.5} fill={back} opacity={kind > 0.85 ? 0.25 : 1} />
        <g transform={`rotate(${quarter} ${size / 2} ${size / 2})`}>
          {kind < 0.6 ? (
            <path d={`M0 0H${size}A${size} ${size} 0 0 1 0 ${size}Z`} fill={front} />
          ) : kind < 0.8 ? (
            <circle cx={size / 2} cy={size / 2} r={size * 0.36} fill={front} />
          ) : (
            <path d={`M0 0H${size}L0 ${size}Z`} fill={front} />
          )}
        </g>
      </g>
    );
  });
};

const ARTS: readonly Art[] = [rings, beams, waves, tiles];

export function Poster({ seed, image }: { seed: string; image?: string | null }) {
  if (image) return <img class="poster" src={image} alt="" loading="lazy" />;
  const number = seedOf(seed);
  const random = randomOf(number);
  const colours = PALETTES[number % PALETTES.length] ?? PALETTES[0]!;
  const art = ARTS[Math.floor(random() * ARTS.length)] ?? rings;
  return (
    <svg class="poster" viewBox={`0 0 ${W} ${H}`} preserveAspectRatio="xMidYMid slice" aria-hidden="true">
      <rect width={W} height={H} fill={colours[0]} />
      {art(random, colours)}
    </svg>
  );
}
