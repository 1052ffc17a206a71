import { signal } from "@preact/signals-core";
import { createRef } from "preact";
import { asProblem, problemText } from "../api/problem";
import { t } from "../i18n";
import { callMe, setCallMe } from "./call";
import type { Scene } from "./scene";
import type { LineStore } from "./store";

const IN_LINE: ReadonlySet<Scene> = new Set(["lobby", "drawing", "waiting", "door"]);

/** The sound, and the way out. */
export function Controls({ store, scene }: { store: LineStore; scene: Scene }) {
  const hopeful = IN_LINE.has(scene) || scene === "announced" || scene === "sold_out" || scene === "soon";
  const inLine = IN_LINE.has(scene) || (scene === "sold_out" && store.place.value !== null);
  const back = store.seatsUrl.replace(/\/seats$/, "");
  return (
    <div class="line-controls">
      {hopeful && (
        <button
          type="button"
          class="call-me"
          role="switch"
          aria-checked={callMe.value}
          data-testid="call-me"
          onClick={() => void setCallMe(!callMe.value)}
        >
          <svg class="icon" width="24" height="24" viewBox="0 0 24 24" aria-hidden="true">
            <path d="M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 21h4" />
          </svg>
          <span>
            <b>{t(callMe.value ? "line.call_me_on" : "line.call_me")}</b>
            <small>{t(callMe.value ? "line.call_me_hint" : "line.call_me_hint_off")}</small>
          </span>
          <i class="knob" />
        </button>
      )}
      {inLine && <p class="hint">{t("line.promise")}</p>}
      <div class="line-links">
        <a class="btn quiet small" href={back}>
          {t("line.back")}
        </a>
        {inLine && <Leave store={store} />}
      </div>
    </div>
  );
}

const dialog = createRef<HTMLDialogElement>();
const busy = signal(false);
const failure = signal<string | null>(null);

async function leave(store: LineStore): Promise<void> {
  busy.value = true;
  failure.value = null;
  try {
    await store.leave();
  } catch (error) {
    failure.value = problemText(asProblem(error));
  }
  busy.value = false;
}

function Leave({ store }: { store: LineStore }) {
  return (
    <>
      <button type="button" class="btn quiet small" data-testid="line-leave" onClick={() => dialog.current?.showModal()}>
        {t("line.leave")}
      </button>
      <dialog ref={dialog} class="dialog" aria-labelledby="leave-title">
        <h2 id="leave-title">{t("line.leave_title")}</h2>
        <p>{t("line.leave_body")}</p>
        {failure.value && (
          <p class="notice bad" role="alert">
            {failure.value}
          </p>
        )}
        <div class="dialog-actions">
          <button type="button" class="btn" onClick={() => dialog.current?.close()}>
            {t("line.stay")}
          </button>
          <button
            type="button"
            class="btn danger solid"
            disabled={busy.value}
            data-testid="leave-confirm"
            onClick={() => void leave(store)}
          >
            {t("line.leave_confirm")}
          </button>
        </div>
      </dialog>
    </>
  );
}
