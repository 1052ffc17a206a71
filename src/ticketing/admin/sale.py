"""The sale as staff see it: seats, orders, money, queue, outbox, in one answer."""

from __future__ import annotations

from typing import Any

from ticketing.base.clock import Clock, rfc3339
from ticketing.base.db import Database
from ticketing.base.outbox import outbox_stats
from ticketing.base.queue.port import Queue, QueueError
from ticketing.catalog.load import Catalog
from ticketing.holds.availability import Availability
from ticketing.orders import sql as order_sql
from ticketing.payments import sql as books
from ticketing.payments.model import EntryKind
from ticketing.tickets import sql as ticket_sql


class SaleDesk:
    """Reads the state of a sale."""

    def __init__(self, db: Database, catalog: Catalog, availability: Availability, queue: Queue, clock: Clock) -> None:
        self._db = db
        self._catalog = catalog
        self._availability = availability
        self._queue = queue
        self._clock = clock

    async def read(self, event_id: str) -> dict[str, Any]:
        """All figures of one event. Raises NotFound, DatabaseAway."""
        event = await self._catalog.get(event_id)
        snapshot = await self._availability.get(event_id)
        async with self._db.read() as conn:
            states = await order_sql.count_by_state(conn, event_id)
            money = await books.totals(conn, event_id)
            tickets = await ticket_sql.count_tickets(conn, event_id)
            unsent = await outbox_stats(conn, self._clock.now_ms())
            recent = await order_sql.latest(conn, event_id, 20)
        refunded = money.get(EntryKind.REFUNDED, 0)
        return {
            "event_id": event_id,
            "server_time": rfc3339(self._clock.now_ms()),
            "seats": {**snapshot.counts, "capacity": event.index.capacity, "stale": snapshot.stale},
            "orders": states,
            "money": {
                "captured": money.get(EntryKind.CAPTURED, 0),
                "refunded": refunded,
                "refund_due": money.get(EntryKind.REFUND_REQUESTED, 0) - refunded,
                "fees": money.get(EntryKind.FEE_KEPT, 0),
                "currency": event.event.currency,
            },
            "tickets": {
                "issued": tickets.get("valid", 0) + tickets.get("used", 0),
                "admitted": tickets.get("used", 0),
                "void": tickets.get("void", 0),
            },
            "queue": await self._queue_state(),
            "outbox": unsent,
            "recent": [
                {
                    "order_id": order.order_id,
                    "status": order.state.value,
                    "amount": order.amount,
                    "created_at": rfc3339(order.created_at),
                }
                for order in recent
            ],
        }

    async def _queue_state(self) -> dict[str, Any]:
        try:
            stats = await self._queue.stats()
        except QueueError:
            return {"depth": None, "oldest_seconds": None, "dead": None}
        return {"depth": stats.depth, "oldest_seconds": stats.oldest_age_seconds, "dead": stats.dead}
