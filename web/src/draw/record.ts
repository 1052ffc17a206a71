/** The published record of a draw, in its one spelling, as `src/ticketing/waiting/record.py` writes it. */
import { commitment, delimited, drawSeed, hex, number, tagged, unhex, utf8 } from "./hash";
import { MAX_N, ROUNDS } from "./places";

export const ALGORITHM = "feistel-hmac-sha256";

/** The record as its JSON has it; what is not known yet is null. */
export interface DrawRecord {
  format: "ticketing-draw";
  version: 1;
  algorithm: string;
  rounds: number;
  event_id: string;
  epoch: number;
  commitment: string;
  published_at: string;
  beacon_source: string | null;
  closed_at: string | null;
  n: number | null;
  roll: string | null;
  digest: string | null;
  secret: string | null;
  beacon: { round: number; value: string } | null;
  seed: string | null;
}
export type ClosedRecord = DrawRecord & { closed_at: string; n: number; roll: string; digest: string };
export type RevealedRecord = ClosedRecord & { secret: string; seed: string };

/** Which part of a record is wrong. */
export class BadRecord extends Error {}

interface Source {
  genesis: number;
  period: number;
  url: (round: number) => string;
}
const QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971";
/** Public randomness that a draw may promise to use; instants in milliseconds. */
export const BEACONS: Record<string, Source | undefined> = {
  "drand-quicknet": { genesis: 1_692_803_367_000, period: 3000, url: (round) => `https://api.drand.sh/${QUICKNET}/public/${round}` },
};
const BEACON_MARGIN = 3000;

/** The one round that counts: the first at least 3 s after the close. */
export function roundAfter(source: Source, closedAt: number): number {
  return Math.ceil(Math.max(0, closedAt + BEACON_MARGIN - source.genesis) / source.period) + 1;
}

function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new BadRecord(what);
}

const isHash = (value: unknown): value is string => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
const isWhole = (value: unknown, end: number): value is number => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= end;

function instant(value: unknown, what: string): number {
  must(typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value), what);
  const ms = Date.parse(value);
  must(ms >= 0 && new Date(ms).toISOString() === value, what);
  return ms;
}

function announced(found: Record<string, unknown>): void {
  must(found.format === "ticketing-draw" && found.version === 1, "format");
  must(found.algorithm === ALGORITHM && found.rounds === ROUNDS, "algorithm");
  must(typeof found.event_id === "string" && /^[\w-]{1,64}$/.test(found.event_id), "event_id");
  must(isWhole(found.epoch, Number.MAX_SAFE_INTEGER), "epoch");
  must(isHash(found.commitment), "commitment");
  instant(found.published_at, "published_at");
  must(found.beacon_source === null || (typeof found.beacon_source === "string" && Object.hasOwn(BEACONS, found.beacon_source)), "beacon_source");
}

function closed(found: DrawRecord): asserts found is ClosedRecord {
  must(instant(found.published_at, "published_at") < instant(found.closed_at, "closed_at"), "closed_at");
  must(isWhole(found.n, MAX_N), "n");
  must(isHash(found.roll), "roll");
  must(found.digest === hex(digestOf(found as ClosedRecord)), "digest");
}

function revealed(found: DrawRecord): asserts found is RevealedRecord {
  must(found.closed_at !== null, "secret");
  must(isHash(found.secret), "secret");
  const source = found.beacon_source === null ? null : BEACONS[found.beacon_source]!;
  must((source === null) === (found.beacon === null), "beacon");
  if (source && found.beacon) {
    must(typeof found.beacon === "object" && isHash(found.beacon.value), "beacon");
    must(found.beacon.round === roundAfter(source, Date.parse(found.closed_at)), "beacon");
  }
  must(found.seed === hex(seedOf(found as RevealedRecord)), "seed");
}

/** Everything that was fixed at the close, in 32 bytes. */
function digestOf(record: ClosedRecord): Uint8Array {
  const announcement = tagged(
    "announcement",
    utf8(record.algorithm),
    number(record.rounds),
    utf8(record.event_id),
    number(record.epoch),
    unhex(record.commitment),
    number(Date.parse(record.published_at)),
    utf8(record.beacon_source ?? ""),
  );
  return tagged("close", announcement, number(Date.parse(record.closed_at)), number(record.n), unhex(record.roll));
}

function seedOf(record: RevealedRecord): Uint8Array {
  const { beacon, beacon_source: source } = record;
  const material = beacon && delimited(utf8(source ?? ""), number(beacon.round), unhex(beacon.value));
  return drawSeed(unhex(record.secret), record.event_id, record.epoch, record.n, unhex(record.digest), material);
}

/** Whether the revealed secret is the one that was promised. */
export const kept = (record: RevealedRecord): boolean => hex(commitment(unhex(record.secret))) === record.commitment;

/** In the order of the specification, so that the spelling can be compared. */
function respelled(found: DrawRecord): string {
  const beacon = found.beacon && { round: found.beacon.round, value: found.beacon.value };
  const { format, version, algorithm, rounds, event_id, epoch, commitment: promise, published_at, beacon_source } = found;
  const { closed_at, n, roll, digest, secret, seed } = found;
  return JSON.stringify({
    ...{ format, version, algorithm, rounds, event_id, epoch, commitment: promise, published_at, beacon_source },
    ...{ closed_at, n, roll, digest, secret, beacon, seed },
  });
}

/** The record of its one spelling; throws BadRecord with the field that does not fit. A broken promise is still read: see `kept`. */
export function decode(text: string): DrawRecord {
  let found: DrawRecord;
  try {
    found = JSON.parse(text) as DrawRecord;
  } catch {
    throw new BadRecord("format");
  }
  must(typeof found === "object" && found !== null, "format");
  announced(found as unknown as Record<string, unknown>);
  if (found.closed_at !== null || found.n !== null || found.roll !== null || found.digest !== null) closed(found);
  if (found.secret !== null || found.beacon !== null || found.seed !== null) revealed(found);
  must(respelled(found) === text, "spelling");
  return found;
}

export const isRevealed = (record: DrawRecord): record is RevealedRecord => record.secret !== null;
