import { useState } from "preact/hooks";
import { lang, nameOf, t } from "../../i18n";
import { money } from "../../base/format";
import { Stepper } from "../../ui/Stepper";
import { Spinner } from "../../ui/states";
import type { SeatsStore } from "../store";

/** Standing places are alike: only how many. */
export function Standing({ store, index }: { store: SeatsStore; index: number }) {
  const section = store.model.value!.sections[index]!;
  const price = store.priceOfGrade(section.grade);
  const free = store.free.value[index] ?? section.capacity;
  const most = Math.min(free, Math.max(0, store.limit.value - store.heldCount.value));
  const [wanted, setWanted] = useState(2);
  const quantity = Math.min(wanted, Math.max(1, most));
  return (
    <div class="best">
      <p>{price && `${nameOf(price.name)} · ${money(price.amount, store.event.value!.currency, lang.value)}`}</p>
      <p class="hint">{t("list.standing_hint")}</p>
      {most > 0 ? (
        <>
          <Stepper label={t("best.quantity")} value={quantity} least={1} most={most} onChange={setWanted} />
          <button
            type="button"
            class="btn primary wide"
            disabled={store.busy.value}
            data-testid="hold-standing"
            onClick={() => void store.holdBest([index], quantity)}
          >
            {store.busy.value && <Spinner />}
            {price
              ? t("best.take_for", { amount: money(price.amount * quantity, store.event.value!.currency, lang.value) })
              : t("best.take")}
          </button>
        </>
      ) : (
        <p>
          {free === 0 ? t("status.sold_out") : t("seats.limit_reached_held", { limit: store.limit.value, held: store.heldCount.value })}
        </p>
      )}
    </div>
  );
}
