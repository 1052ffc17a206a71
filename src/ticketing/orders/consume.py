"""The worker's end of the queue: batches of OrderPlaced, acked only when they are in the books.

While the database is away nothing is received, and what is in hand is kept invisible: an order must not use up its
deliveries, and end among the dead letters, because of an outage that is not its fault.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import msgspec
import structlog

from ticketing.base.crash import CrashPoint, nowhere
from ticketing.base.db import Database, DatabaseAway
from ticketing.base.queue.port import Delivery, Queue, QueueError
from ticketing.orders import messages
from ticketing.orders.fulfil import Fulfilment, tell_wait
from ticketing.orders.messages import OrderPlaced

log = structlog.get_logger(__name__)


class Consumer:
    """Receives, fulfils, acks.

    Args:
        batch: messages per commit, at most.
        visibility_seconds: of the queue; the heartbeat is a third of it.
        then: called after each batch, to nudge the topics that it wrote for.
    """

    def __init__(
        self,
        queue: Queue,
        fulfilment: Fulfilment,
        db: Database,
        *,
        batch: int = 100,
        visibility_seconds: float = 30.0,
        crash_point: CrashPoint = nowhere,
        then: Callable[[], None] | None = None,
    ) -> None:
        self._queue = queue
        self._fulfilment = fulfilment
        self._db = db
        self._batch = batch
        self._visibility = visibility_seconds
        self._crash_point = crash_point
        self._then = then

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; the batch in hand is finished first."""
        while not stop.is_set():
            try:
                await self._db.ping()
                deliveries = await self._queue.receive(self._batch, 1.0)
            except (QueueError, DatabaseAway) as error:
                log.warning("consumer_waits", error=repr(error)[:200])
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), 1.0)
                continue
            if deliveries:
                await self.handle(deliveries, stop)

    async def handle(self, deliveries: list[Delivery], stop: asyncio.Event) -> None:
        """Fulfil one batch and ack it. What cannot be read is left to become a dead letter."""
        await self._crash_point("consume:received")
        good: list[tuple[Delivery, OrderPlaced]] = []
        for delivery in deliveries:
            try:
                good.append((delivery, messages.decode_placed(delivery.body)))
            except msgspec.DecodeError as error:
                log.error("unreadable_message", id=delivery.id, attempt=delivery.attempt, error=str(error)[:200])
        if not good:
            return
        tell_wait(message for _, message in good)
        async with self._kept_invisible([delivery for delivery, _ in good]):
            done = await self._fulfil(good, stop)
        if self._then is not None:
            self._then()
        await self._crash_point("consume:fulfilled")
        with contextlib.suppress(QueueError):
            await self._queue.ack(done)
        await self._crash_point("consume:acked")

    async def _fulfil(self, good: list[tuple[Delivery, OrderPlaced]], stop: asyncio.Event) -> list[Delivery]:
        while True:
            try:
                failed = await self._fulfilment.fulfil_each([message for _, message in good])
                # A bad one is left to its next delivery, and in the end to the dead letters.
                return [delivery for delivery, message in good if message.order_id not in failed]
            except DatabaseAway as error:
                if stop.is_set():
                    return []
                log.warning("fulfilment_waits", orders=len(good), error=str(error)[:200])
                await asyncio.sleep(1.0)

    @contextlib.asynccontextmanager
    async def _kept_invisible(self, deliveries: list[Delivery]) -> AsyncIterator[None]:
        async def heartbeat() -> None:
            while True:
                await asyncio.sleep(self._visibility / 3)
                with contextlib.suppress(QueueError):
                    await self._queue.extend(deliveries, self._visibility)

        task = asyncio.create_task(heartbeat())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
