import { useRef, useState } from "preact/hooks";
import { asProblem, problemText } from "../api/problem";
import { toSignIn, write } from "../api/session";
import type { Order } from "../api/types";
import { lang, t } from "../i18n";
import { money } from "../base/format";
import { Notice, Spinner } from "../ui/states";

/** Cancelling asks once, and says what comes back, before it does anything. */
export function Cancel({ order, onDone }: { order: Order; onDone: (order: Order) => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  if (!order.cancellable) return null;
  const cancel = async (): Promise<void> => {
    setBusy(true);
    setFailure(null);
    try {
      const { data } = await write<Order>("POST", `/api/orders/${encodeURIComponent(order.order_id)}/cancel`);
      dialog.current?.close();
      onDone(data);
    } catch (error) {
      const problem = asProblem(error);
      if (!toSignIn(problem)) setFailure(problemText(problem));
    } finally {
      setBusy(false);
    }
  };
  const refund = money(order.refund_amount ?? order.amount, order.currency, lang.value);
  return (
    <>
      <button type="button" class="btn quiet danger" data-testid="cancel-order" onClick={() => dialog.current?.showModal()}>
        {t("cancel.open")}
      </button>
      <dialog ref={dialog} class="dialog" aria-labelledby={`cancel-${order.order_id}`}>
        <h2 id={`cancel-${order.order_id}`}>{t("cancel.title")}</h2>
        <p>{t("cancel.body", { n: order.items.length })}</p>
        <p class="total">
          <span>{t("cancel.refund")}</span>
          <b data-testid="refund-amount">{refund}</b>
        </p>
        {failure && (
          <Notice tone="bad">
            <p>{failure}</p>
          </Notice>
        )}
        <div class="dialog-actions">
          <button type="button" class="btn" onClick={() => dialog.current?.close()}>
            {t("cancel.keep")}
          </button>
          <button type="button" class="btn danger solid" disabled={busy} data-testid="cancel-confirm" onClick={() => void cancel()}>
            {busy && <Spinner />}
            {t("cancel.confirm")}
          </button>
        </div>
      </dialog>
    </>
  );
}
