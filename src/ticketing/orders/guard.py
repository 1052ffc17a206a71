"""An accepted order that is neither queued nor in the books is sent again, until it is.

A queue may lose everything it holds (a wrong FLUSHALL, a lost volume). Each API process therefore remembers what it
has said 202 to until the database knows of it. Sending twice is harmless: the order id is a primary key.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from typing import NamedTuple

import structlog

from ticketing.base.clock import Clock
from ticketing.base.db import Database, DatabaseAway
from ticketing.base.queue.port import Queue, QueueError
from ticketing.orders import sql

log = structlog.get_logger(__name__)

_CHUNK = 500


MOST_TIMES = 20
"""So often one order is sent again. What workers fail at lies with the dead letters and is not in the books either: for
ever sent again, it would be a new dead letter every few minutes."""


class _Accepted(NamedTuple):
    since: int
    body: bytes
    sent_again: int


class IntakeGuard:
    """Remembers accepted orders and looks after them.

    Args:
        after_seconds: an order is looked for in the books when it is this old.
        most: orders remembered; beyond it the oldest are let go (some 60 MB at the default).
    """

    def __init__(
        self, db: Database, queue: Queue, clock: Clock, *, after_seconds: float = 8.0, most: int = 100_000
    ) -> None:
        self._db = db
        self._queue = queue
        self._clock = clock
        self._after_ms = int(after_seconds * 1000)
        self._most = most
        self._accepted: OrderedDict[str, _Accepted] = OrderedDict()

    def remember(self, order_id: str, body: bytes) -> None:
        """An order was put into the queue."""
        # At the end, even when it was here already: `run_once` begins at the oldest and stops at the first young one.
        self._accepted.pop(order_id, None)
        self._accepted[order_id] = _Accepted(self._clock.now_ms(), body, 0)
        if len(self._accepted) > self._most:
            self._accepted.popitem(last=False)

    async def run(self, stop: asyncio.Event, every_seconds: float = 4.0) -> None:
        """Look after them until `stop`."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), every_seconds)
            try:
                await self.run_once()
            except (QueueError, DatabaseAway) as error:
                log.warning("intake_guard_waits", error=repr(error)[:200])
            except Exception:
                log.exception("intake_guard_failed")

    async def run_once(self) -> int:
        """Forget what is in the books, send again what is lost; gives how many were sent again.

        Raises:
            DatabaseAway, QueueError: nothing is forgotten; call again later.
        """
        now = self._clock.now_ms()
        due = []
        for order_id, accepted in self._accepted.items():
            if now - accepted.since < self._after_ms:
                break
            due.append(order_id)
        known: set[str] = set()
        for start in range(0, len(due), _CHUNK):
            async with self._db.read() as conn:
                known |= await sql.known_orders(conn, due[start : start + _CHUNK])
        for order_id in known:
            self._accepted.pop(order_id, None)
        missing = [order_id for order_id in due if order_id in self._accepted]
        if not missing:
            return 0
        stats = await self._queue.stats()
        oldest = stats.oldest_age_seconds if stats.depth else 0.0
        # Whatever is younger than the queue's oldest message may still be waiting in it: a backlog is not a loss.
        # Where the queue cannot tell its age (SQS, from here), only an empty queue proves a loss.
        if oldest is None:
            return 0
        # What was let go while the queue was asked, for want of room, is not here any more.
        kept = {order_id: self._accepted[order_id] for order_id in missing if order_id in self._accepted}
        lost = [order_id for order_id, one in kept.items() if now - one.since > oldest * 1000 + 2000]
        for order_id in [order_id for order_id in lost if kept[order_id].sent_again >= MOST_TIMES]:
            log.error("order_not_sent_again", order_id=order_id, times=MOST_TIMES)
            self._accepted.pop(order_id, None)
            lost.remove(order_id)
        for start in range(0, len(lost), _CHUNK):
            part = lost[start : start + _CHUNK]
            await self._queue.send([kept[order_id].body for order_id in part])
            for order_id in part:
                if self._accepted.pop(order_id, None) is not None:
                    one = kept[order_id]
                    self._accepted[order_id] = _Accepted(now, one.body, one.sent_again + 1)
        if lost:
            log.error("orders_sent_again", count=len(lost), order_ids=lost[:10])
        return len(lost)
