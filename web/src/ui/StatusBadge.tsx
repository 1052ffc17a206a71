import type { EventStatus } from "../api/types";
import { t } from "../i18n";

const TONE: Record<EventStatus, string> = { on_sale: "mark", announced: "info", sold_out: "off", closed: "off" };

export function StatusBadge({ status }: { status: EventStatus }) {
  return (
    <span class={`badge ${TONE[status]}`} data-testid="event-status" data-status={status}>
      {t(`status.${status}`)}
    </span>
  );
}
