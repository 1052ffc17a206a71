import { useEffect, useRef } from "preact/hooks";
import { clock } from "../base/clock";
import { t } from "../i18n";
import { useNow } from "./hooks";

/** Days to seconds until an instant of the server's clock; calls `onZero` once when it has come. */
export function Countdown({ until, onZero }: { until: string; onZero: () => void }) {
  useNow(250);
  const left = clock.left(until);
  const done = useRef(false);
  useEffect(() => {
    if (left > 0 || done.current) return;
    done.current = true;
    onZero();
  }, [left === 0]);
  const seconds = Math.ceil(left / 1000);
  const parts = [
    { value: Math.floor(seconds / 86_400), unit: t("unit.days") },
    { value: Math.floor(seconds / 3600) % 24, unit: t("unit.hours") },
    { value: Math.floor(seconds / 60) % 60, unit: t("unit.minutes") },
    { value: seconds % 60, unit: t("unit.seconds") },
  ];
  return (
    <div class="countdown" role="timer" aria-live="off" data-testid="countdown">
      {parts.map(({ value, unit }, i) =>
        i === 0 && value === 0 ? null : (
          <span key={unit}>
            <b>{String(value).padStart(2, "0")}</b>
            <i>{unit}</i>
          </span>
        ),
      )}
    </div>
  );
}
