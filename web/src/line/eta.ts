import { t } from "../i18n";
import { spoken } from "./estimate";
import type { LineStore } from "./store";

/** How long it may take, in words that promise no more than is known. */
export function etaWords(store: LineStore): string {
  if (store.status.value?.paused) return t("line.eta_paused");
  const { value: range } = store.range;
  if (!range) return t("line.eta_unknown");
  const { unit, low, high } = spoken(range);
  if (unit === "soon") return t("line.eta_soon");
  if (unit === "minutes") return low === high ? t("line.eta_minute", { low }) : t("line.eta_minutes", { low, high });
  return low === high ? t("line.eta_hour", { low }) : t("line.eta_hours", { low, high });
}
