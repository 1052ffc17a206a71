import { get } from "../api/client";
import type { EventSummary } from "../api/types";
import { lang, nameOf, t } from "../i18n";
import { dateParts, money, when } from "../base/format";
import { Poster } from "../ui/Poster";
import { StatusBadge } from "../ui/StatusBadge";
import { useLoad } from "../ui/hooks";
import { mount } from "../ui/Shell";
import { Empty, Failed, Skeleton } from "../ui/states";
import "../styles/events.css";

const ORDER = { on_sale: 0, announced: 1, sold_out: 2, closed: 3 } as const;

function priceRange(event: EventSummary): string {
  const amounts = event.prices.map((price) => price.amount);
  return amounts.length ? t("events.from", { amount: money(Math.min(...amounts), event.currency ?? "KRW", lang.value) }) : "";
}

function Card({ event }: { event: EventSummary }) {
  const date = dateParts(event.starts_at, lang.value, event.venue.time_zone);
  return (
    <li>
      <a
        class={`event-card ${event.status}`}
        href={`/events/${encodeURIComponent(event.id)}`}
        data-testid="event-card"
        data-event={event.id}
      >
        <div class="event-art">
          <Poster seed={event.id} image={event.poster ?? null} />
          <div class="date-stub">
            <span>{date.month}</span>
            <b>{date.day}</b>
            <span>{date.weekday}</span>
          </div>
        </div>
        <div class="event-text">
          <StatusBadge status={event.status} />
          <h2>{nameOf(event.name)}</h2>
          <p>{nameOf(event.venue.name)}</p>
          <p class="event-foot">
            <span>
              {event.status === "announced"
                ? t("events.opens", { when: when(event.on_sale_at, "short", lang.value, event.venue.time_zone) })
                : when(event.starts_at, "short", lang.value, event.venue.time_zone)}
            </span>
            <b>{priceRange(event)}</b>
          </p>
        </div>
      </a>
    </li>
  );
}

function Page() {
  const { data, problem, reload } = useLoad((signal) => get<{ events: EventSummary[] }>("/api/events", { signal }));
  const events = data && [...data.events].sort((a, b) => ORDER[a.status] - ORDER[b.status] || a.starts_at.localeCompare(b.starts_at));
  return (
    <div class="page">
      <div class="hero">
        <h1>{t("events.headline")}</h1>
        <p>{t("events.lead")}</p>
      </div>
      {problem && !data && <Failed problem={problem} retry={reload} />}
      {!problem && !data && <Skeleton lines={3} tall />}
      {events?.length === 0 && (
        <Empty icon="ticket" title={t("events.none")}>
          <p>{t("events.none_hint")}</p>
        </Empty>
      )}
      {events && events.length > 0 && (
        <ul class="event-grid">
          {events.map((event) => (
            <Card key={event.id} event={event} />
          ))}
        </ul>
      )}
    </div>
  );
}

void mount("events.title", () => <Page />);
