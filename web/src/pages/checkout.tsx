import { useEffect, useState } from "preact/hooks";
import { get } from "../api/client";
import { asProblem, problemText } from "../api/problem";
import { toSignIn, write } from "../api/session";
import type { Demo, EventDetail, Hold } from "../api/types";
import { lang, nameOf, t } from "../i18n";
import { clock } from "../base/clock";
import { minutesSeconds, money, when } from "../base/format";
import { session } from "../base/storage";
import { Inside } from "../line/Inside";
import { toLine } from "../line/useInside";
import { Expired } from "../order/Expired";
import { attemptFor, dropHold, keepHold, keptHold } from "../order/keep";
import { placeOrder } from "../order/send";
import { useEvent } from "../order/useEvent";
import { useTimer } from "../order/useTimer";
import { gradeName, placeWords } from "../seats/words";
import { announce } from "../ui/announce";
import { useLoad } from "../ui/hooks";
import { Icon } from "../ui/Icon";
import { Poster } from "../ui/Poster";
import { mount } from "../ui/Shell";
import { Empty, Failed, Notice, Skeleton, Spinner } from "../ui/states";
import "../styles/forms.css";
import "../styles/checkout.css";

/** Test cards shown at once; the rest is one press away. */
const SHOWN_CARDS = 3;

const seatsUrl = (event: string): string => `/events/${encodeURIComponent(event)}/seats`;

/** The hold of this tab as the server sees it now; another tab's when this one has none. */
async function findHold(signal: AbortSignal): Promise<Hold | null> {
  const kept = keptHold();
  const event = new URLSearchParams(location.search).get("event") ?? kept?.event_id;
  if (!event) return null;
  const { holds } = await get<{ holds: Hold[] }>(`/api/events/${encodeURIComponent(event)}/holds`, { signal });
  const live = kept ? holds.find((hold) => hold.hold_id === kept.hold_id) : holds[0];
  if (live?.order_id) {
    // Ordered already, perhaps in another tab: its order is what the visitor wants to see.
    dropHold();
    location.replace(`/orders/${encodeURIComponent(live.order_id)}`);
  }
  if (live) keepHold({ ...kept, ...live });
  // A hold that the server no longer lists is shown as expired, not hidden.
  return live ? { ...kept, ...live } : kept;
}

function Page() {
  const { data, problem, reload } = useLoad(async (signal) => ({ hold: await findHold(signal) }));
  useEffect(() => {
    if (problem) toSignIn(problem);
  }, [problem]);
  if (problem && problem.status !== 401) return <Failed alone problem={problem} retry={reload} />;
  if (!data)
    return (
      <div class="page narrow">
        <Skeleton lines={4} />
      </div>
    );
  if (!data.hold)
    return (
      <Empty alone icon="ticket" title={t("checkout.nothing")}>
        <p>{t("checkout.nothing_hint")}</p>
        <a class="btn primary" href="/">
          {t("nav.all_events")}
        </a>
      </Empty>
    );
  return <Checkout hold={data.hold} />;
}

function Checkout({ hold }: { hold: Hold }) {
  const { left, phase } = useTimer(hold.expires_at);
  const event = useEvent(hold.event_id);
  const [state, setState] = useState<"idle" | "sending" | "retrying">("idle");
  const [failure, setFailure] = useState<string | null>(null);
  const [gone, setGone] = useState(false);
  const [released, setReleased] = useState(false);

  const pay = async (token: string): Promise<void> => {
    if (state !== "idle") return;
    setState("sending");
    setFailure(null);
    try {
      const order = await placeOrder(hold, { method: "card", token }, () => {
        setState("retrying");
        announce(t("checkout.retrying"));
      });
      session.write(`placed:${order}`, clock.now());
      dropHold();
      location.assign(`/orders/${encodeURIComponent(order)}`);
    } catch (error) {
      const problem = asProblem(error);
      setState("idle");
      if (problem.code === "hold_expired") setGone(true);
      else if (!toSignIn(problem) && !toLine(hold.event_id, problem))
        setFailure(problem.transient ? t("checkout.failed_kept") : problemText(problem));
    }
  };

  const release = async (): Promise<void> => {
    setReleased(true);
    try {
      await write<null>("DELETE", `/api/holds/${encodeURIComponent(hold.hold_id)}`);
      dropHold();
      location.assign(seatsUrl(hold.event_id));
    } catch (error) {
      setReleased(false);
      setFailure(problemText(asProblem(error)));
    }
  };

  // While an order is on its way, or was sent and nobody answered, its outcome decides and not the clock.
  const unsettled = state !== "idle" || attemptFor(hold.hold_id).sent !== null;
  if (gone || (phase === "over" && !unsettled)) return <Expired hold={hold} />;
  return (
    <div class="page checkout">
      <h1>{t("checkout.title")}</h1>
      <Timer left={left} hurry={phase !== "calm"} />
      {event?.waiting_room && <Inside event={hold.event_id} />}
      <div class="checkout-grid">
        <Summary hold={hold} event={event} />
        <div>
          <PaymentForm hold={hold} state={state} pay={(token) => void pay(token)} />
          {state === "retrying" && (
            <Notice tone="info" testid="retrying">
              <p>{t("checkout.retrying")}</p>
            </Notice>
          )}
          {failure && (
            <Notice tone="bad" testid="checkout-error">
              <p>{failure}</p>
            </Notice>
          )}
          <button
            type="button"
            class="btn quiet wide"
            disabled={state !== "idle" || released}
            data-testid="release"
            onClick={() => void release()}
          >
            {t("checkout.release")}
          </button>
        </div>
      </div>
    </div>
  );
}

