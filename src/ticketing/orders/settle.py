"""Write what is known about an order's money into the books, and move the order accordingly.

The one place where money and order state meet. Callers bring outcomes from wherever they learnt them: the capture
call, a callback, a look-up, a void. Facts may come twice, late and in any order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base import outbox
from ticketing.base.clock import Clock
from ticketing.base.crash import CrashPoint, nowhere
from ticketing.base.db import Database
from ticketing.catalog.load import Catalog
from ticketing.orders import messages, sql
from ticketing.orders.model import LIVE, Order, OrderState, Reason
from ticketing.payments import sql as books
from ticketing.payments.gateway import Captured, Declined, Voided
from ticketing.payments.model import EntryKind, LedgerEntry

log = structlog.get_logger(__name__)

Known = Captured | Declined | Voided
"""Outcomes that close the question whether money was taken."""


class _NoRoom(Exception):
    """Rolls a savepoint back: the seats, or the person's cap, are gone."""


class Settlement:
    """Applies payment outcomes."""

    def __init__(self, db: Database, catalog: Catalog, clock: Clock, *, crash_point: CrashPoint = nowhere) -> None:
        self._db = db
        self._catalog = catalog
        self._clock = clock
        self._crash_point = crash_point

    async def settle(self, conn: AsyncConnection, outcomes: Mapping[str, Known]) -> None:
        """Apply outcomes by order id, in the caller's transaction. Unknown order ids are left out."""
        now = self._clock.now_ms()
        found = await sql.lock_orders(self._db, conn, list(outcomes))
        plain: list[Order] = []
        for order_id, order in found.items():
            outcome = outcomes[order_id]
            if (
                isinstance(outcome, Captured)
                and order.state is OrderState.RESERVED
                and (outcome.amount, outcome.currency) == (order.amount, order.currency)
            ):
                plain.append(order)
            elif isinstance(outcome, Captured):
                await self._captured_oddly(conn, order, outcome, now)
            else:
                await self._not_captured(conn, order, outcome, now)
        await self._paid(conn, plain, outcomes, now)

    async def _paid(
        self, conn: AsyncConnection, paid: Sequence[Order], outcomes: Mapping[str, Known], now: int
    ) -> None:
        if not paid:
            return
        facts = [(order.event_id, _captured_entry(order, outcomes[order.order_id], now)) for order in paid]
        await books.append(self._db, conn, facts)
        await self._crash_point("settle:ledger")
        ids = [order.order_id for order in paid]
        await sql.move(conn, ids, [OrderState.RESERVED], OrderState.PAID, now, paid_at=now)
        await self._crash_point("settle:orders")
        await outbox.put(conn, messages.ISSUE, [_event(order_id) for order_id in ids], now)
        lined = {e: (await self._catalog.get(e)).event.waiting_room for e in {order.event_id for order in paid}}
        visits = [_event(order.order_id) for order in paid if lined[order.event_id]]
        if visits:
            await outbox.put(conn, messages.VISIT, visits, now)

    async def _write(self, conn: AsyncConnection, order: Order, entry: LedgerEntry) -> bool:
        return bool(await books.append(self._db, conn, [(order.event_id, entry)]))

    async def _captured_oddly(self, conn: AsyncConnection, order: Order, outcome: Captured, now: int) -> None:
        """Money for an order that is not simply waiting for it."""
        if not await self._write(conn, order, _captured_entry(order, outcome, now)):
            return  # an echo of what the books know
        if order.state in (OrderState.PAID, OrderState.TICKETED):
            log.error("captured_twice", order_id=order.order_id, reference=outcome.reference)
            await self._give_back(conn, order, outcome, now)
            return
        fits = (outcome.amount, outcome.currency) == (order.amount, order.currency)
        if fits and order.state in (OrderState.DECLINED, OrderState.EXPIRED) and await self._retake(conn, order, now):
            log.info("late_payment_seated", order_id=order.order_id)
            return
        log.warning("late_payment_refunded", order_id=order.order_id, state=order.state.value)
        if order.state in LIVE:
            await self._give_up(conn, order, now)
            await sql.move(
                conn, [order.order_id], [order.state], OrderState.CANCELLED, now, reason=Reason.PAID_TOO_LATE.value
            )
            await outbox.put(conn, messages.NOTICE, [_event(order.order_id)], now)
        # An order that had ended says nothing now: "you have not been charged", which its state stands for, is no
        # longer true. The refund tells its buyer.
        await self._give_back(conn, order, outcome, now)

    async def _retake(self, conn: AsyncConnection, order: Order, now: int) -> bool:
        event = await self._catalog.get(order.event_id)
        try:
            async with conn.begin_nested():
                seats = await sql.retake_seats(conn, order.order_id)
                count = [(order.event_id, order.account_id, seats)]
                cap = {order.event_id: event.event.max_per_person}
                if not seats or not await sql.count_people(self._db, conn, count, cap):
                    raise _NoRoom
        except (IntegrityError, _NoRoom):
            return False
        before = [OrderState.DECLINED, OrderState.EXPIRED]
        await sql.move(conn, [order.order_id], before, OrderState.PAID, now, paid_at=now, reason=None)
        await outbox.put(conn, messages.ISSUE, [_event(order.order_id)], now)
        await self._seats_changed(conn, order, now)
        return True

    async def _give_back(self, conn: AsyncConnection, order: Order, outcome: Captured, now: int) -> None:
        """Owe exactly this capture back. The refund is named after it, so that it can be owed only once."""
        reference = f"late-{outcome.reference}"[:80]
        owed = LedgerEntry(order.order_id, EntryKind.REFUND_REQUESTED, outcome.amount, outcome.currency, reference, now)
        if await self._write(conn, order, owed):
            await outbox.put(conn, messages.REFUND, [_event(order.order_id)], now)

    async def _not_captured(self, conn: AsyncConnection, order: Order, outcome: Declined | Voided, now: int) -> None:
        kind = EntryKind.DECLINED if isinstance(outcome, Declined) else EntryKind.VOIDED
        detail = outcome.code if isinstance(outcome, Declined) else ""
        entry = LedgerEntry(order.order_id, kind, 0, order.currency, "", now, detail)
        if order.state is not OrderState.RESERVED:
            return
        await self._write(conn, order, entry)
        await self._give_up(conn, order, now)
        after, reason = (
            (OrderState.DECLINED, Reason.PAYMENT_DECLINED)
            if isinstance(outcome, Declined)
            else (OrderState.EXPIRED, Reason.PAYMENT_EXPIRED)
        )
        await sql.move(conn, [order.order_id], [OrderState.RESERVED], after, now, reason=reason.value)
        await outbox.put(conn, messages.NOTICE, [_event(order.order_id)], now)

    async def _give_up(self, conn: AsyncConnection, order: Order, now: int) -> None:
        await sql.free_seats(conn, order)
        await self._seats_changed(conn, order, now)

    async def _seats_changed(self, conn: AsyncConnection, order: Order, now: int) -> None:
        await outbox.put(conn, messages.SEATS, [await seats_changed(conn, order)], now)


async def seats_changed(conn: AsyncConnection, order: Order) -> bytes:
    """The message that makes Valkey look at the order's seats again."""
    seats = (await sql.seats_of(conn, [order.order_id]))[order.order_id]
    ordinals = tuple(seat.ordinal for seat in seats)
    return messages.encode(messages.SeatsChanged(order.event_id, order.account_id, order.hold_id, ordinals))


def _captured_entry(order: Order, outcome: Known, now: int) -> LedgerEntry:
    assert isinstance(outcome, Captured)  # noqa: S101 - callers sorted them out
    return LedgerEntry(
        order.order_id, EntryKind.CAPTURED, outcome.amount, outcome.currency, outcome.reference[:80], now
    )


def _event(order_id: str) -> bytes:
    return messages.encode(messages.OrderEvent(order_id))
