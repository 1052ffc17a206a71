"""Where an accepted order goes while the queue is away: into the outbox, from which a worker fulfils it like a message.

"Accepted" means stored, and there are two places to store. Should the queue have taken it after all, the twin is
swallowed by its primary key, as any message that comes twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base import outbox
from ticketing.base.clock import Clock
from ticketing.base.db import Database
from ticketing.base.outbox import OutboxRow
from ticketing.orders import messages
from ticketing.orders.fulfil import Fulfilment, tell_wait
from ticketing.orders.messages import OrderPlaced


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

    def __init__(self, db: Database, fulfilment: Fulfilment) -> None:
        self._db = db
        self._fulfilment = fulfilment

    async def __call__(self, rows: Sequence[OutboxRow]) -> dict[int, Exception]:
        """Bring these orders into the books; one that cannot be stops no other."""
        failed: dict[int, Exception] = {}
        placed: dict[int, OrderPlaced] = {}
        for row in rows:
            try:
                placed[row.id] = messages.decode_placed(row.payload)
            except msgspec.DecodeError as error:
                failed[row.id] = error
        tell_wait(placed.values())
        by_order = await self._fulfilment.fulfil_each(list(placed.values()))
        failed |= {row_id: by_order[p.order_id] for row_id, p in placed.items() if p.order_id in by_order}
        done = [row_id for row_id in placed if row_id not in failed]
        if done:
            await self._db.transact(lambda conn: outbox.forget(conn, done))
        return failed
