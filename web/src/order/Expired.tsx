import { useEffect } from "preact/hooks";
import type { Hold } from "../api/types";
import { t } from "../i18n";
import { useLoad } from "../ui/hooks";
import { Empty, Skeleton } from "../ui/states";
import { earlierOrder } from "./earlier";
import { dropHold } from "./keep";

/** The end of a hold: the order that has its seats, where there is one, else the way back to the seats. */
export function Expired({ hold }: { hold: Hold }) {
  const { data, problem } = useLoad(async (signal) => ({ order: await earlierOrder(hold, signal) }));
  useEffect(() => dropHold(), []);
  useEffect(() => {
    if (data?.order) location.replace(`/orders/${encodeURIComponent(data.order)}`);
  }, [data]);
  if (data?.order || (!data && !problem)) {
    return (
      <div class="page narrow">
        <Skeleton lines={3} />
      </div>
    );
  }
  return (
    <div data-testid="expired">
      <Empty alone icon="clock" title={t("checkout.expired")}>
        {/* Only who could ask may say that nothing was charged. */}
        {!problem && <p>{t("checkout.expired_hint")}</p>}
        <a
          class="btn primary"
          href={`/events/${encodeURIComponent(hold.event_id)}/seats`}
          data-testid="choose-again"
        >
          {t("checkout.choose_again")}
        </a>
      </Empty>
    </div>
  );
}
