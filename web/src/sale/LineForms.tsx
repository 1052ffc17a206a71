import { useState } from "preact/hooks";
import { count } from "../base/format";
import { lang, t } from "../i18n";
import type { Plan } from "./Confirm";
import {
  breakGlass,
  changeLine,
  endBreakGlass,
  LEAST_REASON,
  MOST_CAP,
  MOST_MINUTES,
  MOST_RATE,
  wholeNumber,
  type Change,
  type LineState,
} from "./line";

interface Desk {
  event: string;
  line: LineState;
  set: (line: LineState) => void;
  ask: (plan: Plan) => void;
}

const n = (value: number): string => count(value, lang.value);

/** A change that is asked about first. */
function planOf(desk: Desk, title: string, lines: string[], change: Change, done?: () => void): Plan {
  return {
    title,
    lines,
    run: async () => {
      desk.set(await changeLine(desk.event, change));
      done?.();
    },
  };
}

function NumberField({
  label,
  value,
  bad,
  testid,
  onInput,
}: {
  label: string;
  value: string;
  bad: string | null;
  testid: string;
  onInput: (text: string) => void;
}) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        inputMode="numeric"
        value={value}
        aria-invalid={bad !== null}
        aria-describedby={bad ? `${testid}-bad` : undefined}
        data-testid={testid}
        onInput={(input) => onInput(input.currentTarget.value)}
      />
      {bad && (
        <span class="field-bad" id={`${testid}-bad`} role="alert">
          {bad}
        </span>
      )}
    </label>
  );
}

const bounds = (least: number, most: number): string => t("desk.bad_number", { least: n(least), most: n(most) });

export function PaceForm(desk: Desk) {
  const { line } = desk;
  const [cap, setCap] = useState<string | null>(null);
  const [rate, setRate] = useState<string | null>(null);
  const newCap = cap === null ? line.cap : wholeNumber(cap, 0, MOST_CAP);
  const newRate = rate === null ? line.rate_limit : wholeNumber(rate, 1, MOST_RATE);
  const labels = { cap: t("desk.cap", { most: n(MOST_CAP) }), rate: t("desk.rate", { most: n(MOST_RATE) }) };
  const change: Change = {
    ...(newCap !== null && newCap !== line.cap ? { cap: newCap } : {}),
    ...(newRate !== null && newRate !== line.rate_limit ? { rate_limit: newRate } : {}),
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    const lines = [
      ...(change.cap === undefined ? [] : [t("desk.do_change", { name: labels.cap, from: n(line.cap), to: n(change.cap) })]),
      ...(change.cap === 0 ? [t("desk.do_cap_zero")] : []),
      ...(change.rate_limit === undefined
        ? []
        : [t("desk.do_change", { name: labels.rate, from: n(line.rate_limit), to: n(change.rate_limit) })]),
    ];
    desk.ask(
      planOf(desk, t("desk.confirm"), lines, change, () => {
        setCap(null);
        setRate(null);
      }),
    );
  };
  return (
    <form onSubmit={submit}>
      <h3>{t("desk.pace")}</h3>
      <NumberField
        label={labels.cap}
        value={cap ?? String(line.cap)}
        bad={newCap === null ? bounds(0, MOST_CAP) : null}
        testid="desk-cap"
        onInput={setCap}
      />
      <NumberField
        label={labels.rate}
        value={rate ?? String(line.rate_limit)}
        bad={newRate === null ? bounds(1, MOST_RATE) : null}
        testid="desk-rate"
        onInput={setRate}
      />
      <button
        type="submit"
        class="btn"
        disabled={newCap === null || newRate === null || Object.keys(change).length === 0}
        data-testid="desk-pace"
      >
        {t("desk.apply")}
      </button>
    </form>
  );
}

