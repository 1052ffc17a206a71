"""Paid order → one ticket per seat."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base import ids, outbox
from ticketing.base.clock import Clock
from ticketing.base.crash import CrashPoint, nowhere
from ticketing.base.db import Database
from ticketing.base.outbox import OutboxRow
from ticketing.base.tracing import order_went_on
from ticketing.orders import messages
from ticketing.orders import sql as order_sql
from ticketing.orders.model import OrderState
from ticketing.tickets import sql
from ticketing.tickets.model import TicketStatus


def ticket_id_for(order_id: str, seat_id: str) -> str:
    """The id of the ticket for this seat of this order: always the same, so issuing twice issues once."""
    return ids.encode("tkt", hashlib.sha256(f"{order_id}\0{seat_id}".encode()).digest()[:12])


class Issue:
    """Outbox handler (transactional) of topic `issue`: tickets, order state and notice in one commit."""

    def __init__(self, db: Database, clock: Clock, *, crash_point: CrashPoint = nowhere) -> None:
        self._db = db
        self._clock = clock
        self._crash_point = crash_point

    async def __call__(self, conn: AsyncConnection, rows: Sequence[OutboxRow]) -> None:
        """Issue for every order that is paid by now; others were cancelled in between, and have nothing to get."""
        order_ids = sorted({messages.decode_order(row.payload).order_id for row in rows})
        found = await order_sql.lock_orders(self._db, conn, order_ids)
        paid = [order for order in found.values() if order.state is OrderState.PAID]
        if not paid:
            return
        now = self._clock.now_ms()
        began = time.time_ns()
        paid_ids = [order.order_id for order in paid]
        seats = await order_sql.seats_of(conn, paid_ids)
        there = await sql.existing_tickets(conn, paid_ids)
        await sql.insert_tickets(
            conn,
            [
                {
                    "id": ticket_id_for(order.order_id, seat.seat_id),
                    "order_id": order.order_id,
                    "event_id": order.event_id,
                    "seat_id": seat.seat_id,
                    "account_id": order.account_id,
                    "status": TicketStatus.VALID.value,
                    "live": 1,
                    "issued_at": now,
                    "admitted_at": None,
                    "admitted_by": None,
                }
                for order in paid
                for seat in seats[order.order_id]
                if (order.order_id, seat.seat_id) not in there
            ],
        )
        await self._crash_point("issue:tickets")
        await order_sql.move(conn, paid_ids, [OrderState.PAID], OrderState.TICKETED, now)
        payloads = [messages.encode(messages.OrderEvent(order_id)) for order_id in paid_ids]
        await outbox.put(conn, messages.NOTICE, payloads, now)
        order_went_on("issue", paid_ids, began, time.time_ns())
        await self._crash_point("issue:outbox")
