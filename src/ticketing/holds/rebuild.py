"""Bring Valkey's seats back from the database: after a loss, and for an event that was never opened before."""

from __future__ import annotations

import asyncio

import structlog

from ticketing.base import ids
from ticketing.base.clock import Clock
from ticketing.holds.model import SalesTruth
from ticketing.holds.store import HoldStore

log = structlog.get_logger(__name__)


# Seconds. The first buyers of a new event may come to several processes at once; what one of them builds in
# milliseconds is no reason to send the others away.
_PATIENCE = (0.02, 0.05, 0.1)


class Rebuilder:
    """Rebuilds one event at a time per process; a lease in Valkey keeps processes out of each other's way."""

    def __init__(self, store: HoldStore, truth: SalesTruth, clock: Clock) -> None:
        self._store = store
        self._truth = truth
        self._clock = clock
        self._running: dict[str, asyncio.Task[bool]] = {}

    async def ensure(self, event_id: str, capacity: int) -> bool:
        """Whether the event's seats are in Valkey afterwards. Callers at the same time share one rebuild.

        False: another process is rebuilding it, and not done within a moment. Raises ValkeyAway, DatabaseAway.
        """
        task = self._running.get(event_id)
        if task is None:
            task = asyncio.create_task(self._rebuild(event_id, capacity))
            self._running[event_id] = task
            task.add_done_callback(lambda _: self._running.pop(event_id, None))
        return await asyncio.shield(task)

    async def _rebuild(self, event_id: str, capacity: int) -> bool:
        epoch = ids.new_id("ep", 8)
        state = await self._store.begin_rebuild(event_id, epoch, capacity, self._clock.now_ms())
        for pause in _PATIENCE:
            if state != "busy":
                break
            await asyncio.sleep(pause)
            state = await self._store.begin_rebuild(event_id, epoch, capacity, self._clock.now_ms())
        if state != "begun":
            return state == "ready"
        # From here on every commit marks its own seats; what was committed before is read now.
        sold = await self._truth.sold(event_id)
        bought = await self._truth.bought(event_id)
        state = await self._store.end_rebuild(event_id, epoch, sold, bought)
        log.info("holds_rebuilt", event_id=event_id, sold=len(sold), state=state)
        return state == "ready"