export function Switches(desk: Desk) {
  const { paused, draining } = desk.line;
  const pause = t(paused ? "desk.resume" : "desk.pause");
  const drain = t(draining ? "desk.undrain" : "desk.drain");
  return (
    <div class="desk-switches">
      <button
        type="button"
        class={paused ? "btn primary" : "btn"}
        data-testid="desk-pause"
        onClick={() => desk.ask(planOf(desk, pause, [t(paused ? "desk.do_resume" : "desk.do_pause")], { paused: !paused }))}
      >
        {pause}
      </button>
      <button
        type="button"
        class="btn"
        data-testid="desk-drain"
        onClick={() => desk.ask(planOf(desk, drain, [t(draining ? "desk.do_undrain" : "desk.do_drain")], { draining: !draining }))}
      >
        {drain}
      </button>
    </div>
  );
}

export function MessageForm(desk: Desk) {
  const { message } = desk.line;
  const [ko, setKo] = useState<string | null>(null);
  const [en, setEn] = useState<string | null>(null);
  const text = { ko: (ko ?? message?.ko ?? "").trim(), en: (en ?? message?.en ?? "").trim() };
  const done = (): void => {
    setKo(null);
    setEn(null);
  };
  const field = (label: string, value: string, testid: string, onInput: (text: string) => void) => (
    <label class="field">
      <span>{label}</span>
      <textarea rows={2} maxLength={300} value={value} data-testid={testid} onInput={(input) => onInput(input.currentTarget.value)} />
    </label>
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        desk.ask(planOf(desk, t("desk.publish"), [text.ko, text.en, t("desk.do_message")].filter(Boolean), { message: text }, done));
      }}
    >
      <h3>{t("desk.message")}</h3>
      {field(t("desk.message_ko"), ko ?? message?.ko ?? "", "desk-message-ko", setKo)}
      {field(t("desk.message_en"), en ?? message?.en ?? "", "desk-message-en", setEn)}
      <div class="desk-switches">
        <button
          type="submit"
          class="btn"
          disabled={!text.ko || (text.ko === message?.ko && text.en === message?.en)}
          data-testid="desk-publish"
        >
          {t("desk.publish")}
        </button>
        {message && (
          <button
            type="button"
            class="btn quiet"
            data-testid="desk-unpublish"
            onClick={() => desk.ask(planOf(desk, t("desk.unpublish"), [t("desk.do_unpublish")], { message: null }, done))}
          >
            {t("desk.unpublish")}
          </button>
        )}
      </div>
    </form>
  );
}

export function BreakGlass({ event, line, set, ask }: Desk) {
  const [minutes, setMinutes] = useState("5");
  const [reason, setReason] = useState("");
  const time = wholeNumber(minutes, 1, MOST_MINUTES);
  const told = reason.trim();
  const short = told.length > 0 && told.length < LEAST_REASON;
  if (line.break_glass_until)
    return (
      <div class="desk-glass">
        <h3>{t("desk.glass")}</h3>
        <button
          type="button"
          class="btn primary"
          data-testid="glass-close"
          onClick={() =>
            ask({ title: t("desk.glass_close"), lines: [t("desk.do_glass_end")], run: async () => set(await endBreakGlass(event)) })
          }
        >
          {t("desk.glass_close")}
        </button>
      </div>
    );
  return (
    <form
      class="desk-glass"
      onSubmit={(submitted) => {
        submitted.preventDefault();
        if (time === null) return;
        const run = async (): Promise<void> => {
          set(await breakGlass(event, time, told));
          setReason("");
        };
        ask({ title: t("desk.glass_open"), lines: [t("desk.do_glass", { n: time }), told], grave: true, run });
      }}
    >
      <h3>{t("desk.glass")}</h3>
      <p class="hint">{t("desk.glass_hint")}</p>
      <NumberField
        label={t("desk.minutes")}
        value={minutes}
        bad={time === null ? bounds(1, MOST_MINUTES) : null}
        testid="glass-minutes"
        onInput={setMinutes}
      />
      <label class="field">
        <span>{t("desk.reason")}</span>
        <input
          value={reason}
          maxLength={400}
          aria-invalid={short}
          data-testid="glass-reason"
          onInput={(input) => setReason(input.currentTarget.value)}
        />
        {short && <span class="field-bad">{t("desk.short_reason")}</span>}
      </label>
      <button type="submit" class="btn danger solid" disabled={time === null || told.length < LEAST_REASON} data-testid="glass-open">
        {t("desk.glass_open")}
      </button>
    </form>
  );
}
