import { useState } from "preact/hooks";
import { get } from "../api/client";
import { asProblem, problemText } from "../api/problem";
import type { Order, OrderTicket, Ticket } from "../api/types";
import { lang, nameOf, t } from "../i18n";
import { when } from "../base/format";
import { gradeName, placeWords, sectionName } from "../seats/words";
import { useEvent } from "./useEvent";
import { Icon } from "../ui/Icon";

/** One ticket as a stub: where to sit, the code to show, and the paper version. */
export function TicketStub({
  ticket,
  order,
}: {
  ticket: OrderTicket;
  order: Pick<Order, "event_id" | "event_name" | "starts_at" | "time_zone">;
}) {
  const valid = ticket.status === "valid";
  const event = useEvent(order.event_id);
  const place = placeWords(ticket, event?.sections);
  return (
    <article
      id={ticket.ticket_id}
      class={valid ? "ticket" : "ticket spent"}
      data-testid="ticket"
      data-ticket={ticket.ticket_id}
      data-status={ticket.status}
    >
      <div class="ticket-main">
        <p class="ticket-event">{nameOf(order.event_name)}</p>
        <p class="ticket-when">{when(order.starts_at, "full", lang.value, order.time_zone)}</p>
        {ticket.row && ticket.number ? (
          <dl class="ticket-place">
            <div>
              <dt>{t("ticket.section")}</dt>
              <dd>{sectionName(ticket.section, event)}</dd>
            </div>
            <div>
              <dt>{t("ticket.row")}</dt>
              <dd>{ticket.row}</dd>
            </div>
            <div>
              <dt>{t("ticket.seat")}</dt>
              <dd>{ticket.number}</dd>
            </div>
          </dl>
        ) : (
          <p class="ticket-standing">{place}</p>
        )}
        <p class="ticket-foot">
          <span class={`badge ${valid ? "mark" : "off"}`}>{t(`ticket.${ticket.status}`)}</span>
          <span>{gradeName(ticket.grade, event)}</span>
        </p>
      </div>
      <div class="ticket-code">
        {ticket.status === "void" ? (
          <p class="ticket-void">{t("ticket.void")}</p>
        ) : (
          <img src={ticket.svg_url} width="148" height="148" alt={t("ticket.qr", { seat: place })} loading="lazy" />
        )}
        {ticket.status !== "void" && <Code ticket={ticket} />}
        {ticket.status !== "void" && (
          <a class="btn small" href={ticket.pdf_url} download data-testid="ticket-pdf">
            <Icon name="download" size={16} />
            {t("ticket.pdf")}
          </a>
        )}
      </div>
    </article>
  );
}

/** The code as text, for a gate whose camera fails. */
function Code({ ticket }: { ticket: OrderTicket }) {
  const [code, setCode] = useState<string | null>(null);
  const show = async (): Promise<void> => {
    try {
      setCode((await get<Ticket>(`/api/tickets/${encodeURIComponent(ticket.ticket_id)}`)).code);
    } catch (error) {
      setCode(problemText(asProblem(error)));
    }
  };
  return code ? (
    <code class="code" data-testid="ticket-code">
      {code}
    </code>
  ) : (
    <button type="button" class="btn quiet small" data-testid="show-code" onClick={() => void show()}>
      {t("ticket.show_code")}
    </button>
  );
}
