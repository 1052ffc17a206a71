"""The public shapes of the staff's answers, as OpenAPI describes them."""

from __future__ import annotations

import msgspec


class SeatsAnswer(msgspec.Struct):
    """Seats by state; `stale` when Valkey did not answer."""

    free: int
    held: int
    sold: int
    blocked: int
    capacity: int
    stale: bool


class MoneyAnswer(msgspec.Struct):
    """Sums over the ledger, in minor units of `currency`."""

    captured: int
    refunded: int
    refund_due: int
    fees: int
    currency: str


class TicketsAnswer(msgspec.Struct):
    """Tickets by what became of them; `issued` includes the admitted."""

    issued: int
    admitted: int
    void: int


class QueueAnswer(msgspec.Struct):
    """The work queue; nulls when it did not answer."""

    depth: int | None
    oldest_seconds: float | None
    dead: int | None


class OutboxAnswer(msgspec.Struct):
    """Messages that wait in the database."""

    unsent: int
    oldest_seconds: float
    dead: int


class RecentOrder(msgspec.Struct):
    """One of the newest orders."""

    order_id: str
    status: str
    amount: int
    created_at: str


class SaleAnswer(msgspec.Struct):
    """A sale at one moment. `orders` counts by state."""

    event_id: str
    server_time: str
    seats: SeatsAnswer
    orders: dict[str, int]
    money: MoneyAnswer
    tickets: TicketsAnswer
    queue: QueueAnswer
    outbox: OutboxAnswer
    recent: list[RecentOrder]
