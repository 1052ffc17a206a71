"""Cancel a bought order: tickets void, seats back on sale, money owed by the rules frozen at purchase."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base import outbox
from ticketing.base.clock import Clock
from ticketing.base.db import Database
from ticketing.base.errors import Conflict, NotFound
from ticketing.catalog.load import Catalog
from ticketing.orders import messages, sql
from ticketing.orders.model import Order, OrderState, Reason, refund_fee
from ticketing.orders.settle import seats_changed
from ticketing.payments import sql as books
from ticketing.payments.model import EntryKind, LedgerEntry

VoidTickets = Callable[[AsyncConnection, str], Awaitable[bool]]
"""Voids an order's tickets in the given transaction; False when one was used at the gate (nothing is voided then)."""


class Cancellation:
    """Cancels orders. `void_tickets` is the tickets room's part, handed in by wiring."""

    def __init__(self, db: Database, catalog: Catalog, clock: Clock, void_tickets: VoidTickets) -> None:
        self._db = db
        self._catalog = catalog
        self._clock = clock
        self._void_tickets = void_tickets

    async def cancel(self, order_id: str, account_id: str) -> None:
        """Cancel one's own order. A second call finds it cancelled and is content.

        Raises:
            NotFound: no such order of this account.
            Conflict: `not_cancellable`; the detail says why.
        """

        async def work(conn: AsyncConnection) -> None:
            order = (await sql.lock_orders(self._db, conn, [order_id])).get(order_id)
            if order is None or order.account_id != account_id:
                raise NotFound("There is no such order.")
            if order.state in (OrderState.CANCELLED, OrderState.REFUNDED):
                return
            await self._cancel(conn, order)

        await self._db.transact(work)

    async def _cancel(self, conn: AsyncConnection, order: Order) -> None:
        now = self._clock.now_ms()
        if order.state not in (OrderState.PAID, OrderState.TICKETED):
            raise Conflict("not_cancellable", f"An order that is {order.state.value} cannot be cancelled.")
        event = (await self._catalog.get(order.event_id)).event
        fee = refund_fee(
            order.policy,
            order.amount,
            bought_at=order.created_at,
            starts_at=event.starts_at,
            now=now,
            time_zone=event.venue.time_zone,
        )
        if fee is None:
            raise Conflict("not_cancellable", "The show has begun; this order can no longer be cancelled.")
        if not await self._void_tickets(conn, order.order_id):
            raise Conflict("not_cancellable", "A ticket of this order has been used at the gate.")
        before = [OrderState.PAID, OrderState.TICKETED]
        await sql.move(conn, [order.order_id], before, OrderState.CANCELLED, now, reason=Reason.BUYER.value)
        await sql.free_seats(conn, order)
        refund_id = f"cancel-{order.order_id}"
        entries = [
            LedgerEntry(order.order_id, EntryKind.REFUND_REQUESTED, order.amount - fee, order.currency, refund_id, now)
        ]
        if fee:
            entries.append(LedgerEntry(order.order_id, EntryKind.FEE_KEPT, fee, order.currency, refund_id, now))
        await books.append(self._db, conn, [(order.event_id, entry) for entry in entries])
        message = messages.encode(messages.OrderEvent(order.order_id))
        await outbox.put(conn, messages.REFUND, [message], now)
        await outbox.put(conn, messages.NOTICE, [message], now)
        await outbox.put(conn, messages.SEATS, [await seats_changed(conn, order)], now)
