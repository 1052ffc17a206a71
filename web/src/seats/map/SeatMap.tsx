import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { lang, nameOf, t } from "../../i18n";
import { count, money } from "../../base/format";
import { Icon } from "../../ui/Icon";
import { nameOfSeat } from "../model";
import type { SeatsStore } from "../store";
import { seatWords } from "../words";
import { Minimap } from "./Minimap";
import type { Camera, Frame } from "./camera";
import { MapView } from "./view";

interface Hover {
  seat: number;
  x: number;
  y: number;
}

/** The canvas, its buttons, its legend and its tooltip. */
export function SeatMap({
  store,
  onStanding,
  reveal,
}: {
  store: SeatsStore;
  onStanding: (section: number) => void;
  reveal: (show: (seats: readonly number[]) => void) => void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const view = useRef<MapView | null>(null);
  const hover = useRef(signal<Hover | null>(null)).current;
  const sight = useRef(signal<{ camera: Camera; frame: Frame } | null>(null)).current;
  const model = store.model.value;

  useEffect(() => {
    const { value: event } = store.event;
    if (!canvas.current || !model || !event) return undefined;
    const words = { free: (n: number) => t("map.free", { n: count(n, lang.value) }), soldOut: t("status.sold_out") };
    const colours = model.grades.map((grade) => event.prices.find((price) => price.grade === grade)?.color);
    const map = new MapView(canvas.current, model, store.taken, colours, words, lang.value, {
      seat: (seat) => store.toggle(seat),
      standing: onStanding,
      hover: (seat, x, y) => void (hover.value = seat < 0 ? null : { seat, x, y }),
      camera: (camera, frame) => void (sight.value = { camera, frame }),
    });
    view.current = map;
    reveal((seats) => {
      const xs = seats.map((seat) => model.x[seat]!);
      const ys = seats.map((seat) => model.y[seat]!);
      if (seats.length) map.show({ x0: Math.min(...xs), y0: Math.min(...ys), x1: Math.max(...xs), y1: Math.max(...ys) });
    });
    const stops = [
      effect(() => {
        void store.version.value;
        map.availability(store.free.value, store.changed.value);
      }),
      effect(() =>
        map.update({
          selected: new Set(store.selected.value),
          lost: new Set(store.conflict.value?.lost ?? []),
          only: store.only.value,
          lang: lang.value,
          words: { ...words, soldOut: t("status.sold_out") },
        }),
      ),
    ];
    return () => {
      for (const stop of stops) stop();
      map.dispose();
    };
  }, [model]);

  return (
    <div class="map-pane">
      <canvas
        ref={canvas}
        class="map-canvas"
        tabIndex={0}
        role="application"
        aria-label={t("map.label")}
        aria-describedby="map-help"
        data-testid="seat-map"
      />
      <p id="map-help" class="visually-hidden">
        {t("map.help")}
      </p>
      <Legend store={store} />
      <div class="map-buttons">
        <button
          type="button"
          class="map-button"
          aria-label={t("map.zoom_in")}
          data-testid="zoom-in"
          onClick={() => view.current?.zoomBy(1.7)}
        >
          <Icon name="plus" />
        </button>
        <button
          type="button"
          class="map-button"
          aria-label={t("map.zoom_out")}
          data-testid="zoom-out"
          onClick={() => view.current?.zoomBy(1 / 1.7)}
        >
          <Icon name="minus" />
        </button>
        <button type="button" class="map-button" aria-label={t("map.fit")} data-testid="zoom-fit" onClick={() => view.current?.fitAll()}>
          <Icon name="fit" />
        </button>
      </div>
      {model && <Minimap model={model} sight={sight} go={(x, y) => view.current?.centreOn(x, y)} />}
      <Tooltip store={store} hover={hover} />
    </div>
  );
}

function Tooltip({ store, hover }: { store: SeatsStore; hover: { value: Hover | null } }) {
  const model = store.model.value;
  const at = hover.value;
  if (!model || !at) return null;
  const price = store.priceOf(at.seat);
  void store.version.value;
  const state = store.selected.value.includes(at.seat) ? t("seat.selected") : store.taken[at.seat] ? t("seat.taken") : null;
  const { row } = nameOfSeat(model, at.seat);
  return (
    <div class="tooltip" style={{ transform: `translate(${at.x}px, ${at.y}px)` }} aria-hidden="true" data-testid="tooltip">
      <div class="tooltip-box">
        <strong>{seatWords(model, at.seat)}</strong>
        <span>
          <i class="swatch" style={{ background: price?.color }} />
          {price ? nameOf(price.name) : row.grade}
          {price && !store.taken[at.seat] && ` · ${money(price.amount, store.event.value!.currency, lang.value)}`}
        </span>
        {model.accessible[at.seat] === 1 && <span>{t("seat.accessible")}</span>}
        {state && <em>{state}</em>}
      </div>
    </div>
  );
}

function Legend({ store }: { store: SeatsStore }) {
  const event = store.event.value;
  if (!event) return null;
  return (
    <div class="legend" role="group" aria-label={t("map.legend")}>
      {event.prices.map((price) => (
        <button
          key={price.grade}
          type="button"
          class="chip"
          aria-pressed={store.only.value === price.grade}
          onClick={() => (store.only.value = store.only.value === price.grade ? null : price.grade)}
        >
          <i class="swatch" style={{ background: price.color }} />
          {nameOf(price.name)} <b>{money(price.amount, event.currency, lang.value)}</b>
        </button>
      ))}
      <span class="chip still">
        <i class="swatch taken" />
        {t("seat.taken")}
      </span>
    </div>
  );
}
