/** The shapes of the line: one public status a second for all, one place for each, and what changes rarely. */
import type { Localised } from "../i18n";

export const PHASES = ["announced", "lobby", "drawing", "open", "sold_out", "closed"] as const;
export type Phase = (typeof PHASES)[number];

/** What everybody reads, rewritten once a second. It holds nothing personal, so caches may hand it to anyone. */
export interface Status {
  event: string;
  /** Grows when the line had to be rebuilt; inside of one epoch nothing goes backwards. */
  epoch: number;
  phase: Phase;
  t0: string;
  at: string;
  /** How many took part in the draw; those with a higher index stand behind them as they came. */
  n: number;
  /** The highest index given out. */
  last: number;
  /** What orders the line, 43 characters of base64url; null before the draw. */
  seed: string | null;
  /** Places up to this one may come in. */
  serving: number;
  /** Admissions per minute, as measured. */
  rate: number;
  /** Least and most seconds between two looks. */
  poll: [least: number, most: number];
  /** One digit for each grade: 0 none, 1 few, 2 plenty. */
  stock: string;
  /** Version of the about object. */
  about: number;
  paused?: boolean;
  /** Until then everybody may go in without a pass. */
  open_until?: string;
}

/** What hardly ever changes: fetched once for each version. */
export interface About {
  event: string;
  version: number;
  name: Localised;
  starts_at: string;
  venue: Localised;
  time_zone: string;
  grades: { grade: string; name: Localised }[];
  message: Localised | null;
  commitment: string;
  lobby_at: string;
  t0: string;
  off_sale_at: string;
}

/** A place as this browser keeps it. */
export interface Place {
  /** Which draw it belongs to. */
  epoch: number;
  index: number;
  /** Brings the place back where the server has lost it. */
  ticket: string;
  /** As the server told it to this account; null before the draw. */
  position: number | null;
}

export interface Joined {
  epoch: number;
  index: number;
  ticket: string;
  position: number | null;
  pass?: string | null;
  expires_at?: string | null;
}

export interface Pass {
  pass: string;
  expires_at: string;
  idle_seconds?: number;
}

export interface Challenge {
  challenge: string;
  bits: number;
  captcha?: { kind: string; site_key: string } | null;
}
