import { useEffect, useState } from "preact/hooks";
import { exchange } from "../api/client";
import { asProblem, type Problem } from "../api/problem";
import { toSignIn } from "../api/session";
import type { Order, OrderAnswer } from "../api/types";
import { lang, nameOf, t, tOptional } from "../i18n";
import "../i18n/order";
import { clock } from "../base/clock";
import { money, when } from "../base/format";
import { session } from "../base/storage";
import { backoff, poll } from "../base/wait";
import { endVisit } from "../line/endVisit";
import { Cancel } from "../order/Cancel";
import { nextLook, viewOf, type View } from "../order/status";
import { isWritten, judged } from "../order/read";
import { TicketStub } from "../order/TicketStub";
import { gradeName, placeWords } from "../seats/words";
import { useEvent } from "../order/useEvent";
import { announce } from "../ui/announce";
import { pathId } from "../ui/hooks";
import { Icon, type IconName } from "../ui/Icon";
import { mount } from "../ui/Shell";
import { Failed, Notice, Skeleton } from "../ui/states";
import "../styles/order.css";
import "../styles/ticket.css";

const TONE_ICON: Record<View["tone"], IconName> = { busy: "clock", good: "check", warn: "alert", bad: "cross", off: "info" };
const STEPS = ["order.step_placed", "order.step_reserved", "order.step_paid", "order.step_ticketed"] as const;
/** An order just placed may not be written down yet: its page waits instead of saying "not found". */
const PATIENCE = 90_000;

function useOrder(id: string) {
  const [answer, setAnswer] = useState<OrderAnswer | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [away, setAway] = useState(false);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const placedAt = session.read<number>(`placed:${id}`) ?? 0;
    let looks = 0;
    let failures = 0;
    return poll(async (signal) => {
      try {
        const { data } = await exchange<OrderAnswer>("GET", `/api/orders/${encodeURIComponent(id)}`, { signal });
        setAnswer(data);
        setProblem(null);
        setAway(false);
        failures = 0;
        return nextLook(judged(data), looks++);
      } catch (error) {
        if (signal.aborted) throw error;
        const found = asProblem(error);
        if (toSignIn(found)) return null;
        const early = found.status === 404 && clock.now() - placedAt < PATIENCE;
        if (!early && !found.transient) {
          setProblem(found);
          return null;
        }
        setAway(!early);
        return found.retryAfter ?? backoff(failures++, 700, 6000);
      }
    });
  }, [id, turn]);
  return { answer, setAnswer, problem, away, placed: session.read<number>(`placed:${id}`) !== null, again: () => setTurn((n) => n + 1) };
}

function Page() {
  const id = pathId();
  const { answer, setAnswer, problem, away, placed, again } = useOrder(id);
  const known: OrderAnswer | null = answer ?? (placed ? { order_id: id, status: "placed" } : null);
  const view: View | null = known && viewOf(judged(known));
  const order: Order | null = answer && isWritten(answer) ? answer : null;
  const amount = order ? money(order.amount, order.currency, lang.value) : "";
  useEffect(() => {
    if (view) announce(`${t(view.title)}. ${t(view.body, { amount })}`, view.tone !== "busy");
  }, [view?.title]);
  useEffect(() => {
    if (order?.status === "ticketed") endVisit(order.event_id);
  }, [order?.status]);
  if (problem) return <Failed alone problem={problem} retry={again} />;
  if (!view || !known)
    return (
      <div class="page narrow">
        <Skeleton lines={4} />
        {away && (
          <Notice tone="info">
            <p>{t("order.away")}</p>
          </Notice>
        )}
      </div>
    );
  return (
    <div class="page order-page">
      <section
        class={`status ${view.tone}`}
        data-testid="order-status"
        data-status={known.status}
        data-payment={judged(known).payment.status}
      >
        <span class="status-icon">
          <Icon name={TONE_ICON[view.tone]} size={28} />
        </span>
        <div>
          <h1>{t(view.title)}</h1>
          <p>{t(view.body, { amount })}</p>
          {order?.reason && tOptional(`reason.${order.reason}`) && <p class="hint">{tOptional(`reason.${order.reason}`)}</p>}
        </div>
      </section>
      {(view.tone === "busy" || view.tone === "good" || order?.payment.status === "unknown") && <Way view={view} />}
      {away && (
        <Notice tone="info">
          <p>{t("order.away")}</p>
        </Notice>
      )}
      {order && order.tickets.length > 0 && (
        <div class="ticket-list">
          {order.tickets.map((ticket) => (
            <TicketStub key={ticket.ticket_id} ticket={ticket} order={order} />
          ))}
        </div>
      )}
      {order && <Receipt order={order} />}
      <div class="order-actions">
        {order && (order.status === "refused" || order.status === "declined" || order.status === "expired") && (
          <a class="btn primary" href={`/events/${encodeURIComponent(order.event_id)}/seats`} data-testid="choose-again">
            {t("checkout.choose_again")}
          </a>
        )}
        <a class="btn" href="/tickets">
          {t("order.all")}
        </a>
        {order && (
          <Cancel
            order={order}
            onDone={(next) => {
              setAnswer(next);
              again();
              window.scrollTo({ top: 0 });
            }}
          />
        )}
      </div>
    </div>
  );
}

function Way({ view }: { view: View }) {
  return (
    <ol class="way">
      {STEPS.map((name, i) => {
        const done = i < view.step;
        const now = i === view.step;
        return (
          <li key={name} class={done ? "done" : now ? "now" : ""} aria-current={now ? "step" : undefined}>
            <span>{done && <Icon name="check" size={14} />}</span>
            {t(name)}
          </li>
        );
      })}
    </ol>
  );
}

function Receipt({ order }: { order: Order }) {
  const event = useEvent(order.event_id);
  return (
    <section class="card receipt" aria-labelledby="receipt">
      <h2 id="receipt">{nameOf(order.event_name)}</h2>
      <p class="hint">{when(order.starts_at, "full", lang.value, order.time_zone)}</p>
      <ul class="items">
        {order.items.map((item) => (
          <li key={item.seat}>
            <span>
              <strong>{placeWords(item, event?.sections)}</strong>
              <span>{gradeName(item.grade, event)}</span>
            </span>
            <b>{money(item.amount, order.currency, lang.value)}</b>
          </li>
        ))}
      </ul>
      <p class="total">
        <span>{t("checkout.total")}</span>
        <b>{money(order.amount, order.currency, lang.value)}</b>
      </p>
      {order.ledger.length > 0 && (
        <details class="ledger">
          <summary>{t("order.ledger")}</summary>
          <ul>
            {order.ledger.map((line, i) => (
              <li key={i}>
                <span>{tOptional(`ledger.${line.kind}`) ?? line.kind}</span>
                <span>{when(line.at, "clock", lang.value)}</span>
                <b>{money(line.amount, line.currency, lang.value)}</b>
              </li>
            ))}
          </ul>
        </details>
      )}
      <p class="hint">{t("order.number", { id: order.order_id })}</p>
    </section>
  );
}

void mount("order.title", () => <Page />);
