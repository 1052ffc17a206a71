import { t, lang, nameOf, type Key } from "../i18n";
import { when } from "../base/format";
import { LiveRegions } from "../ui/announce";
import { LanguageSwitch, Wordmark } from "../ui/Masthead";
import { Board } from "./Board";
import { Controls } from "./Controls";
import { Details, Message } from "./Details";
import type { Scene } from "./scene";
import type { LineStore } from "./store";

/** Why somebody who was inside stands here again, as the address says. */
const WHY: Record<string, Key> = { required: "line.why_required", expired: "line.why_expired" };

function Trouble({ store }: { store: LineStore }) {
  const { value: trouble } = store.trouble;
  const { value: status } = store.status;
  if (!trouble || !status) return null;
  const time = when(status.at, "clock", lang.value, store.about.value?.time_zone);
  return (
    <div class="notice warn" data-testid="trouble">
      <div class="notice-text">
        <strong>{t("line.kept")}</strong>
        <p>{t(trouble === "offline" ? "line.offline_hint" : "line.stale_hint", { time })}</p>
      </div>
    </div>
  );
}

function Head({ store }: { store: LineStore }) {
  const { value: about } = store.about;
  return (
    <header class="line-head">
      <h1>{about ? nameOf(about.name) : t("line.title")}</h1>
      {about && (
        <p class="hint">
          {when(about.starts_at, "full", lang.value, about.time_zone)} · {nameOf(about.venue)}
        </p>
      )}
    </header>
  );
}

export function View({ store, scene }: { store: LineStore; scene: Scene }) {
  const why = WHY[new URLSearchParams(location.search).get("why") ?? ""];
  return (
    <>
      <header class="top">
        <Wordmark />
        <LanguageSwitch />
      </header>
      <main id="main" class="page waiting-page" data-testid="line" data-scene={scene}>
        <Head store={store} />
        {why && scene !== "called" && (
          <p class="notice" data-testid="why">
            {t(why)}
          </p>
        )}
        <div class="line-grid">
          <Board store={store} scene={scene} />
          <div class="line-side">
            <Trouble store={store} />
            <Message about={store.about.value} />
            <Details store={store} scene={scene} />
            <Controls store={store} scene={scene} />
          </div>
        </div>
      </main>
      <LiveRegions />
    </>
  );
}
