import { count, when } from "../base/format";
import { lang, t, type Key } from "../i18n";
import { Icon, type IconName } from "../ui/Icon";
import type { DrawRecord } from "./record";

function Step({ icon, name, hint, at, digits }: { icon: IconName; name: Key; hint: string; at?: string | null; digits: string | null }) {
  return (
    <li class={digits ? "done" : undefined}>
      <span class="step-mark">
        <Icon name={digits ? "check" : icon} />
      </span>
      <div>
        <h3>
          {t(name)}
          {at && <time dateTime={at}>{when(at, "short", lang.value)}</time>}
        </h3>
        <p>{digits ? hint : t("draw.not_yet")}</p>
        {digits && <code>{digits}</code>}
      </div>
    </li>
  );
}

/** Promise, close, reveal: the three moments of a draw, with their digits. */
export function Timeline({ record }: { record: DrawRecord }) {
  const n = count(record.n ?? 0, lang.value);
  return (
    <ol class="card timeline">
      <Step icon="clock" name="draw.promised" hint={t("draw.promised_hint")} at={record.published_at} digits={record.commitment} />
      <Step icon="clock" name="draw.closed" hint={t("draw.closed_hint", { n })} at={record.closed_at} digits={record.digest} />
      <Step icon="clock" name="draw.revealed" hint={t("draw.revealed_hint")} digits={record.secret} />
    </ol>
  );
}