function Timer({ left, hurry }: { left: number; hurry: boolean }) {
  return (
    <div class={hurry ? "timer hurry" : "timer"}>
      <Icon name={hurry ? "alert" : "clock"} />
      <span>{t(hurry ? "checkout.hurry" : "checkout.kept_for")}</span>
      <b role="timer" aria-live="off" data-testid="timer">
        {minutesSeconds(left)}
      </b>
    </div>
  );
}

function Summary({ hold, event }: { hold: Hold; event: EventDetail | null }) {
  return (
    <section class="stub" aria-labelledby="summary">
      <div class="stub-head">
        <div class="stub-art">
          <Poster seed={hold.event_id} image={event?.poster ?? null} />
        </div>
        <div>
          <h2 id="summary">{event ? nameOf(event.name) : t("checkout.summary")}</h2>
          {event && (
            <p>
              {when(event.starts_at, "full", lang.value, event.venue.time_zone)}
              <br />
              {nameOf(event.venue.name)}
            </p>
          )}
        </div>
      </div>
      <ul class="items">
        {hold.items.map((item) => (
          <li key={item.seat} data-testid="item" data-seat={item.seat}>
            <span>
              <strong>{placeWords(item, event?.sections)}</strong>
              <span>{gradeName(item.grade, event)}</span>
            </span>
            <b>{money(item.amount, hold.currency, lang.value)}</b>
          </li>
        ))}
      </ul>
      <p class="total">
        <span>{t("checkout.total")}</span>
        <b data-testid="total">{money(hold.amount, hold.currency, lang.value)}</b>
      </p>
    </section>
  );
}

function PaymentForm({ hold, state, pay }: { hold: Hold; state: "idle" | "sending" | "retrying"; pay: (token: string) => void }) {
  const demo = useLoad((signal) => get<Demo>("/api/demo", { signal }));
  // What was sent once with an unknown outcome must be repeated as it was, also after a reload.
  const locked = attemptFor(hold.hold_id).sent?.token ?? null;
  const cards = demo.data?.payment_tokens ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const token = locked ?? chosen ?? cards[0]?.token ?? "";
  const busy = state !== "idle";
  const choice = (card: Demo["payment_tokens"][number]) => (
    <label key={card.token} class="choice">
      <input
        type="radio"
        name="card"
        value={card.token}
        checked={token === card.token}
        data-testid={`card-${card.token}`}
        onChange={() => setChosen(card.token)}
      />
      <span>{nameOf(card.what)}</span>
      <code>{card.token}</code>
    </label>
  );
  return (
    <form
      class="card pay"
      onSubmit={(event) => {
        event.preventDefault();
        if (token) pay(token);
      }}
    >
      {cards.length > 0 ? (
        <fieldset class="choices" disabled={busy || locked !== null}>
          <legend>{t("checkout.test_cards")}</legend>
          <p class="hint">{t("checkout.test_cards_hint")}</p>
          {cards.slice(0, SHOWN_CARDS).map(choice)}
          {cards.length > SHOWN_CARDS && (
            <details class="more-cards" open={cards.findIndex((card) => card.token === token) >= SHOWN_CARDS}>
              <summary data-testid="more-cards">{t("checkout.more_cards")}</summary>
              {cards.slice(SHOWN_CARDS).map(choice)}
            </details>
          )}
        </fieldset>
      ) : (
        <label class="field">
          <span>{t("checkout.card")}</span>
          <input
            required
            maxLength={200}
            autocomplete="off"
            spellcheck={false}
            value={token}
            disabled={busy || locked !== null}
            data-testid="card-token"
            onInput={(input) => setChosen(input.currentTarget.value)}
          />
        </label>
      )}
      {locked !== null && !busy && (
        <Notice tone="info">
          <p>{t("checkout.locked")}</p>
        </Notice>
      )}
      <button type="submit" class="btn primary wide large" disabled={busy || !token} aria-busy={busy} data-testid="pay">
        {busy && <Spinner />}
        {busy ? t("checkout.paying") : t("checkout.pay", { amount: money(hold.amount, hold.currency, lang.value) })}
      </button>
      <p class="hint">{t("checkout.promise")}</p>
    </form>
  );
}

void mount("checkout.title", () => <Page />);
