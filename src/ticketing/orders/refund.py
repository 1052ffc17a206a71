"""Give money back: what the ledger says is owed, once per refund id."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base import outbox
from ticketing.base.clock import Clock
from ticketing.base.crash import CrashPoint, nowhere
from ticketing.base.db import Database, DatabaseAway
from ticketing.base.outbox import OutboxRow, RetryLater
from ticketing.base.tracing import order_goes_on
from ticketing.orders import messages, sql
from ticketing.orders.model import OrderState
from ticketing.payments import sql as books
from ticketing.payments.gateway import Gateway, Refunded, RefundRefused
from ticketing.payments.model import EntryKind, LedgerEntry, OpenRefund, derive

log = structlog.get_logger(__name__)

_AFTER_REFUND = (OrderState.CANCELLED, OrderState.REFUSED, OrderState.DECLINED, OrderState.EXPIRED)


class RefundFailed(Exception):
    """The provider refused to give money back: staff must act. The debt stays in the ledger."""


class Refunds:
    """Outbox handler (leased) of topic `refund`."""

    def __init__(self, db: Database, gateway: Gateway, clock: Clock, *, crash_point: CrashPoint = nowhere) -> None:
        self._db = db
        self._gateway = gateway
        self._clock = clock
        self._crash_point = crash_point

    async def __call__(self, rows: Sequence[OutboxRow]) -> dict[int, Exception]:
        """Pay out every open refund of the orders named."""
        failed: dict[int, Exception] = {}
        for row in rows:
            try:
                order_id = messages.decode_order(row.payload).order_id
                with order_goes_on("refund", order_id):
                    await self._refund(order_id, row)
            except DatabaseAway:
                raise
            except (RetryLater, RefundFailed) as error:
                failed[row.id] = error
            except Exception as error:
                # What is wrong with one order must not keep others from their money.
                log.exception("refund_failed", row=row.id)
                failed[row.id] = error
        return failed

    async def _refund(self, order_id: str, row: OutboxRow) -> None:
        async with self._db.read() as conn:
            entries = (await books.entries_of(conn, [order_id]))[order_id]
        state = derive(entries)
        refused: list[str] = []
        for debt in state.open_refunds:
            outcome = (
                await self._gateway.refund(order_id, debt.refund_id, debt.amount) if debt.amount else Refunded("none")
            )
            await self._crash_point("refund:answered")
            if isinstance(outcome, Refunded):
                await self._record(order_id, debt, EntryKind.REFUNDED, outcome.reference)
            elif isinstance(outcome, RefundRefused):
                await self._record(order_id, debt, EntryKind.REFUND_FAILED, outcome.code)
                refused.append(outcome.code)
            else:
                raise RetryLater(outbox.backoff(row.attempts, most=30), repr(outcome))
        if refused:
            raise RefundFailed(f"order {order_id}: {', '.join(refused)}")
        if state.foreign:
            # Not closed: the order would say that all came back.
            raise RefundFailed(f"order {order_id}: {'; '.join(state.problems)}")
        await self._crash_point("refund:recorded")
        await self._close(order_id, row)

    async def _record(self, order_id: str, debt: OpenRefund, kind: EntryKind, detail: str) -> None:
        async def work(conn: AsyncConnection) -> None:
            order = await sql.read_order(conn, order_id)
            if order is not None:
                entry = LedgerEntry(
                    order_id, kind, debt.amount, order.currency, debt.refund_id, self._clock.now_ms(), detail
                )
                await books.append(self._db, conn, [(order.event_id, entry)])

        await self._db.transact(work)

    async def _close(self, order_id: str, row: OutboxRow) -> None:
        async def work(conn: AsyncConnection) -> None:
            now = self._clock.now_ms()
            if await sql.move(conn, [order_id], _AFTER_REFUND, OrderState.REFUNDED, now):
                await outbox.put(conn, messages.NOTICE, [messages.encode(messages.OrderEvent(order_id))], now)
            await outbox.forget(conn, [row.id])

        await self._db.transact(work)
