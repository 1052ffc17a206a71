import { useEffect, useState } from "preact/hooks";
import { get } from "../api/client";
import { account } from "../api/session";
import type { Availability, EventDetail } from "../api/types";
import { lang, nameOf, t } from "../i18n";
import { clock } from "../base/clock";
import { count, money, when } from "../base/format";
import { poll } from "../base/wait";
import { lineUrl } from "../line/pass";
import { announce } from "../ui/announce";
import { Countdown } from "../ui/Countdown";
import { pathId, useLoad } from "../ui/hooks";
import { Icon } from "../ui/Icon";
import { Poster } from "../ui/Poster";
import { mount, usePageTitle } from "../ui/Shell";
import { Failed, Notice, Skeleton } from "../ui/states";
import { StatusBadge } from "../ui/StatusBadge";
import "../styles/event.css";

const OPENING_POLL = 1000;

/** The event; from its opening second on it is asked for again until the server says that it is on sale. */
function useOpening(id: string) {
  const path = `/api/events/${encodeURIComponent(id)}`;
  const { data, problem, reload } = useLoad((signal) => get<EventDetail>(path, { signal }), id);
  const opening = data?.status === "announced" && Date.parse(data.on_sale_at) <= clock.now();
  useEffect(() => {
    if (!opening) return undefined;
    // Spread over a second, so that a crowd does not ask in the same instant.
    const timer = setTimeout(reload, OPENING_POLL * (0.5 + Math.random()));
    return () => clearTimeout(timer);
  }, [opening, data]);
  return { data, problem, reload };
}

/** Places left, followed slowly while the page is looked at. */
function useFree(id: string, active: boolean): number | null {
  const [free, setFree] = useState<number | null>(null);
  useEffect(() => {
    if (!active) return undefined;
    return poll(async (signal) => {
      try {
        setFree((await get<Availability>(`/api/events/${encodeURIComponent(id)}/availability`, { signal })).free);
      } catch (error) {
        if (signal.aborted) throw error;
      }
      return 5000;
    });
  }, [id, active]);
  return free;
}

function Facts({ event }: { event: EventDetail }) {
  const zone = event.venue.time_zone;
  return (
    <dl class="facts">
      <div>
        <dt>
          <Icon name="clock" />
          {t("event.when")}
        </dt>
        <dd>
          <strong>{when(event.starts_at, "full", lang.value, zone)}</strong>
          {event.doors_at && <span>{t("event.doors", { time: when(event.doors_at, "time", lang.value, zone) })}</span>}
        </dd>
      </div>
      <div>
        <dt>
          <Icon name="pin" />
          {t("event.where")}
        </dt>
        <dd>
          <strong>{nameOf(event.venue.name)}</strong>
          {event.venue.address && <span>{nameOf(event.venue.address)}</span>}
        </dd>
      </div>
      <div>
        <dt>
          <Icon name="user" />
          {t("event.limit")}
        </dt>
        <dd>
          <strong>{t("event.limit_n", { n: event.max_per_person })}</strong>
          <span>{t("event.limit_hint")}</span>
        </dd>
      </div>
    </dl>
  );
}

