"""How an order stands, for its buyer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base.batch import Batches
from ticketing.base.clock import Clock
from ticketing.base.db import Database
from ticketing.base.errors import NotFound
from ticketing.base.tokens import Signer
from ticketing.catalog.load import Catalog
from ticketing.catalog.model import Event
from ticketing.orders import sql
from ticketing.orders.ids import belongs_to
from ticketing.orders.model import Order, OrderSeat, OrderState, refund_fee
from ticketing.payments import sql as books
from ticketing.payments.model import LedgerEntry, PaymentState, derive


@dataclass(frozen=True)
class IssuedTicket:
    """A ticket of an order, as far as an order needs to know of it."""

    ticket_id: str
    seat_id: str
    status: str


ReadTickets = Callable[[AsyncConnection, Sequence[str]], Awaitable[dict[str, list[IssuedTicket]]]]
"""Tickets by order: the tickets room's part, handed in by wiring."""


@dataclass(frozen=True)
class OrderView:
    """Everything about one order."""

    order: Order
    event: Event
    seats: list[OrderSeat]
    entries: list[LedgerEntry]
    money: PaymentState
    tickets: list[IssuedTicket]
    refund_amount: int | None

    @property
    def cancellable(self) -> bool:
        """Whether the buyer may cancel it now."""
        return self.refund_amount is not None


class OrderDesk:
    """Reads orders for their buyers."""

    def __init__(self, db: Database, catalog: Catalog, signer: Signer, clock: Clock, read_tickets: ReadTickets) -> None:
        self._db = db
        self._catalog = catalog
        self._signer = signer
        self._clock = clock
        self._read_tickets = read_tickets
        self._batches: Batches[str, OrderView] = Batches(self._load)

    async def read(self, order_id: str, account_id: str) -> OrderView | None:
        """One's own order; None while it waits in the queue: accepted, not yet in the books.

        Raises:
            NotFound: no such order of this account.
        """
        # After an on-sale thousands follow their orders at once.
        view = await self._batches.get(order_id)
        if view is not None and view.order.account_id == account_id:
            return view
        if view is not None or not belongs_to(self._signer, order_id, account_id):
            raise NotFound("There is no such order.")
        # The id is genuine, and ids are given out only with a 202: it is on its way.
        return None

    async def _load(self, order_ids: Sequence[str]) -> dict[str, OrderView]:
        async with self._db.read() as conn:
            found = await sql.find_orders(conn, order_ids)
            return {view.order.order_id: view for view in await self._views(conn, list(found.values()))}

    async def mine(self, account_id: str, limit: int = 100) -> list[OrderView]:
        """One's own orders, newest first."""
        async with self._db.read() as conn:
            return await self._views(conn, await sql.orders_of(conn, account_id, limit))

    async def _views(self, conn: AsyncConnection, orders: Sequence[Order]) -> list[OrderView]:
        ids = [order.order_id for order in orders]
        if not ids:
            return []
        seats = await sql.seats_of(conn, ids)
        entries = await books.entries_of(conn, ids)
        tickets = await self._read_tickets(conn, ids)
        views = []
        for order in orders:
            key = order.order_id
            event = (await self._catalog.get(order.event_id)).event
            views.append(
                OrderView(
                    order,
                    event,
                    seats[key],
                    entries[key],
                    derive(entries[key]),
                    tickets[key],
                    self._refund(order, event, tickets[key]),
                )
            )
        return views

    def _refund(self, order: Order, event: Event, tickets: Sequence[IssuedTicket]) -> int | None:
        if order.state not in (OrderState.PAID, OrderState.TICKETED) or any(t.status == "used" for t in tickets):
            return None
        now = self._clock.now_ms()
        fee = refund_fee(
            order.policy,
            order.amount,
            bought_at=order.created_at,
            starts_at=event.starts_at,
            now=now,
            time_zone=event.venue.time_zone,
        )
        return None if fee is None else order.amount - fee
