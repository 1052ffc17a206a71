import { count, when } from "../base/format";
import { lang, nameOf, t, type Key } from "../i18n";
import type { Scene } from "./scene";
import type { LineStore } from "./store";
import type { About } from "./types";

const STOCK: Record<string, Key> = { "0": "line.stock_0", "1": "line.stock_1", "2": "line.stock_2" };

export function Message({ about }: { about: About | null }) {
  if (!about?.message) return null;
  return (
    <section class="line-message" data-testid="message" aria-labelledby="line-message">
      <h2 id="line-message">{t("line.message")}</h2>
      <p>{nameOf(about.message)}</p>
    </section>
  );
}

function Stock({ about, stock }: { about: About; stock: string }) {
  const shown = about.grades.map((grade, i) => ({ ...grade, left: stock[i] ?? "" })).filter(({ left }) => left in STOCK);
  if (!shown.length) return null;
  return (
    <section aria-labelledby="line-stock">
      <h2 id="line-stock">{t("line.stock")}</h2>
      <ul class="line-stock" data-testid="stock">
        {shown.map(({ grade, name, left }) => (
          <li key={grade} data-left={left}>
            <span>{nameOf(name)}</span>
            <b>{t(STOCK[left]!)}</b>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The place in numbers, what is left of the house, and as of when. */
export function Details({ store, scene }: { store: LineStore; scene: Scene }) {
  const { value: status } = store.status;
  const { value: about } = store.about;
  const { value: position } = store.position;
  const { value: place } = store.place;
  if (!status) return null;
  const n = (value: number): string => count(value, lang.value);
  const selling = status.phase === "open" || status.phase === "sold_out";
  const placed = (scene === "waiting" || scene === "door") && position !== null && place;
  return (
    <>
      {placed && (
        <dl class="line-facts">
          <div>
            <dt>{t("line.place")}</dt>
            <dd>
              <b data-testid="position" data-position={position}>
                {t("line.place_n", { place: n(position) })}
              </b>
              <span>{place.index <= status.n ? t("line.of", { n: n(status.n) }) : t("line.behind")}</span>
            </dd>
          </div>
          <div>
            <dt>{t("line.serving")}</dt>
            <dd>
              <b data-testid="serving">{t("line.place_n", { place: n(status.serving) })}</b>
              <span data-testid="as-of">{t("line.as_of", { time: when(status.at, "clock", lang.value, about?.time_zone) })}</span>
            </dd>
          </div>
        </dl>
      )}
      {scene === "lobby" && status.last > 0 && (
        <p class="line-crowd" data-testid="crowd">
          {t("line.crowd", { n: n(status.last) })}
        </p>
      )}
      {selling && about && <Stock about={about} stock={status.stock} />}
    </>
  );
}
