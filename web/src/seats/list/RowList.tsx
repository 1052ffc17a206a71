import { lang, nameOf, t } from "../../i18n";
import { count, money } from "../../base/format";
import { Icon } from "../../ui/Icon";
import { nameOfSeat, seatId, type Row } from "../model";
import type { SeatsStore } from "../store";
import { focusSoon, rove } from "./rove";

function freeIn(store: SeatsStore, row: Row): number {
  let free = 0;
  for (let seat = row.start; seat < row.start + row.count; seat += 1) free += store.taken[seat] ? 0 : 1;
  return free;
}

/** The rows of a section; an open row shows its seats. */
export function RowList({ store, index }: { store: SeatsStore; index: number }) {
  const model = store.model.value!;
  const section = model.sections[index]!;
  void store.version.value; // Free counts follow availability.
  const rows = model.rows.slice(section.firstRow, section.firstRow + section.rowCount);
  return (
    <ul class="rows" aria-label={t("list.rows")} onKeyDown={(key) => rove(key, "[data-testid=row]")}>
      {rows.map((row, order) => {
        const free = freeIn(store, row);
        const price = store.priceOfGrade(row.grade);
        const isOpen = store.openRow.value === row.start;
        return (
          <li key={row.start}>
            <button
              type="button"
              class="row-button"
              aria-expanded={isOpen}
              data-testid="row"
              data-row={row.name}
              tabIndex={order ? -1 : 0}
              onClick={() => {
                store.openRow.value = isOpen ? null : row.start;
                if (!isOpen) focusSoon(`#row-${row.start} [tabindex="0"]`);
              }}
            >
              <span class="row-swatches">
                <i class="swatch" style={{ background: price?.color }} />
              </span>
              <span class="row-main">
                <strong>{t("list.row", { row: row.name })}</strong>
                <span>{price ? `${nameOf(price.name)} ${money(price.amount, store.event.value!.currency, lang.value)}` : row.grade}</span>
              </span>
              <span class={free ? "row-free" : "row-free none"}>
                {free ? t("list.free", { n: count(free, lang.value) }) : t("status.sold_out")}
              </span>
              <Icon name={isOpen ? "minus" : "plus"} size={18} />
            </button>
            {isOpen && <Seats store={store} row={row} />}
          </li>
        );
      })}
    </ul>
  );
}

function Seats({ store, row }: { store: SeatsStore; row: Row }) {
  const model = store.model.value!;
  void store.version.value; // Availability changes `taken` in place, and equal props alone draw nothing anew.
  const seats = Array.from({ length: row.count }, (_, i) => row.start + i);
  const entry = seats.find((seat) => !store.taken[seat]) ?? row.start;
  return (
    <div
      class="seat-buttons"
      id={`row-${row.start}`}
      role="group"
      aria-label={t("list.seats_of_row", { row: row.name })}
      onKeyDown={(key) => rove(key, "[data-testid=seat]", true)}
    >
      {seats.map((seat) => {
        const chosen = store.selected.value.includes(seat);
        const taken = store.taken[seat] === 1;
        const { number } = nameOfSeat(model, seat);
        return (
          <button
            key={seat}
            type="button"
            class={`seat-button${chosen ? " chosen" : ""}${taken ? " taken" : ""}`}
            aria-pressed={chosen}
            aria-disabled={taken && !chosen}
            aria-label={t(taken ? "list.seat_taken" : model.accessible[seat] ? "list.seat_accessible" : "list.seat", { number })}
            tabIndex={seat === entry ? 0 : -1}
            data-testid="seat"
            data-seat={seatId(model, seat)}
            data-free={!taken}
            onClick={() => store.toggle(seat)}
          >
            {chosen ? <Icon name="check" size={16} /> : null}
            {number}
          </button>
        );
      })}
    </div>
  );
}
