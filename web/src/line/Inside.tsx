import { useEffect, useRef, useState } from "preact/hooks";
import { asProblem, problemText } from "../api/problem";
import { clock } from "../base/clock";
import { minutesSeconds } from "../base/format";
import { t } from "../i18n";
import { announce, say } from "../ui/announce";
import { useNow } from "../ui/hooks";
import { Icon } from "../ui/Icon";
import { Notice, Spinner } from "../ui/states";
import { dropPass, lineUrl } from "./pass";
import { LineServer } from "./server";
import type { Pass } from "./types";
import { useInside } from "./useInside";
import "../styles/inside.css";

const HURRY = 120_000;

/** On the pages of a sale with a line: how long one may stay and the way out, or the way to the line. */
export function Inside({ event }: { event: string }) {
  const visit = useInside(event);
  if (visit.kind === "inside") return <Staying event={event} pass={visit.pass} />;
  if (visit.kind !== "outside") return null;
  return (
    <Notice tone="info" title={t("inside.none")} testid="outside">
      <p>{t("inside.none_hint")}</p>
      <div class="notice-actions">
        <a class="btn small" href={lineUrl(event)} data-testid="go-to-line">
          {t("inside.line")}
        </a>
      </div>
    </Notice>
  );
}

function Staying({ event, pass }: { event: string; pass: Pass }) {
  useNow(1000);
  const left = clock.left(pass.expires_at);
  const hurry = left <= HURRY;
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (hurry) announce(t("inside.last_minutes"), true);
  }, [hurry]);
  useEffect(() => {
    if (left > 0) return;
    dropPass(event);
    location.assign(lineUrl(event, "expired"));
  }, [left === 0]);
  const leave = async (): Promise<void> => {
    setBusy(true);
    try {
      await new LineServer(event).leave();
      dropPass(event);
      location.assign(`/events/${encodeURIComponent(event)}`);
    } catch (error) {
      setBusy(false);
      say(problemText(asProblem(error)));
    }
  };
  return (
    <div class={hurry ? "inside hurry" : "inside"} data-testid="inside">
      <Icon name={hurry ? "alert" : "clock"} size={18} />
      <span title={t("inside.hint")}>{t("inside.in")}</span>
      <b role="timer" aria-live="off" data-testid="inside-left">
        {t("inside.left", { left: minutesSeconds(left) })}
      </b>
      <button type="button" class="btn quiet small" data-testid="leave-sale" onClick={() => dialog.current?.showModal()}>
        {t("inside.leave")}
      </button>
      <dialog ref={dialog} class="dialog" aria-labelledby="leave-sale">
        <h2 id="leave-sale">{t("inside.leave_title")}</h2>
        <p>{t("inside.leave_body")}</p>
        <div class="dialog-actions">
          <button type="button" class="btn" onClick={() => dialog.current?.close()}>
            {t("inside.stay")}
          </button>
          <button type="button" class="btn danger solid" disabled={busy} data-testid="leave-sale-confirm" onClick={() => void leave()}>
            {busy && <Spinner />}
            {t("inside.leave")}
          </button>
        </div>
      </dialog>
    </div>
  );
}
