import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api/client";
import { Problem, problemText } from "../api/problem";
import { count } from "../base/format";
import { lang, t } from "../i18n";
import "../i18n/draw";
import { LookUp, Result } from "../draw/Result";
import type { DrawRecord } from "../draw/record";
import { Timeline } from "../draw/Timeline";
import { unpacked, verify, type Verdict } from "../draw/verify";
import { announce } from "../ui/announce";
import { pathId, useLoad } from "../ui/hooks";
import { Icon } from "../ui/Icon";
import { mount } from "../ui/Shell";
import { Notice, Skeleton } from "../ui/states";
import "../styles/forms.css";
import "../styles/draw.css";

/** Bytes of one person's line in an export, roughly. */
const LINE_BYTES = 34;

type Work = { kind: "idle" } | { kind: "busy"; done: number; of: number } | { kind: "done"; verdict: Verdict } | { kind: "broken"; text: string };
type Open = (signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;

function fromServer(id: string): Open {
  return async (signal) => {
    const response = await fetch(`/api/events/${encodeURIComponent(id)}/draw/export`, { signal });
    if (response.ok && response.body) return response.body;
    throw new Problem(response.status === 404 ? "not_found" : "unavailable", response.status, {});
  };
}

/** One check at a time; a new one stops the one before. */
function useWork(noted: string): { work: Work; start: (open: Open) => void; stop: () => void } {
  const [work, setWork] = useState<Work>({ kind: "idle" });
  const current = useRef<AbortController | null>(null);
  const stop = (): void => {
    current.current?.abort();
    setWork({ kind: "idle" });
  };
  const start = (open: Open): void => {
    current.current?.abort();
    const abort = (current.current = new AbortController());
    setWork({ kind: "busy", done: 0, of: 0 });
    const tell = (done: number, of: number): void => void (abort.signal.aborted || setWork({ kind: "busy", done, of }));
    open(abort.signal)
      .then(unpacked)
      .then((stream) => verify(stream, noted.trim() || null, tell, abort.signal))
      .then((verdict) => {
        if (abort.signal.aborted) return;
        setWork({ kind: "done", verdict });
        announce(t(verdict.ok ? "draw.proved" : "draw.not_proved"), true);
      })
      .catch((error: unknown) => {
        if (abort.signal.aborted) return;
        setWork({ kind: "broken", text: error instanceof Problem ? problemText(error) : t("draw.unreadable") });
      });
  };
  useEffect(() => () => current.current?.abort(), []);
  return { work, start, stop };
}

function DropZone({ onFile }: { onFile: (file: File) => void }) {
  const [over, setOver] = useState(false);
  return (
    <label
      class={over ? "drop over" : "drop"}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const file = event.dataTransfer?.files[0];
        if (file) onFile(file);
      }}
    >
      <Icon name="download" />
      <span>{t("draw.drop")}</span>
      <input
        type="file"
        class="visually-hidden"
        accept=".jsonl,.gz"
        data-testid="file"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) onFile(file);
          event.currentTarget.value = "";
        }}
      />
    </label>
  );
}

function Progress({ done, of, stop }: { done: number; of: number; stop: () => void }) {
  const text = of ? t("draw.working", { done: count(done, lang.value), n: count(of, lang.value) }) : t("draw.reading");
  return (
    <section class="card working" data-testid="working">
      <p>{text}</p>
      <progress aria-label={text} {...(of ? { value: done, max: of } : {})} />
      <button type="button" class="btn small" onClick={stop}>
        {t("draw.stop")}
      </button>
    </section>
  );
}

function size(people: number): string {
  const kb = Math.max(1, Math.round((people * LINE_BYTES) / 1000));
  return kb < 1000 ? `${kb} kB` : `${count(Math.round(kb / 1000), lang.value)} MB`;
}

function Page() {
  const id = pathId();
  const { data: record, problem, reload } = useLoad((signal) => get<DrawRecord>(`/api/events/${encodeURIComponent(id)}/draw`, { signal }), id);
  const [noted, setNoted] = useState("");
  const { work, start, stop } = useWork(noted);
  const ready = record?.secret != null;
  return (
    <div class="page narrow draw">
      <div class="page-head">
        <h1>{t("draw.headline")}</h1>
      </div>
      <p class="hint">{t("draw.lead")}</p>
      {!record && !problem && <Skeleton lines={3} tall />}
      {problem && !record && (
        <Notice tone={problem.status === 404 ? "info" : "warn"}>
          <p>{problem.status === 404 ? t("draw.none") : problemText(problem)}</p>
          {problem.status !== 404 && (
            <button type="button" class="btn small" onClick={reload}>
              {t("action.retry")}
            </button>
          )}
        </Notice>
      )}
      {record && <Timeline record={record} />}
      <section class="card start">
        {ready && (
          <button
            type="button"
            class="btn primary large wide"
            data-testid="check"
            disabled={work.kind === "busy"}
            onClick={() => start(fromServer(id))}
          >
            {t("draw.check", { size: size(record.n ?? 0) })}
          </button>
        )}
        <DropZone onFile={(file) => start(() => Promise.resolve(file.stream()))} />
        <label class="field">
          <span>{t("draw.noted")}</span>
          <input value={noted} autocomplete="off" spellcheck={false} maxLength={80} data-testid="noted" onInput={(event) => setNoted(event.currentTarget.value)} />
          <small class="hint">{t("draw.noted_hint")}</small>
        </label>
      </section>
      {work.kind === "busy" && <Progress done={work.done} of={work.of} stop={stop} />}
      {work.kind === "broken" && (
        <Notice tone="warn" testid="broken">
          <p>{work.text}</p>
        </Notice>
      )}
      {work.kind === "done" && <Result verdict={work.verdict} eventId={id} />}
      {work.kind === "done" && work.verdict.ok && work.verdict.lines > 0 && <LookUp verdict={work.verdict} />}
    </div>
  );
}

void mount("draw.title", () => <Page />);
