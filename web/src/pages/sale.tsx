import { useEffect, useState } from "preact/hooks";
import { exchange, get } from "../api/client";
import { asProblem, type Problem } from "../api/problem";
import { toSignIn } from "../api/session";
import { ORDER_STATES, type EventDetail, type OrderStatus, type Sale } from "../api/types";
import { lang, nameOf, t } from "../i18n";
import "../i18n/staff";
import { count, money, when } from "../base/format";
import { backoff, poll } from "../base/wait";
import { Bars, Spark, Stack } from "../sale/charts";
import { LinePanel } from "../sale/LinePanel";
import { Tile } from "../sale/Tile";
import { pathId, useLoad } from "../ui/hooks";
import { mount, usePageTitle } from "../ui/Shell";
import { Failed, Notice, Skeleton } from "../ui/states";
import "../styles/sale.css";

const EVERY = 2000;
const KEPT = 150;
const TONES: Record<OrderStatus, string> = {
  placed: "info",
  reserved: "info",
  paid: "info",
  ticketed: "good",
  refused: "warn",
  declined: "bad",
  expired: "off",
  cancelled: "off",
  refunded: "off",
};

function useSale(id: string) {
  const [sale, setSale] = useState<Sale | null>(null);
  const [sold, setSold] = useState<number[]>([]);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let failures = 0;
    return poll(async (signal) => {
      try {
        const { data } = await exchange<Sale>("GET", `/api/admin/events/${encodeURIComponent(id)}/sale`, { signal });
        setSale(data);
        setSold((before) => [...before, data.seats.sold].slice(-KEPT));
        setProblem(null);
        failures = 0;
        return EVERY;
      } catch (error) {
        if (signal.aborted) throw error;
        const found = asProblem(error);
        if (toSignIn(found)) return null;
        setProblem(found);
        return found.transient ? (found.retryAfter ?? backoff(failures++, EVERY, 20_000)) : null;
      }
    });
  }, [id, turn]);
  return { sale, sold, problem, again: () => setTurn((n) => n + 1) };
}

function Figures({ sale, sold }: { sale: Sale; sold: number[] }) {
  const n = (value: number): string => count(value, lang.value);
  const cash = (value: number): string => money(value, sale.money.currency, lang.value);
  const { seats, tickets, queue, outbox } = sale;
  const share = seats.capacity ? Math.round((seats.sold / seats.capacity) * 1000) / 10 : 0;
  const age = (seconds: number): string => t("sale.oldest", { n: Math.round(seconds) });
  return (
    <>
      <div class="tiles">
        <Tile name={t("sale.sold")} value={n(seats.sold)} note={t("sale.share", { n: share })} tone="mark" />
        <Tile name={t("sale.money")} value={cash(sale.money.captured)} note={t("sale.refunded", { amount: cash(sale.money.refunded) })} />
        <Tile name={t("sale.tickets")} value={n(tickets.issued)} note={t("sale.admitted", { n: n(tickets.admitted) })} />
        <Tile name={t("sale.refund_due")} value={cash(sale.money.refund_due)} tone={sale.money.refund_due ? "warn" : ""} />
      </div>
      <section class="card">
        <h2>{t("sale.seats")}</h2>
        <Stack
          label={t("sale.seats")}
          parts={[
            { name: t("sale.sold"), value: seats.sold, tone: "good" },
            { name: t("sale.held"), value: seats.held, tone: "info" },
            { name: t("sale.free"), value: seats.free, tone: "off" },
          ]}
        />
        <Spark values={sold} label={t("sale.spark")} />
        <p class="hint">{t("sale.spark")}</p>
      </section>
      <section class="card">
        <h2>{t("sale.orders")}</h2>
        <Bars
          parts={ORDER_STATES.map((status) => ({ name: t(`state.${status}`), value: sale.orders[status] ?? 0, tone: TONES[status] }))}
        />
      </section>
      <section class="card wide-card">
        <h2>{t("sale.machinery")}</h2>
        <div class="tiles small">
          <Tile
            name={t("sale.queue")}
            value={n(queue.depth)}
            note={age(queue.oldest_seconds)}
            tone={queue.oldest_seconds > 30 ? "warn" : ""}
          />
          <Tile
            name={t("sale.outbox")}
            value={n(outbox.unsent)}
            note={age(outbox.oldest_seconds)}
            tone={outbox.oldest_seconds > 30 ? "warn" : ""}
          />
          <Tile name={t("sale.dead")} value={n(queue.dead + outbox.dead)} tone={queue.dead + outbox.dead ? "bad" : ""} />
        </div>
      </section>
      <Recent sale={sale} />
    </>
  );
}

function Recent({ sale }: { sale: Sale }) {
  return (
    <section class="card wide-card">
      <h2>{t("sale.recent")}</h2>
      {sale.recent.length === 0 ? (
        <p class="hint">{t("sale.recent_none")}</p>
      ) : (
        <div class="table-scroll" role="region" aria-label={t("sale.recent")} tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t("sale.time")}</th>
                <th scope="col">{t("sale.order")}</th>
                <th scope="col">{t("sale.state")}</th>
                <th scope="col" class="num">
                  {t("sale.amount")}
                </th>
              </tr>
            </thead>
            <tbody>
              {sale.recent.map((row) => (
                <tr key={row.order_id}>
                  <td>{when(row.created_at, "clock", lang.value)}</td>
                  <td>
                    <code>{row.order_id}</code>
                  </td>
                  <td>
                    <i class={`dot ${TONES[row.status]}`} />
                    {t(`state.${row.status}`)}
                  </td>
                  <td class="num">{money(row.amount, sale.money.currency, lang.value)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Page() {
  const id = pathId();
  const { sale, sold, problem, again } = useSale(id);
  const event = useLoad((signal) => get<EventDetail>(`/api/events/${encodeURIComponent(id)}`, { signal }), id).data;
  usePageTitle(event ? t("sale.title_of", { event: nameOf(event.name) }) : null);
  if (problem && !sale) return <Failed alone problem={problem} retry={again} />;
  return (
    <div class="page sale-page" data-testid="sale">
      <header>
        <p class="live">
          <i class="pulse" />
          {t("sale.live")}
        </p>
        <h1>{event ? nameOf(event.name) : t("sale.title")}</h1>
        {event && (
          <p class="hint">
            {when(event.starts_at, "full", lang.value, event.venue.time_zone)} · {nameOf(event.venue.name)}
          </p>
        )}
      </header>
      {problem && (
        <Notice tone="warn">
          <p>{t("sale.stale")}</p>
        </Notice>
      )}
      {sale ? (
        <div class="sale-grid">
          {event?.waiting_room && <LinePanel event={id} />}
          <Figures sale={sale} sold={sold} />
        </div>
      ) : (
        <Skeleton lines={3} tall />
      )}
    </div>
  );
}

void mount("sale.title", () => <Page />);