function Prices({ event }: { event: EventDetail }) {
  return (
    <section aria-labelledby="prices">
      <h2 id="prices">{t("event.prices")}</h2>
      <ul class="prices">
        {event.prices.map((price) => (
          <li key={price.grade}>
            <i class="swatch" style={{ background: price.color }} />
            <span>{nameOf(price.name)}</span>
            <b>{money(price.amount, event.currency, lang.value)}</b>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Buy({ event, free, onOpen }: { event: EventDetail; free: number | null; onOpen: () => void }) {
  const zone = event.venue.time_zone;
  const seats = `/events/${encodeURIComponent(event.id)}/seats`;
  if (event.waiting_room && (event.status === "on_sale" || event.status === "announced"))
    return <BuyInLine event={event} onOpen={onOpen} />;
  if (event.status === "on_sale") {
    return (
      <div class="buy">
        <p class="buy-state">
          {free === null ? t("event.open") : free === 0 ? t("event.none_now") : t("event.free", { n: count(free, lang.value) })}
        </p>
        <a class="btn primary large" href={seats} data-testid="go-to-seats">
          {t("event.choose")}
          <Icon name="next" />
        </a>
        <p class="hint">{t("event.until", { when: when(event.off_sale_at, "short", lang.value, zone) })}</p>
      </div>
    );
  }
  if (event.status === "announced") {
    return (
      <div class="buy">
        <p class="buy-state">{t("event.opens", { when: when(event.on_sale_at, "full", lang.value, zone) })}</p>
        <Countdown
          until={event.on_sale_at}
          onZero={() => {
            announce(t("event.opening"), true);
            onOpen();
          }}
        />
        <button type="button" class="btn primary large" disabled>
          {t("event.wait")}
        </button>
        <p class="hint">{t("event.wait_hint")}</p>
        {!account.value && (
          <Notice tone="info">
            <p>
              <a href={`/sign-in?next=${encodeURIComponent(location.pathname)}`}>{t("event.sign_in_early")}</a>
            </p>
          </Notice>
        )}
      </div>
    );
  }
  return (
    <div class="buy">
      <p class="buy-state">{t(event.status === "sold_out" ? "event.sold_out" : "event.closed")}</p>
      <p class="hint">{t(event.status === "sold_out" ? "event.sold_out_hint" : "event.closed_hint")}</p>
      {event.status === "sold_out" && (
        <a class="btn wide" href={seats}>
          {t("event.look")}
        </a>
      )}
    </div>
  );
}

/** A show with a line: before the sale and during it, one button leads to the line. */
function BuyInLine({ event, onOpen }: { event: EventDetail; onOpen: () => void }) {
  const zone = event.venue.time_zone;
  const open = event.status === "on_sale";
  return (
    <div class="buy">
      <p class="buy-state">{open ? t("event.open") : t("event.opens", { when: when(event.on_sale_at, "full", lang.value, zone) })}</p>
      {!open && <Countdown until={event.on_sale_at} onZero={onOpen} />}
      <a class="btn primary large" href={lineUrl(event.id)} data-testid="go-to-line">
        {t(open ? "event.line_go" : "event.line_join")}
        <Icon name="next" />
      </a>
      <p class="hint">{t(open ? "event.line_hint_open" : "event.line_hint")}</p>
      <p class="hint">
        <a href={`/events/${encodeURIComponent(event.id)}/draw`}>{t("event.line_draw")}</a>
      </p>
    </div>
  );
}

function Page() {
  const id = pathId();
  const { data: event, problem, reload } = useOpening(id);
  const free = useFree(id, event?.status === "on_sale");
  usePageTitle(event ? nameOf(event.name) : null);
  if (problem && !event) return <Failed alone problem={problem} retry={reload} />;
  if (!event)
    return (
      <div class="page">
        <Skeleton lines={2} tall />
      </div>
    );
  const staff = account.value?.role === "promoter" || account.value?.role === "operator";
  return (
    <article class="page event-page">
      <div class="event-poster">
        <Poster seed={event.id} image={event.poster ?? null} />
      </div>
      <div class="event-main">
        <StatusBadge status={event.status} />
        <h1>{nameOf(event.name)}</h1>
        <Facts event={event} />
        <Buy event={event} free={free} onOpen={reload} />
        <Prices event={event} />
        {event.description && (
          <section class="about">
            <h2>{t("event.about")}</h2>
            <p>{nameOf(event.description)}</p>
          </section>
        )}
        {staff && (
          <a class="btn" href={`/sale/${encodeURIComponent(event.id)}`}>
            <Icon name="chart" />
            {t("event.sale_link")}
          </a>
        )}
      </div>
    </article>
  );
}

void mount("event.title", () => <Page />);
