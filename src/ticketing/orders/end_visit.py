"""Who has paid leaves the sale, and the next one may come in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from ticketing.base import outbox
from ticketing.base.crash import CrashPoint, nowhere
from ticketing.base.db import Database
from ticketing.base.errors import Problem
from ticketing.base.outbox import OutboxRow, RetryLater
from ticketing.orders import messages, sql
from ticketing.waiting.join import JoinService
from ticketing.waiting.model import Ending

log = structlog.get_logger(__name__)

CLOCKS_APART_MS = 2_000
"""The clocks of the process that let somebody in and of the one that took the order may differ by so much."""


class EndVisit:
    """Outbox handler (leased) of topic `visit`.

    A message that comes again, or late, may find its buyer in the line once more: only the visit in which the order was
    placed is ended.
    """

    def __init__(self, db: Database, line: JoinService, *, crash_point: CrashPoint = nowhere) -> None:
        self._db = db
        self._line = line
        self._crash_point = crash_point

    async def __call__(self, rows: Sequence[OutboxRow]) -> dict[int, Exception]:
        """End the visits of these orders' buyers; while the line is away they wait."""
        by_order = {messages.decode_order(row.payload).order_id: row for row in rows}
        async with self._db.read() as conn:
            found = await sql.find_orders(conn, list(by_order))
        failed: dict[int, Exception] = {}
        done: list[int] = []

        async def end(order_id: str, row: OutboxRow) -> None:
            order = found.get(order_id)
            try:
                if order is not None:
                    await self._line.leave(
                        order.event_id, order.account_id, Ending.ORDERED, begun_by=order.created_at + CLOCKS_APART_MS
                    )
                done.append(row.id)
            except Problem as problem:
                if problem.status == 503:
                    failed[row.id] = RetryLater(outbox.backoff(row.attempts, most=10), problem.detail)
                else:
                    done.append(row.id)
            except Exception as error:
                # What is wrong with one visit must not keep others inside.
                log.exception("visit_not_ended", order_id=order_id)
                failed[row.id] = error

        # At once, so that they travel together.
        await asyncio.gather(*(end(order_id, row) for order_id, row in by_order.items()))
        await self._crash_point("visit:ended")
        if done:
            await self._db.transact(lambda conn: outbox.forget(conn, done))
        return failed
