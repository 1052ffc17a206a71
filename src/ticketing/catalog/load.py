"""The catalogue as the other rooms read it: events kept for a second, plans kept for good."""

from __future__ import annotations

import asyncio
import gzip
import json
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ticketing.base.clock import Clock
from ticketing.base.db import Database
from ticketing.base.errors import NotFound
from ticketing.base.ids import looks_like_id

from . import sql
from .document import decode_plan
from .index import PlanIndex
from .model import Event, SeatPlan
from .refreshed import Refreshed

T = TypeVar("T")

LISTED = 500
"""Events in the public list."""

_LISTED_AFTER_START_MS = 12 * 3600 * 1000
_KEPT_PLANS = 32
_KEPT_EVENTS = 1_024


@dataclass(frozen=True, slots=True)
class LoadedPlan:
    """A stored plan, ready to be looked up and to be sent."""

    id: str
    version: str
    index: PlanIndex
    body: bytes
    gzipped: bytes


@dataclass(frozen=True, slots=True)
class LoadedEvent:
    """An event with its plan. The same object until the event changes."""

    event: Event
    plan: LoadedPlan
    amounts: dict[str, int]

    @property
    def index(self) -> PlanIndex:
        """Look-ups over the event's plan."""
        return self.plan.index

    def amount_at(self, ordinal: int) -> int:
        """The price of a place, in minor units. Raises IndexError outside the plan."""
        return self.amounts[self.plan.index.grade_at(ordinal)]


def open_plan(document: bytes) -> SeatPlan:
    """The plan of a stored (gzipped) document."""
    return decode_plan(json.loads(gzip.decompress(document)))


def _loaded_plan(row: sql.PlanRow) -> LoadedPlan:
    body = gzip.decompress(row.document)
    return LoadedPlan(row.id, row.version, PlanIndex(decode_plan(json.loads(body))), body, row.document)


class Catalog:
    """Events and plans of one process. Changes made elsewhere are seen within `ttl` seconds.

    While the database is away, what was known is answered for up to `stale_for` seconds.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        ttl: float = 1.0,
        stale_for: float = 600.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make it; nothing is loaded before it is asked for."""
        self._db = db
        self._clock = clock
        self._ttl = ttl
        self._stale_for = stale_for
        self._monotonic = monotonic
        self._known: dict[str, Event] = {}
        self._listed = self._refreshed(self._load_listed, ttl)
        self._single: OrderedDict[str, Refreshed[Event | None]] = OrderedDict()
        self._plans: OrderedDict[str, Refreshed[LoadedPlan]] = OrderedDict()
        self._ready: OrderedDict[str, LoadedEvent] = OrderedDict()

    async def listed(self) -> tuple[Event, ...]:
        """Events that are still to come (or began within half a day), the next one first."""
        return tuple((await self._listed.get()).values())

    async def event(self, event_id: str) -> Event:
        """One event, however old. Raises NotFound; DatabaseAway when it was never seen and cannot be."""
        if not looks_like_id(event_id):
            raise NotFound("There is no such event.")
        found = (await self._listed.get()).get(event_id)
        if found is None:
            entry = _entry(
                self._single, event_id, _KEPT_EVENTS, lambda: self._refreshed(lambda: self._load(event_id), self._ttl)
            )
            found = await entry.get()
        if found is None:
            raise NotFound("There is no such event.")
        return found

    async def get(self, event_id: str) -> LoadedEvent:
        """One event with its plan. Raises NotFound; DatabaseAway when it was never seen and cannot be."""
        event = await self.event(event_id)
        ready = self._ready.get(event_id)
        if ready is None or (ready.event is not event and ready.event != event):
            plan = await self.plan(event.plan_version)
            ready = self._ready.get(event_id)
            if ready is None or ready.event != event:
                ready = LoadedEvent(event, plan, {price.grade: price.amount for price in event.prices})
                self._ready[event_id] = ready
            while len(self._ready) > _KEPT_EVENTS:
                self._ready.popitem(last=False)
        return ready

    async def plan(self, version: str) -> LoadedPlan:
        """A plan by version. Raises NotFound; DatabaseAway when it was never seen and cannot be."""
        entry = _entry(
            self._plans, version, _KEPT_PLANS, lambda: self._refreshed(lambda: self._load_plan(version), math.inf)
        )
        return await entry.get()

    async def close(self) -> None:
        """Stop loads that are under way."""
        under_way: list[Refreshed[Any]] = [self._listed, *self._single.values(), *self._plans.values()]
        for entry in under_way:
            await entry.close()

    def _refreshed(self, load: Callable[[], Awaitable[T]], ttl: float) -> Refreshed[T]:
        return Refreshed(load, ttl=ttl, stale_for=self._stale_for, monotonic=self._monotonic)

    def _same(self, event: Event) -> Event:
        """The object that we already have if nothing changed: what was made from it stays good."""
        known = self._known.get(event.id)
        return known if known == event else event

    async def _load_listed(self) -> dict[str, Event]:
        after = self._clock.now_ms() - _LISTED_AFTER_START_MS
        async with self._db.read() as conn:
            found = await sql.find_events(conn, starts_after=after, limit=LISTED)
        self._known = {event.id: self._same(event) for event in found}
        return self._known

    async def _load(self, event_id: str) -> Event | None:
        async with self._db.read() as conn:
            return await sql.find_event(conn, event_id)

    async def _load_plan(self, version: str) -> LoadedPlan:
        async with self._db.read() as conn:
            row = await sql.find_plan(conn, version)
        if row is None:
            raise NotFound("There is no such plan.")
        # Reading a large plan takes tenths of a second: not on the thread that serves everyone.
        return await asyncio.to_thread(_loaded_plan, row)


def _entry(kept: OrderedDict[str, T], key: str, most: int, make: Callable[[], T]) -> T:
    """The entry of a key, made if needed; the one unused for longest goes when there are too many."""
    if key not in kept:
        kept[key] = make()
        while len(kept) > most:
            kept.popitem(last=False)
    kept.move_to_end(key)
    return kept[key]
