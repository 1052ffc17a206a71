import { t } from "../i18n";

const RANKS = 36;

/**
 * The people between here and the door, as ranks of light: what is behind glows, the tall one is the visitor.
 *
 * @param share of the way that is behind, 0 to 1; null where nobody has a place yet.
 */
export function Ranks({ share, drawing, still }: { share: number | null; drawing: boolean; still: boolean }) {
  const own = share === null ? -1 : Math.round(share * (RANKS - 1));
  const label = share === null ? undefined : t("line.progress", { percent: Math.round(share * 100) });
  return (
    <div
      class={`ranks${drawing ? " drawing" : ""}${still ? " still" : ""}`}
      role={label ? "img" : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : true}
    >
      {Array.from({ length: RANKS }, (_, i) => (
        <i
          key={i}
          class={i === own ? "own" : i < own ? "behind" : ""}
          style={{ animationDelay: `${drawing ? ((i * 37) % RANKS) * -0.09 : (i - RANKS) * 0.09}s` }}
        />
      ))}
      <span class="door" aria-hidden="true" />
    </div>
  );
}
