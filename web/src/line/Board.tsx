import { account, signInUrl } from "../api/session";
import { clock } from "../base/clock";
import { count, when } from "../base/format";
import { lang, t } from "../i18n";
import { bigClock } from "./bigClock";
import { CaptchaBox } from "./CaptchaBox";
import { etaWords } from "./eta";
import { Ranks } from "./Ranks";
import { SAID, type Scene } from "./scene";
import type { LineStore } from "./store";
import { walked } from "./walk";

function Until({ label, until, hint }: { label: string; until: string; hint: string }) {
  const { days, time } = bigClock(clock.left(until));
  return (
    <>
      <h2 class="board-label">{label}</h2>
      <p class="board-number clock" role="timer" aria-live="off" data-testid="line-clock">
        {days > 0 && (
          <small>{t("line.days", { n: days })}</small>
        )}
        {time}
      </p>
      <p class="board-note">{hint}</p>
    </>
  );
}

function Ahead({ store, ahead }: { store: LineStore; ahead: number }) {
  const rate = store.status.value?.rate ?? 0;
  return (
    <>
      {ahead === 0 ? (
        <h2 class="board-number word" data-testid="ahead" data-ahead="0">
          {t("line.next")}
        </h2>
      ) : (
        <h2 class="board-figure">
          <span class="board-number" data-testid="ahead" data-ahead={ahead}>
            {count(walked.value, lang.value)}
          </span>
          <span class="board-unit">{t("line.ahead", { n: ahead })}</span>
        </h2>
      )}
      <p class="board-eta" data-testid="eta">
        {etaWords(store)}
      </p>
      {rate > 0 && !store.status.value?.paused && <p class="board-note">{t("line.pace", { n: count(rate, lang.value) })}</p>}
    </>
  );
}

function Said({ scene, store }: { scene: Scene; store: LineStore }) {
  const said = SAID[scene];
  const step = store.step.value;
  if (!said) return null;
  const early = scene === "left" && store.status.value?.phase === "lobby";
  const again = scene === "sign_in" && step.kind === "signed_out" && store.place.value !== null;
  return (
    <>
      <h2 class="board-word">{t(said.title)}</h2>
      <p class="board-note">{t(early ? "line.left_hint_lobby" : again ? "line.sign_in_again" : said.hint)}</p>
      {step.kind === "working" && (
        <progress class="board-progress" max={1} value={step.share} aria-label={t("line.working")} data-testid="work-progress" />
      )}
    </>
  );
}

function Words({ store, scene }: { store: LineStore; scene: Scene }) {
  const { about, status, step } = store;
  switch (scene) {
    case "announced":
      return about.value ? (
        <Until label={t("line.lobby_in")} until={about.value.lobby_at} hint={t("line.lobby_in_hint")} />
      ) : (
        <h2 class="board-word">{t("line.lobby_in")}</h2>
      );
    case "lobby":
      return <Until label={t("line.starts_in")} until={status.value!.t0} hint={t("line.in_lobby")} />;
    case "waiting":
      return <Ahead store={store} ahead={store.ahead.value ?? 0} />;
    case "joining":
      return (
        <>
          <h2 class="board-word">{t("line.joining")}</h2>
          {step.value.kind === "joining" && step.value.again && <p class="board-note">{t("line.joining_again")}</p>}
        </>
      );
    case "captcha":
      return step.value.kind === "captcha" ? <CaptchaBox captcha={step.value.captcha} solved={step.value.solved} /> : null;
    case "refused":
      return (
        <>
          <h2 class="board-word">{t("line.refused")}</h2>
          <p class="board-note">{step.value.kind === "refused" ? step.value.text : ""}</p>
        </>
      );
    case "missing":
      return <h2 class="board-word">{t("line.missing")}</h2>;
    case "open_house":
      return (
        <>
          <h2 class="board-word">{t("line.open_house")}</h2>
          <p class="board-note">
            {t("line.open_house_hint", { time: when(status.value!.open_until!, "time", lang.value, about.value?.time_zone) })}
          </p>
        </>
      );
    case "loading":
      return (
        <p class="board-note" role="status">
          <span class="spinner" /> {t("state.loading")}
        </p>
      );
    default:
      return <Said scene={scene} store={store} />;
  }
}

/** The one thing that the visitor may do next, where there is one. */
function Action({ store, scene }: { store: LineStore; scene: Scene }) {
  if (scene === "sign_in")
    return (
      <a class="btn board-btn large" href={signInUrl()} data-testid="line-sign-in">
        {t("line.sign_in")}
      </a>
    );
  if (scene === "called" || scene === "open_house")
    return (
      <a class="btn board-btn large" href={store.seatsUrl} data-testid="line-go">
        {t("line.go")}
      </a>
    );
  if (scene === "left" || scene === "gone" || scene === "used" || scene === "refused")
    return (
      <button type="button" class="btn board-btn large" data-testid="line-join" onClick={() => store.rejoin()}>
        {t("line.join")}
      </button>
    );
  if (scene === "sold_out")
    return (
      <a class="btn board-btn" href={store.seatsUrl}>
        {t("line.seats")}
      </a>
    );
  if (scene === "announced" && !account.value)
    return (
      <a class="btn board-btn" href={signInUrl()} data-testid="line-sign-in">
        {t("line.sign_in")}
      </a>
    );
  return null;
}

const STILL: ReadonlySet<Scene> = new Set(["closed", "sold_out", "left", "gone", "used", "missing", "refused", "draining", "unreachable"]);

/** The board: one big number or one big word, and the ranks between here and the door. */
export function Board({ store, scene }: { store: LineStore; scene: Scene }) {
  const status = store.status.value;
  const ahead = store.ahead.value ?? 0;
  const first = Math.max(1, store.first.value ?? ahead);
  const share = scene === "waiting" ? 1 - Math.min(1, ahead / first) : scene === "door" || scene === "called" ? 1 : null;
  const paused = status?.paused === true && (scene === "waiting" || scene === "door");
  return (
    <section class="board" data-scene={scene} data-paused={paused} aria-busy={scene === "loading" || scene === "joining"}>
      <div class="board-words">
        {paused && (
          <p class="board-paused" data-testid="paused">
            <b>{t("line.paused")}</b> {t("line.paused_hint")}
          </p>
        )}
        <Words store={store} scene={scene} />
        {scene === "door" && <p class="board-note">{t("line.door_hint")}</p>}
        <Action store={store} scene={scene} />
      </div>
      {!STILL.has(scene) && <Ranks share={share} drawing={scene === "drawing"} still={paused} />}
    </section>
  );
}
