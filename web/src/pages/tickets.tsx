import { useEffect, useState } from "preact/hooks";
import { get } from "../api/client";
import { toSignIn } from "../api/session";
import type { Order, OrderAnswer } from "../api/types";
import { lang, nameOf, t } from "../i18n";
import "../i18n/order";
import { money, when } from "../base/format";
import { Cancel } from "../order/Cancel";
import { isWritten } from "../order/read";
import { viewOf } from "../order/status";
import { TicketStub } from "../order/TicketStub";
import { useLoad } from "../ui/hooks";
import { mount } from "../ui/Shell";
import { Empty, Failed, Skeleton } from "../ui/states";
import "../styles/order.css";
import "../styles/ticket.css";

function OrderCard({ first }: { first: Order }) {
  const [order, setOrder] = useState(first);
  const view = viewOf(order);
  return (
    <section class="order-card" data-testid="order" data-order={order.order_id} data-status={order.status}>
      <header>
        <div>
          <h2>{nameOf(order.event_name)}</h2>
          <p class="hint">
            {when(order.starts_at, "full", lang.value, order.time_zone)} · {money(order.amount, order.currency, lang.value)}
          </p>
        </div>
        <span class={`badge ${view.tone === "good" ? "mark" : view.tone}`}>{t(`state.${order.status}`)}</span>
      </header>
      {order.tickets.length > 0 && (
        <div class="ticket-list">
          {order.tickets.map((ticket) => (
            <TicketStub key={ticket.ticket_id} ticket={ticket} order={order} />
          ))}
        </div>
      )}
      <footer>
        <a class="btn quiet" href={`/orders/${encodeURIComponent(order.order_id)}`}>
          {t("tickets.details")}
        </a>
        <Cancel order={order} onDone={setOrder} />
      </footer>
    </section>
  );
}

/** Still in the queue: no more is known than that it was received. */
function Waiting({ order }: { order: OrderAnswer }) {
  return (
    <section class="order-card" data-testid="order" data-order={order.order_id} data-status={order.status}>
      <header>
        <h2>{t("order.placed.title")}</h2>
        <span class="badge busy">{t(`state.${order.status}`)}</span>
      </header>
      <footer>
        <a class="btn quiet" href={`/orders/${encodeURIComponent(order.order_id)}`}>
          {t("tickets.details")}
        </a>
      </footer>
    </section>
  );
}

function Page() {
  const { data, problem, reload } = useLoad((signal) => get<{ orders: OrderAnswer[] }>("/api/orders", { signal }));
  useEffect(() => {
    if (problem) toSignIn(problem);
  }, [problem]);
  // Mails link to one ticket; its place is known only once the list is drawn.
  useEffect(() => {
    if (data && location.hash) location.replace(location.hash);
  }, [data !== null]);
  return (
    <div class="page order-page">
      <h1>{t("tickets.title")}</h1>
      {problem && problem.status !== 401 && !data && <Failed problem={problem} retry={reload} />}
      {!data && (!problem || problem.status === 401) && <Skeleton lines={3} tall />}
      {data?.orders.length === 0 && (
        <Empty icon="ticket" title={t("tickets.none")}>
          <p>{t("tickets.none_hint")}</p>
          <a class="btn primary" href="/">
            {t("nav.all_events")}
          </a>
        </Empty>
      )}
      {data?.orders.map((order) =>
        isWritten(order) ? <OrderCard key={order.order_id} first={order} /> : <Waiting key={order.order_id} order={order} />,
      )}
    </div>
  );
}

void mount("tickets.title", () => <Page />);
