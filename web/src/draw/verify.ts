/** Checks a published draw in the browser, from nothing but its export: the same checks as `ticketing verify-draw`. */
import { CHUNK, hex, RollDigest } from "./hash";
import { Places } from "./places";
import { BadRecord, decode, isRevealed, kept, type DrawRecord, type RevealedRecord } from "./record";

/** Stands at an index that no account holds. */
export const NOBODY = "-".repeat(22);
const MAX_RECORD = 4096;
const MAX_LINE = 64;

export const CHECKS = ["record", "commitment", "noted", "roll", "twice", "places"] as const;
export type Check = (typeof CHECKS)[number];
export const CODES = ["record", "not_revealed", "commitment", "noted", "line", "place", "twice", "missing", "surplus", "roll"] as const;
export type Code = (typeof CODES)[number];

/** Something that does not agree: how often, and where first (an index, or the name of a field). */
export interface Finding {
  code: Code;
  count: number;
  where: string | number;
}

export interface Verdict {
  ok: boolean;
  record: DrawRecord | null;
  checked: Check[];
  findings: Finding[];
  lines: number;
  nobody: number;
  /** Everybody in the order of their index: 22 letters each. Empty before the reveal. */
  subjects: string[];
  places: Places | null;
}

/** How much one piece of work may do before others get the thread, in milliseconds; more where nobody looks. */
const turn = (): number => (typeof document !== "undefined" && document.hidden ? 400 : 12);
const breathe = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Lines of a byte stream, without their ends. The last one, and one that is too long, come with `cut`. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<{ lines: string[]; cut: string | null }> {
  // One sign for each byte, and never two bytes for one sign: a forged spelling cannot hide in the decoding.
  const decoder = new TextDecoder("windows-1252");
  const reader = stream.getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (rest + decoder.decode(value)).split("\n");
      rest = lines.pop() ?? "";
      if (lines.length) yield { lines, cut: null };
      if (rest.length > MAX_RECORD) break;
    }
    if (rest) yield { lines: [], cut: rest.slice(0, MAX_RECORD) };
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** The stream as it is, or unpacked when it begins like gzip. */
export async function unpacked(stream: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array>> {
  const [peek, whole] = stream.tee();
  const reader = peek.getReader();
  const { value } = await reader.read();
  void reader.cancel();
  const packed = value?.[0] === 0x1f && value[1] === 0x8b;
  return packed ? whole.pipeThrough(new DecompressionStream("gzip") as ReadableWritablePair<Uint8Array, Uint8Array>) : whole;
}

class Reading {
  private readonly found = new Map<Code, Finding>();
  private readonly seen = new Set<string>();
  private roll: RollDigest | null = null;
  readonly verdict: Verdict = {
    ok: false,
    record: null,
    checked: [],
    findings: [],
    lines: 0,
    nobody: 0,
    subjects: [],
    places: null,
  };
  n = 0;

  add(code: Code, where: string | number): void {
    const before = this.found.get(code);
    if (before) before.count += 1;
    else this.found.set(code, { code, where, count: 1 });
  }

  /** Whether lines are to follow. */
  head(text: string, noted: string | null): boolean {
    const { verdict } = this;
    try {
      verdict.record = decode(text);
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error;
      this.add("record", error.message);
      return false;
    }
    verdict.checked.push("record");
    if (!isRevealed(verdict.record)) {
      this.add("not_revealed", "secret");
      return false;
    }
    this.promise(verdict.record, noted);
    this.n = verdict.record.n;
    this.roll = new RollDigest(verdict.record.event_id, verdict.record.epoch);
    if (this.n) verdict.places = new Places(Uint8Array.from(verdict.record.seed.match(/../g)!, (two) => parseInt(two, 16)), this.n);
    return true;
  }

  private promise(record: RevealedRecord, noted: string | null): void {
    if (!kept(record)) this.add("commitment", "secret");
    this.verdict.checked.push("commitment");
    if (noted === null) return;
    const wanted = noted.trim().toLowerCase();
    if (wanted !== record.commitment && wanted !== record.digest) this.add("noted", wanted);
    this.verdict.checked.push("noted");
  }

  line(text: string): void {
    const { verdict } = this;
    const index = (verdict.lines += 1);
    const subject = text.slice(2, 24);
    const place = verdict.places?.place(index) ?? 0;
    if (text !== `["${subject}",${place}]` || !/^[\w-]{22}$/.test(subject)) {
      this.add(/^\["[\w-]{22}",[1-9]\d{0,9}\]$/.test(text) ? "place" : "line", index);
    }
    if (subject === NOBODY) verdict.nobody += 1;
    else if (this.seen.has(subject)) this.add("twice", index);
    else this.seen.add(subject);
    verdict.subjects.push(subject);
    this.roll?.add(subject);
  }

  end(surplus: boolean): Verdict {
    const { verdict, n } = this;
    if (this.roll) {
      if (verdict.lines < n) this.add("missing", verdict.lines);
      if (surplus) this.add("surplus", n);
      if (hex(this.roll.digest()) !== (verdict.record as RevealedRecord).roll) this.add("roll", "roll");
      verdict.checked.push("roll", "twice", "places");
    }
    verdict.findings = [...this.found.values()];
    verdict.ok = verdict.findings.length === 0;
    return verdict;
  }
}

/**
 * Recomputes a whole draw. `noted` is a commitment or a digest that the reader wrote down, to be compared. `tell` hears
 * how many of how many lines were read. Rejects with whatever reading the stream throws, or when the signal says so.
 */
export async function verify(
  stream: ReadableStream<Uint8Array>,
  noted: string | null = null,
  tell: (done: number, of: number) => void = () => undefined,
  signal?: AbortSignal,
): Promise<Verdict> {
  const reading = new Reading();
  let headed = false;
  let since = performance.now();
  for await (const { lines, cut } of linesOf(stream)) {
    let from = 0;
    if (!headed) {
      headed = true;
      // A record is ASCII; one that was cut off has lost its line end, at least.
      if (lines[0] === undefined || lines[0].length > MAX_RECORD || !reading.head(lines[0], noted)) {
        if (lines[0] === undefined || lines[0].length > MAX_RECORD) reading.add("record", "spelling");
        return reading.end(false);
      }
      from = 1;
    }
    for (let i = from; i < lines.length; i += 1) {
      if (reading.verdict.lines === reading.n) return reading.end(true);
      reading.line(lines[i]!);
      if (reading.verdict.lines % CHUNK === 0 && performance.now() - since > turn()) {
        tell(reading.verdict.lines, reading.n);
        await breathe();
        signal?.throwIfAborted();
        since = performance.now();
      }
    }
    if (cut !== null) {
      if (reading.verdict.lines === reading.n) return reading.end(true);
      reading.line(cut.slice(0, MAX_LINE));
      // It lacks its line end, whatever else it says.
      reading.add("line", reading.verdict.lines);
    }
  }
  if (!headed) reading.add("record", "format");
  return reading.end(false);
}
