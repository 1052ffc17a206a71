import { effect, signal } from "@preact/signals-core";
import { render } from "preact";
import "../i18n/line";
import { lang, nameOf, startLanguage, t } from "../i18n";
import { clock } from "../base/clock";
import { count } from "../base/format";
import { keepReady, maybe } from "../line/call";
import type { Scene } from "../line/scene";
import { LineStore } from "../line/store";
import { View } from "../line/View";
import { speakFor } from "../line/voice";
import { walkWith } from "../line/walk";
import { pathId } from "../ui/path";
import "../styles/waiting.css";

// No hooks here: the whole page is one function of the store, drawn again when a signal or the second changes.

const now = signal(clock.now());

function eventName(store: LineStore): string {
  return store.about.value ? nameOf(store.about.value.name) : t("line.title");
}

/** What the tab says: people look at it from another one. */
function tabTitle(scene: Scene, ahead: number | null, event: string): string {
  if (scene === "called" || scene === "door") return t("line.tab_called", { event });
  if (scene !== "waiting" || ahead === null) return event;
  return ahead === 0 ? t("line.tab_next", { event }) : t("line.tab_ahead", { n: count(ahead, lang.value), event });
}

/** While the tab is hidden nothing is asked; by the last estimate it still says when the turn may have come. */
function callWhileHidden(store: LineStore): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    now.value = clock.now();
    const { value: range } = store.range;
    if (!document.hidden || !range || store.scene(clock.now()) !== "waiting") return;
    timer = setTimeout(
      () => {
        document.title = t("line.tab_maybe", { event: eventName(store) });
        maybe(store.about.value);
      },
      (range.low + range.high) / 2,
    );
  });
}

async function start(root: HTMLElement): Promise<void> {
  const store = new LineStore(pathId());
  const scene = (): Scene => store.scene(now.value);
  await startLanguage();
  root.textContent = "";
  walkWith(store);
  effect(() => render(<View store={store} scene={scene()} />, root));
  effect(() => void (document.title = `${tabTitle(scene(), store.ahead.value, eventName(store))} · ${t("brand")}`));
  speakFor(store, scene);
  callWhileHidden(store);
  keepReady();
  setInterval(() => document.hidden || (now.value = clock.now()), 1000);
  store.follow();
}

const root = document.getElementById("app");
if (root) void start(root);
