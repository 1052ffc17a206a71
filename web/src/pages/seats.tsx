import { useEffect, useMemo, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { lang, nameOf, t } from "../i18n";
import { when } from "../base/format";
import { useNow, pathId } from "../ui/hooks";
import { Icon, type IconName } from "../ui/Icon";
import { mount, usePageTitle } from "../ui/Shell";
import { Empty, Failed, Skeleton } from "../ui/states";
import { Inside } from "../line/Inside";
import { focusSoon } from "../seats/list/rove";
import { Best } from "../seats/list/Best";
import { ListPath } from "../seats/list/ListPath";
import { SeatMap } from "../seats/map/SeatMap";
import { Sheet } from "../seats/Sheet";
import { SeatsStore } from "../seats/store";
import "../styles/seats.css";

type Tab = "map" | "list" | "best";
const TABS: readonly { tab: Tab; icon: IconName; name: "seats.tab_map" | "seats.tab_list" | "seats.tab_best" }[] = [
  { tab: "map", icon: "map", name: "seats.tab_map" },
  { tab: "list", icon: "list", name: "seats.tab_list" },
  { tab: "best", icon: "spark", name: "seats.tab_best" },
];

function Page() {
  const id = pathId();
  const store = useMemo(() => new SeatsStore(id), [id]);
  const event = store.event.value;
  usePageTitle(event ? t("seats.title_of", { event: nameOf(event.name) }) : null);
  useEffect(() => {
    let stop: (() => void) | undefined;
    void store.load().then(() => (stop = store.follow()));
    return () => stop?.();
  }, [store]);
  if (store.problem.value && !event) return <Failed alone problem={store.problem.value} retry={() => void store.load()} />;
  if (!event || !store.model.value) return <Skeleton lines={3} tall />;
  return <Chooser store={store} />;
}

function Chooser({ store }: { store: SeatsStore }) {
  const event = store.event.value!;
  // On a wide screen (as in seats.css) the map is always there, so the panel starts with the list.
  const tab = useSignal<Tab>(matchMedia("(min-width: 60rem), (min-width: 40rem) and (max-height: 32rem)").matches ? "list" : "map");
  const show = useRef<(seats: readonly number[]) => void>(() => undefined);
  const now = useNow(1000);
  const href = `/events/${encodeURIComponent(event.id)}`;
  if (Date.parse(event.on_sale_at) > now) return <NotOpen href={href} title={t("error.not_on_sale")} />;
  if (event.status === "closed") return <NotOpen href={href} title={t("error.sale_closed")} />;
  return (
    <div class="seats-page" data-tab={tab.value}>
      <div class="seats-head">
        <a class="back" href={`/events/${encodeURIComponent(event.id)}`} aria-label={t("seats.back")}>
          <Icon name="back" />
        </a>
        <div class="seats-title">
          <h1>{nameOf(event.name)}</h1>
          <p>
            {when(event.starts_at, "short", lang.value, event.venue.time_zone)} · {nameOf(event.venue.name)}
          </p>
        </div>
        {store.stale.value && (
          <span class="badge warn" role="status">
            {t("seats.stale")}
          </span>
        )}
        {event.waiting_room && (
          <div class="seats-line">
            <Inside event={event.id} />
          </div>
        )}
      </div>
      <div class="segmented" role="group" aria-label={t("seats.ways")}>
        {TABS.map(({ tab: value, icon, name }) => (
          <button
            key={value}
            type="button"
            class={`segment segment-${value}`}
            aria-pressed={tab.value === value}
            data-testid={`tab-${value}`}
            onClick={() => (tab.value = value)}
          >
            <Icon name={icon} size={18} />
            {t(name)}
          </button>
        ))}
      </div>
      <SeatMap
        store={store}
        reveal={(fn) => (show.current = fn)}
        onStanding={(section) => {
          store.section.value = section;
          tab.value = "list";
          focusSoon("#list-section");
        }}
      />
      <div class="panel" key={tab.value === "best" ? "best" : "list"}>
        {tab.value === "best" ? <Best store={store} /> : <ListPath store={store} />}
      </div>
      <Sheet store={store} show={(seats) => show.current(seats)} />
    </div>
  );
}

function NotOpen({ href, title }: { href: string; title: string }) {
  return (
    <Empty alone icon="clock" title={title}>
      <a class="btn" href={href}>
        {t("seats.back")}
      </a>
    </Empty>
  );
}

void mount("seats.title", () => <Page />);
