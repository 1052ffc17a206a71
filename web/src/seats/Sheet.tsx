import { lang, nameOf, t } from "../i18n";
import { minutesSeconds, money } from "../base/format";
import { clock } from "../base/clock";
import type { Hold } from "../api/types";
import { keepHold } from "../order/keep";
import { useNow } from "../ui/hooks";
import { Icon } from "../ui/Icon";
import { Notice, Spinner } from "../ui/states";
import { seatId } from "./model";
import type { SeatsStore } from "./store";
import { seatWords } from "./words";

/** What is chosen, what it costs, and the one button that goes on. */
export function Sheet({ store, show }: { store: SeatsStore; show: (seats: readonly number[]) => void }) {
  const event = store.event.value!;
  const chosen = store.selected.value;
  return (
    <section class={chosen.length ? "sheet full" : "sheet"} aria-label={t("sheet.title")}>
      {store.holds.value.map((hold) => (
        <HeldNotice key={hold.hold_id} store={store} hold={hold} />
      ))}
      <ConflictNotice store={store} show={show} />
      {store.failure.value && (
        <Notice tone="bad" testid="hold-error">
          <p>{store.failure.value}</p>
        </Notice>
      )}
      <div class="sheet-head">
        <h2>
          {t("sheet.title")}{" "}
          <span class="sheet-count">
            {chosen.length} / {Math.max(0, store.limit.value - store.heldCount.value)}
          </span>
        </h2>
        {chosen.length > 0 && (
          <button type="button" class="btn quiet small" onClick={() => store.clear()}>
            {t("sheet.clear")}
          </button>
        )}
      </div>
      {chosen.length === 0 ? <p class="hint">{t("sheet.empty", { limit: event.max_per_person })}</p> : <Chosen store={store} />}
      <button
        type="button"
        class="btn primary wide"
        data-testid="hold"
        disabled={chosen.length === 0 || store.busy.value}
        onClick={() => void store.holdSelected()}
      >
        {store.busy.value && <Spinner />}
        {chosen.length
          ? t("sheet.hold", { n: chosen.length, amount: money(store.amount.value, event.currency, lang.value) })
          : t("sheet.hold_none")}
      </button>
    </section>
  );
}

function Chosen({ store }: { store: SeatsStore }) {
  const model = store.model.value!;
  const event = store.event.value!;
  return (
    <ul class="picks">
      {store.selected.value.map((seat) => {
        const price = store.priceOf(seat);
        const words = seatWords(model, seat);
        return (
          <li key={seat} data-testid="selected-seat" data-seat={seatId(model, seat)}>
            <i class="swatch" style={{ background: price?.color }} />
            <span class="pick-words">
              <strong>{words}</strong>
              <span>{price && nameOf(price.name)}</span>
            </span>
            <b>{price && money(price.amount, event.currency, lang.value)}</b>
            <button type="button" class="remove" aria-label={t("sheet.remove", { seat: words })} onClick={() => store.toggle(seat)}>
              <Icon name="cross" size={16} />
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function ConflictNotice({ store, show }: { store: SeatsStore; show: (seats: readonly number[]) => void }) {
  const model = store.model.value!;
  const conflict = store.conflict.value;
  if (!conflict) return null;
  const offer = conflict.instead;
  return (
    <Notice tone="warn" title={t("conflict.title")} testid="conflict">
      <p>
        {t("conflict.lost", { seats: conflict.lost.map((seat) => seatWords(model, seat)).join(", ") })}{" "}
        {store.selected.value.length > 0 && t("conflict.kept", { n: store.selected.value.length })}
      </p>
      {offer.length > 0 ? (
        <p>{t("conflict.offer", { seats: offer.map((seat) => seatWords(model, seat)).join(", ") })}</p>
      ) : (
        <p>{t("conflict.no_offer")}</p>
      )}
      <div class="notice-actions">
        {offer.length > 0 && (
          <button
            type="button"
            class="btn small primary"
            data-testid="take-instead"
            onClick={() => {
              store.takeInstead();
              show(offer);
            }}
          >
            <Icon name="spark" size={16} />
            {t("conflict.take")}
          </button>
        )}
        <button type="button" class="btn small" data-testid="conflict-dismiss" onClick={() => store.dismissConflict()}>
          {t("conflict.dismiss")}
        </button>
      </div>
    </Notice>
  );
}

function HeldNotice({ store, hold }: { store: SeatsStore; hold: Hold }) {
  useNow(1000);
  const left = clock.left(hold.expires_at);
  if (hold.order_id) {
    return (
      <Notice tone="info" title={t("held.ordered", { n: hold.seats.length })} testid="held">
        <div class="notice-actions">
          <a class="btn small primary" href={`/orders/${encodeURIComponent(hold.order_id)}`}>
            {t("held.order")}
          </a>
        </div>
      </Notice>
    );
  }
  if (left === 0) return null;
  return (
    <Notice tone="info" title={t("held.title", { n: hold.seats.length, left: minutesSeconds(left) })} testid="held">
      <div class="notice-actions">
        <a class="btn small primary" href={`/checkout?event=${encodeURIComponent(hold.event_id)}`} onClick={() => keepHold(hold)}>
          {t("held.continue")}
        </a>
        <button type="button" class="btn small" onClick={() => void store.release(hold)}>
          {t("held.release")}
        </button>
      </div>
    </Notice>
  );
}
