import { useState } from "preact/hooks";
import { account } from "../api/session";
import { clock } from "../base/clock";
import { count, minutesSeconds, when } from "../base/format";
import { lang, t, tOptional } from "../i18n";
import { useNow } from "../ui/hooks";
import { Notice } from "../ui/states";
import { Stack } from "./charts";
import { Confirm, type Plan } from "./Confirm";
import { useLine, type LineState } from "./line";
import { BreakGlass, MessageForm, PaceForm, Switches } from "./LineForms";
import { Tile } from "./Tile";
import "../styles/forms.css";

const n = (value: number | null): string => (value === null ? t("desk.unknown") : count(value, lang.value));

function Badges({ line }: { line: LineState }) {
  useNow(1000);
  const phase = line.phase === "open" ? "mark" : line.phase === "lobby" || line.phase === "drawing" ? "info" : "";
  return (
    <p class="badges">
      <span class={`badge ${phase}`} data-testid="desk-phase" data-phase={line.phase}>
        {t(`desk.phase.${line.phase}`)}
      </span>
      {line.paused && <span class="badge warn">{t("desk.paused")}</span>}
      {line.draining && <span class="badge warn">{t("desk.draining")}</span>}
      {line.break_glass_until && (
        <span class="badge bad" data-testid="glass-left">
          {t("desk.open_house", { left: minutesSeconds(clock.left(line.break_glass_until)) })}
        </span>
      )}
    </p>
  );
}

function Figures({ line }: { line: LineState }) {
  const inside = line.inside ?? 0;
  const share = line.utilisation === null ? null : Math.round(line.utilisation * 100);
  const health = line.health === null ? null : Math.round(line.health * 100);
  return (
    <>
      <div class="tiles small">
        <Tile
          name={t("desk.waiting")}
          value={n(line.waiting)}
          note={t("desk.waiting_note", { serving: n(line.serving), last: n(line.last) })}
          tone="mark"
        />
        <Tile
          name={t("desk.inside")}
          value={n(line.inside)}
          note={line.cap === 0 ? t("desk.inside_none") : t("desk.inside_note", { cap: n(line.cap), percent: share ?? "–" })}
          tone={line.cap === 0 ? "warn" : ""}
        />
        <Tile name={t("desk.admitted")} value={n(line.admitted_last_minute)} note={t("desk.admitted_note", { n: n(line.rate_limit) })} />
        <Tile name={t("desk.door")} value={n(line.door)} />
        <Tile
          name={t("desk.health")}
          value={health === null ? t("desk.unknown") : `${health}%`}
          note={t("desk.health_note")}
          tone={health !== null && health < 50 ? "warn" : ""}
        />
      </div>
      <Stack
        label={t("desk.inside")}
        parts={[
          { name: t("desk.inside"), value: inside, tone: "good" },
          { name: t("sale.free"), value: Math.max(0, line.cap - inside), tone: "off" },
        ]}
      />
    </>
  );
}

function detailWords(detail: Record<string, unknown>): string {
  return Object.entries(detail)
    .map(
      ([name, value]) =>
        `${name} ${typeof value === "string" ? (Number.isNaN(Date.parse(value)) ? value : when(value, "clock", lang.value)) : String(value)}`,
    )
    .join(", ");
}

function Actions({ line }: { line: LineState }) {
  return (
    <div>
      <h3>{t("desk.actions")}</h3>
      {line.actions.length === 0 ? (
        <p class="hint">{t("desk.actions_none")}</p>
      ) : (
        <ul class="desk-actions" data-testid="desk-actions">
          {line.actions.map((action) => (
            <li key={action.at + action.action}>
              <time>{when(action.at, "clock", lang.value)}</time>
              <span>
                <b>{tOptional(`desk.action.${action.action}`) ?? action.action}</b> {detailWords(action.detail)}
                {action.reason && <em>{action.reason}</em>}
                <small>{action.account_id}</small>
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The line of a sale: how it runs, and the hands on it. Nothing where the show has no line. */
export function LinePanel({ event }: { event: string }) {
  const { line, problem, set } = useLine(event);
  const [plan, setPlan] = useState<Plan | null>(null);
  if (!line) return null;
  const desk = { event, line, set, ask: setPlan };
  return (
    <section class="card wide-card desk" aria-labelledby="desk" data-testid="desk">
      <header class="page-head">
        <h2 id="desk">{t("desk.title")}</h2>
        <Badges line={line} />
      </header>
      {problem && (
        <Notice tone="warn">
          <p>{t("desk.stale")}</p>
        </Notice>
      )}
      {line.leader?.alive === false && (
        <Notice tone="warn">
          <p>{t("desk.leader_gone")}</p>
        </Notice>
      )}
      {line.last === null && (
        <Notice tone="warn">
          <p>{t("desk.counts_gone")}</p>
        </Notice>
      )}
      <Figures line={line} />
      <div class="desk-hands">
        <PaceForm {...desk} />
        <Switches {...desk} />
        <MessageForm {...desk} />
        {account.value?.role === "operator" && <BreakGlass {...desk} />}
      </div>
      <Actions line={line} />
      <Confirm plan={plan} close={() => setPlan(null)} />
    </section>
  );
}
