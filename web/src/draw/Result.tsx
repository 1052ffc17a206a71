import { useState } from "preact/hooks";
import { count } from "../base/format";
import { lang, t } from "../i18n";
import { Icon } from "../ui/Icon";
import { Notice } from "../ui/states";
import { BEACONS } from "./record";
import type { Verdict } from "./verify";
import { CHECK_WORDS, findingWords, passed } from "./words";

function Beacon({ verdict }: { verdict: Verdict }) {
  const { beacon, beacon_source: source } = verdict.record!;
  const url = beacon && source && BEACONS[source]?.url(beacon.round);
  if (!beacon || !url) return <li>{t("draw.note_no_beacon")}</li>;
  return (
    <li>
      {t("draw.note_beacon")}{" "}
      <a href={url} rel="noreferrer" target="_blank">
        {source} {beacon.round}
      </a>
      <code>{beacon.value}</code>
    </li>
  );
}

/** What came of a check, and what a check cannot tell. */
export function Result({ verdict, eventId }: { verdict: Verdict; eventId: string }) {
  const { record, ok } = verdict;
  return (
    <section class={`card verdict ${ok ? "good" : "bad"}`} role={ok ? "status" : "alert"} data-testid="verdict" data-ok={ok}>
      <h2>
        <span class="verdict-mark">
          <Icon name={ok ? "check" : "cross"} size={26} />
        </span>
        {t(ok ? "draw.proved" : "draw.not_proved")}
      </h2>
      {record && record.event_id !== eventId && (
        <Notice tone="warn">
          <p>{t("draw.other", { id: record.event_id })}</p>
        </Notice>
      )}
      <p>{ok ? t("draw.proved_hint", { n: count(verdict.lines, lang.value) }) : t("draw.not_proved_hint")}</p>
      <ul class="checks">
        {verdict.findings.map((finding) => (
          <li key={finding.code} class="bad">
            <Icon name="cross" />
            <span>{findingWords(finding)}</span>
          </li>
        ))}
        {passed(verdict).map((check) => (
          <li key={check} class="good">
            <Icon name="check" />
            <span>{t(CHECK_WORDS[check])}</span>
          </li>
        ))}
      </ul>
      {ok && record && (
        <>
          <h3>{t("draw.limits")}</h3>
          <ul class="limits">
            <Beacon verdict={verdict} />
            {verdict.nobody > 0 && <li>{t("draw.note_nobody", { n: count(verdict.nobody, lang.value) })}</li>}
            <li>
              {t("draw.note_digest")}
              <code>{record.digest}</code>
            </li>
          </ul>
        </>
      )}
    </section>
  );
}

type By = "index" | "place";

/** The index that a reader means: a number in one of two senses, or a pseudonym. Null where there is none. */
export function indexOf(verdict: Verdict, by: By, text: string): number | null {
  const wanted = text.trim().replace(/[,\s]/g, "");
  if (/^[\w-]{22}$/.test(wanted)) return verdict.subjects.indexOf(wanted) + 1 || null;
  const given = /^\d{1,10}$/.test(wanted) ? Number(wanted) : 0;
  if (given < 1 || given > verdict.subjects.length || !verdict.places) return null;
  return by === "index" ? given : verdict.places.index(given);
}

/** Who stands where, from the list that was just recomputed. */
export function LookUp({ verdict }: { verdict: Verdict }) {
  const [by, setBy] = useState<By>("index");
  const [text, setText] = useState("");
  const index = indexOf(verdict, by, text);
  return (
    <section class="card look-up">
      <h2>{t("draw.find")}</h2>
      <div class="segmented" role="group" aria-label={t("draw.find_by")}>
        {(["index", "place"] as const).map((way) => (
          <button key={way} type="button" class="segment" aria-pressed={by === way} onClick={() => setBy(way)}>
            {t(way === "index" ? "draw.by_index" : "draw.by_place")}
          </button>
        ))}
      </div>
      <label class="field">
        <span>{t(by === "index" ? "draw.index_field" : "draw.place_field")}</span>
        <input value={text} autocomplete="off" spellcheck={false} data-testid="find" onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <div role="status" data-testid="found">
        {index !== null && verdict.places ? (
          <dl class="found">
            <div>
              <dt>{t("draw.by_index")}</dt>
              <dd>{count(index, lang.value)}</dd>
            </div>
            <div class="found-place">
              <dt>{t("draw.by_place")}</dt>
              <dd>{count(verdict.places.place(index), lang.value)}</dd>
            </div>
            <div class="found-name">
              <dt>{t("draw.subject")}</dt>
              <dd>
                <code>{verdict.subjects[index - 1]}</code>
              </dd>
            </div>
          </dl>
        ) : (
          text.trim() && <p class="hint">{t("draw.found_none")}</p>
        )}
      </div>
    </section>
  );
}
