"""What the gauges of `base/metrics.py` show: read now and then by the one worker that leads the lines."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping

import structlog

from ticketing.base import metrics
from ticketing.base.clock import Clock
from ticketing.base.db import Database, DatabaseAway
from ticketing.base.outbox import oldest_due_seconds
from ticketing.base.queue.port import Queue, QueueError
from ticketing.base.valkey import ValkeyAway
from ticketing.catalog.load import Catalog
from ticketing.catalog.model import Event
from ticketing.holds.availability import Availability
from ticketing.orders import sql as order_sql
from ticketing.waiting import sql as line_sql
from ticketing.waiting.model import Phase
from ticketing.waiting.store import LineStore

log = structlog.get_logger(__name__)

EVERY_SECONDS = 15.0
MOST_EVENTS = 50
"""Events on sale that are counted, newest on-sale first: a longer list says less, and counting it costs more."""

Levels = dict[tuple[str, str], float]


class Gauges:
    """Reads and tells. What cannot be read is not told: a missing value is an alarm's business, a stale one a lie.

    Args:
        leading: whether this process is the one that tells.
    """

    def __init__(
        self,
        db: Database,
        catalog: Catalog,
        availability: Availability,
        queue: Queue,
        lines: LineStore,
        clock: Clock,
        leading: Callable[[], bool],
    ) -> None:
        self._db = db
        self._catalog = catalog
        self._availability = availability
        self._queue = queue
        self._lines = lines
        self._clock = clock
        self._leading = leading

    async def run(self, stop: asyncio.Event, every_seconds: float = EVERY_SECONDS) -> None:
        """Until `stop`."""
        while not stop.is_set():
            try:
                metrics.tell_levels(await self.read() if self._leading() else {})
            except Exception:
                # What was read before is no longer true: tell nothing.
                metrics.tell_levels({})
                log.exception("gauges_not_read")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), every_seconds)
        metrics.tell_levels({})

    async def read(self) -> Levels:
        """Everything at this moment."""
        levels: Levels = {}
        for part in (self._sales, self._line, self._backlog):
            try:
                levels |= await part()
            except (DatabaseAway, ValkeyAway, QueueError) as error:
                log.warning("gauge_not_read", part=part.__name__, error=repr(error)[:200])
        return levels

    async def _on_sale(self) -> list[Event]:
        now = self._clock.now_ms()
        listed = [
            event for event in await self._catalog.listed() if event.sale.on_sale_at <= now < event.sale.off_sale_at
        ]
        return sorted(listed, key=lambda event: -event.sale.on_sale_at)[:MOST_EVENTS]

    async def _sales(self) -> Levels:
        seats: Counter[str] = Counter()
        states: Counter[str] = Counter()
        for event in await self._on_sale():
            seats.update((await self._availability.get(event.id)).counts)
            async with self._db.read() as conn:
                states.update(await order_sql.count_by_state(conn, event.id))
        told: Levels = {(f"seats.{kind}", ""): float(seats[kind]) for kind in ("free", "held", "sold")}
        return told | {("orders.state", state): float(count) for state, count in states.items()}

    async def _line(self) -> Levels:
        async with self._db.read() as conn:
            lines = await line_sql.open_lines(conn)
        waiting = eligible = serving = used = 0.0
        for line in lines:
            gauge = await self._lines.gauge(line.event_id, self._clock.now_ms())
            if gauge is None:
                continue
            ahead = max(0, gauge.seq - gauge.serving)
            waiting += ahead
            # In a lobby nobody is called yet, and without a free seat nobody is called on: both are as they should be.
            if ahead and line.phase is Phase.OPEN and await self._availability.free_count(line.event_id) != 0:
                eligible += ahead
            serving = max(serving, min(gauge.serving, gauge.seq))
            used = max(used, 100 * gauge.inside / line.cap if line.cap else 0.0)
        return {
            ("queue.line_length", ""): waiting,
            ("queue.callable", ""): eligible,
            ("queue.serving", ""): serving,
            ("queue.cap_utilisation", ""): used,
        }

    async def _backlog(self) -> Levels:
        now = self._clock.now_ms()
        async with self._db.read() as conn:
            told: Levels = {("outbox.oldest_age", ""): await oldest_due_seconds(conn, now)}
        stats = await self._queue.stats()
        more: Mapping[str, float | None] = {
            "orders.queue_age": stats.oldest_age_seconds,
            "orders.dead_letters": stats.dead,
        }
        return told | {(name, ""): float(value) for name, value in more.items() if value is not None}
