"""Where an accepted order goes while the queue is away: into the outbox, from which a worker fulfils it like a message.

"Accepted" means stored, and there are two places to store. Should the queue have taken it after all, the twin is
swallowed by its primary key, as any message that comes twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base import outbox
from ticketing.base.clock import Clock
from ticketing.base.db import Database, DatabaseAway
from ticketing.base.outbox import OutboxRow
from ticketing.orders import messages
from ticketing.orders.messages import OrderPlaced

log = structlog.get_logger(__name__)

Fulfil = Callable[[Sequence[OrderPlaced]], Awaitable[None]]


class SpareIntake:
    """Writes accepted orders down."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def __call__(self, body: bytes) -> None:
        """Return when the order is stored. Raises DatabaseAway."""

        async def work(conn: AsyncConnection) -> None:
            await outbox.put(conn, messages.PLACED, [body], self._clock.now_ms())

        await self._db.transact(work)


class FulfilSpare:
    """Outbox handler (leased) of topic `placed`. A repeat finds the orders in the books, and that is fine."""

    def __init__(self, db: Database, fulfil: Fulfil) -> None:
        self._db = db
        self._fulfil = fulfil

    async def __call__(self, rows: Sequence[OutboxRow]) -> dict[int, Exception]:
        """Bring these orders into the books; one that cannot be stops no other."""
        failed: dict[int, Exception] = {}
        try:
            await self._fulfil([messages.decode_placed(row.payload) for row in rows])
        except DatabaseAway:
            raise
        except Exception:
            log.exception("spare_batch_failed")
            failed = await self._one_by_one(rows)
        done = [row.id for row in rows if row.id not in failed]
        if done:
            await self._db.transact(lambda conn: outbox.forget(conn, done))
        return failed

    async def _one_by_one(self, rows: Sequence[OutboxRow]) -> dict[int, Exception]:
        failed: dict[int, Exception] = {}
        for row in rows:
            try:
                await self._fulfil([messages.decode_placed(row.payload)])
            except DatabaseAway:
                raise
            except Exception as error:  # noqa: BLE001 - the topic puts the row back, or gives it up aloud
                failed[row.id] = error
        return failed
