import { lang } from "../i18n";
import { count } from "../base/format";

/** Small pictures of numbers; the numbers themselves are always written beside them. */

export interface Part {
  name: string;
  value: number;
  tone: string;
}

/** One bar of parts, for example free, held and sold seats. */
export function Stack({ parts, label }: { parts: readonly Part[]; label: string }) {
  const total = Math.max(
    1,
    parts.reduce((sum, part) => sum + part.value, 0),
  );
  let x = 0;
  return (
    <figure class="stack">
      <svg
        viewBox="0 0 1000 40"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${label}: ${parts.map((part) => `${part.name} ${part.value}`).join(", ")}`}
      >
        {parts.map((part) => {
          const width = (part.value / total) * 1000;
          const rect = <rect key={part.name} class={part.tone} x={x} y="0" width={width} height="40" />;
          x += width;
          return rect;
        })}
      </svg>
      <figcaption>
        {parts.map((part) => (
          <span key={part.name}>
            <i class={`dot ${part.tone}`} />
            {part.name} <b>{count(part.value, lang.value)}</b>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

/** Equal bars on a common scale. */
export function Bars({ parts }: { parts: readonly Part[] }) {
  const most = Math.max(1, ...parts.map((part) => part.value));
  return (
    <ul class="bars">
      {parts.map((part) => (
        <li key={part.name}>
          <span>{part.name}</span>
          <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
            <rect class={part.tone} width={(part.value / most) * 100} height="10" />
          </svg>
          <b>{count(part.value, lang.value)}</b>
        </li>
      ))}
    </ul>
  );
}

/** The last minutes of one number. */
export function Spark({ values, label }: { values: readonly number[]; label: string }) {
  const low = Math.min(...values);
  const high = Math.max(...values, low + 1);
  const step = 300 / Math.max(1, values.length - 1);
  const y = (value: number): number => 58 - ((value - low) / (high - low)) * 54;
  const line = values.map((value, i) => `${i ? "L" : "M"}${(i * step).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  return (
    <svg class="spark" viewBox="0 0 300 60" preserveAspectRatio="none" role="img" aria-label={label}>
      {values.length > 1 && <path class="spark-area" d={`${line}L300 60L0 60Z`} />}
      {values.length > 1 && <path class="spark-line" d={line} />}
    </svg>
  );
}
