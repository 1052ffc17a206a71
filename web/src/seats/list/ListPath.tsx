import { useState } from "preact/hooks";
import { lang, nameOf, t } from "../../i18n";
import { count, money } from "../../base/format";
import { Icon } from "../../ui/Icon";
import type { SeatsStore } from "../store";
import type { Price } from "../../api/types";
import { RowList } from "./RowList";
import { Standing } from "./Standing";
import { focusSoon, rove } from "./rove";

/** Choosing by words: section, then row, then seat. The whole map's power without a pointer or sight. */
export function ListPath({ store }: { store: SeatsStore }) {
  const model = store.model.value;
  const index = store.section.value;
  if (!model) return null;
  const section = index === null ? undefined : model.sections[index];
  if (section === undefined || index === null) return <SectionList store={store} />;
  return (
    <div class="list-path">
      <button
        type="button"
        class="btn quiet small"
        data-testid="back-to-sections"
        onClick={() => {
          store.section.value = null;
          focusSoon(`[data-testid="section"][data-section="${CSS.escape(section.id)}"]`);
        }}
      >
        <Icon name="back" size={18} />
        {t("list.all_sections")}
      </button>
      <h2 id="list-section" tabIndex={-1}>
        {nameOf(section.name)}
      </h2>
      {section.standing ? <Standing store={store} index={index} /> : <RowList store={store} index={index} />}
    </div>
  );
}

function SectionList({ store }: { store: SeatsStore }) {
  const model = store.model.value!;
  const event = store.event.value!;
  const [freeOnly, setFreeOnly] = useState(false);
  const free = store.free.value;
  const least = (prices: readonly Price[]): string => money(Math.min(...prices.map((price) => price.amount)), event.currency, lang.value);
  const shown = model.sections
    .map((section, index) => ({ section, index }))
    .filter(
      ({ section, index }) => (!freeOnly || free[index] !== 0) && (store.only.value === null || section.grades.includes(store.only.value)),
    );
  return (
    <div class="list-path">
      <label class="check">
        <input type="checkbox" checked={freeOnly} onChange={(change) => setFreeOnly(change.currentTarget.checked)} />
        {t("list.free_only")}
      </label>
      <p class="hint" id="list-keys">
        {t("list.keys")}
      </p>
      <ul class="rows" aria-label={t("list.sections")} onKeyDown={(key) => rove(key, "[data-testid=section]")}>
        {shown.map(({ section, index }, order) => {
          const amounts = section.grades.map((grade) => store.priceOfGrade(grade)).filter((price) => price !== undefined);
          const n = free[index];
          return (
            <li key={section.id}>
              <button
                type="button"
                class="row-button"
                data-testid="section"
                data-section={section.id}
                tabIndex={order ? -1 : 0}
                onClick={() => {
                  store.section.value = index;
                  focusSoon("#list-section");
                }}
              >
                <span class="row-swatches">
                  {amounts.map((price) => (
                    <i key={price.grade} class="swatch" style={{ background: price.color }} />
                  ))}
                </span>
                <span class="row-main">
                  <strong>{nameOf(section.name)}</strong>
                  <span>
                    {amounts.map((price) => nameOf(price.name)).join(" · ")}
                    {amounts.length > 0 && `, ${amounts.length > 1 ? t("events.from", { amount: least(amounts) }) : least(amounts)}`}
                  </span>
                </span>
                <span class={n === 0 ? "row-free none" : "row-free"}>
                  {n === 0 ? t("status.sold_out") : n === null || n === undefined ? "" : t("list.free", { n: count(n, lang.value) })}
                </span>
                <Icon name="next" size={18} />
              </button>
            </li>
          );
        })}
      </ul>
      {shown.length === 0 && <p class="hint">{t("list.none")}</p>}
    </div>
  );
}
