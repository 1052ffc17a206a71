import { effect } from "@preact/signals-core";
import { count } from "../base/format";
import { lang, t } from "../i18n";
import { announce } from "../ui/announce";
import { etaWords } from "./eta";
import { SAID, type Scene } from "./scene";
import type { LineStore } from "./store";

/** Not oftener than this does the page read out how many are ahead; near the front more often. */
const SELDOM = 60_000;
const OFTEN = 15_000;
const NEAR = 10;

/** What a screen reader hears: each new state at once, the place now and then. */
export function speakFor(store: LineStore, sceneNow: () => Scene): () => void {
  let scene: Scene | null = null;
  let spoke = Number.NEGATIVE_INFINITY;
  return effect(() => {
    const next = sceneNow();
    const { value: ahead } = store.ahead;
    if (next !== scene) {
      scene = next;
      spoke = Number.NEGATIVE_INFINITY;
      const said = SAID[scene];
      if (said) announce(`${t(said.title)}. ${t(said.hint)}`, scene === "called" || scene === "door");
    }
    const now = performance.now();
    if (scene !== "waiting" || ahead === null || now - spoke < (ahead <= NEAR ? OFTEN : SELDOM)) return;
    spoke = now;
    announce(t("line.said_ahead", { n: count(ahead, lang.value), eta: etaWords(store) }));
  });
}
