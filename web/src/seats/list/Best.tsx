import { useState } from "preact/hooks";
import { lang, nameOf, t } from "../../i18n";
import { money } from "../../base/format";
import { Stepper } from "../../ui/Stepper";
import { Spinner } from "../../ui/states";
import type { SeatsStore } from "../store";

/** Sections that have `quantity` places of a grade (or one section), those with more room first. */
export function candidates(store: Pick<SeatsStore, "model" | "free">, grade: string, sectionId: string, quantity: number): number[] {
  const model = store.model.value;
  const free = store.free.value;
  if (!model) return [];
  return model.sections
    .map((_, index) => index)
    .filter((index) => {
      const section = model.sections[index]!;
      return (sectionId ? section.id === sectionId : !grade || section.grades.includes(grade)) && (free[index] ?? 0) >= quantity;
    })
    .sort((a, b) => (free[b] ?? 0) - (free[a] ?? 0))
    .slice(0, 5);
}

/** "Find me n seats side by side": the server chooses and holds in one step. */
export function Best({ store }: { store: SeatsStore }) {
  const model = store.model.value!;
  const event = store.event.value!;
  const [grade, setGrade] = useState(event.prices[0]?.grade ?? "");
  const [section, setSection] = useState("");
  const [wanted, setWanted] = useState(2);
  const most = Math.max(0, store.limit.value - store.heldCount.value);
  const quantity = Math.min(wanted, Math.max(1, most));
  const found = candidates(store, grade, section, quantity);
  const price = store.priceOfGrade(grade);
  if (most === 0) return <p class="hint">{t("seats.limit_reached_held", { limit: store.limit.value, held: store.heldCount.value })}</p>;
  return (
    <form
      class="best"
      onSubmit={(submit) => {
        submit.preventDefault();
        if (found.length) void store.holdBest(found, quantity);
      }}
    >
      <p class="hint">{t("best.hint")}</p>
      <Stepper label={t("best.quantity")} value={quantity} least={1} most={most} onChange={setWanted} />
      <fieldset class="choices">
        <legend>{t("best.grade")}</legend>
        {event.prices.map((option) => (
          <label key={option.grade} class="choice">
            <input
              type="radio"
              name="grade"
              checked={grade === option.grade}
              onChange={() => {
                setGrade(option.grade);
                setSection("");
              }}
            />
            <i class="swatch" style={{ background: option.color }} />
            <span>{nameOf(option.name)}</span>
            <b>{money(option.amount, event.currency, lang.value)}</b>
          </label>
        ))}
      </fieldset>
      <label class="field">
        <span>{t("best.section")}</span>
        <select value={section} onChange={(change) => setSection(change.currentTarget.value)} data-testid="best-section">
          <option value="">{t("best.any_section")}</option>
          {model.sections
            .filter((option) => option.grades.includes(grade))
            .map((option) => (
              <option key={option.id} value={option.id}>
                {nameOf(option.name)}
              </option>
            ))}
        </select>
      </label>
      <button type="submit" class="btn primary wide" disabled={store.busy.value || found.length === 0} data-testid="best-available">
        {store.busy.value && <Spinner />}
        {found.length === 0
          ? t("best.none")
          : price
            ? t("best.take_for", { amount: money(price.amount * quantity, event.currency, lang.value) })
            : t("best.take")}
      </button>
    </form>
  );
}
