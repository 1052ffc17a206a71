import { t } from "../i18n";
import { Icon } from "./Icon";

/** A small number with two large buttons. */
export function Stepper({
  label,
  value,
  least,
  most,
  onChange,
}: {
  label: string;
  value: number;
  least: number;
  most: number;
  onChange: (value: number) => void;
}) {
  return (
    <div class="stepper" role="group" aria-label={label}>
      <span class="stepper-label">{label}</span>
      <button type="button" class="map-button" aria-label={t("action.less")} disabled={value <= least} onClick={() => onChange(value - 1)}>
        <Icon name="minus" />
      </button>
      <output aria-live="polite" data-testid="quantity">
        {value}
      </output>
      <button type="button" class="map-button" aria-label={t("action.more")} disabled={value >= most} onClick={() => onChange(value + 1)}>
        <Icon name="plus" />
      </button>
    </div>
  );
}
