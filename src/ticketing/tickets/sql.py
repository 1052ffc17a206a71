"""Tickets in the database. What a seat is called comes from the order; here is who may enter, and whether they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Index, SmallInteger, String, UniqueConstraint, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.accounts.sql import accounts
from ticketing.base.db import Database, Millis, table
from ticketing.orders.sql import order_seats, orders
from ticketing.tickets.model import Ticket, TicketStatus

tickets = table(
    "tickets",
    Column("id", String(64), primary_key=True),
    Column("order_id", String(64), nullable=False),
    Column("event_id", String(64), nullable=False),
    Column("seat_id", String(64), nullable=False),
    Column("account_id", String(40), nullable=False),
    Column("status", String(8), nullable=False),
    Column("live", SmallInteger, nullable=True),
    Column("issued_at", Millis, nullable=False),
    Column("admitted_at", Millis, nullable=True),
    Column("admitted_by", String(40), nullable=True),
    # I1: at most one live ticket per seat. `live` is 1 for valid and used tickets, NULL for void ones.
    UniqueConstraint("event_id", "seat_id", "live", name="uq_tickets_one_live"),
    Index("ix_tickets_order", "order_id"),
)


def _joined() -> Any:
    return (
        select(
            tickets,
            order_seats.c.section,
            order_seats.c.row,
            order_seats.c.number,
            order_seats.c.grade,
            order_seats.c.amount,
            orders.c.currency,
            accounts.c.name.label("holder"),
        )
        .join(
            order_seats,
            (order_seats.c.order_id == tickets.c.order_id) & (order_seats.c.seat_id == tickets.c.seat_id),
        )
        .join(orders, orders.c.id == tickets.c.order_id)
        .join(accounts, accounts.c.id == tickets.c.account_id)
    )


def _ticket(row: Any) -> Ticket:
    return Ticket(
        row.id,
        row.order_id,
        row.event_id,
        row.seat_id,
        row.section,
        row.row or "",
        row.number,
        row.grade,
        row.amount,
        row.currency,
        row.holder,
        TicketStatus(row.status),
        row.issued_at,
        row.admitted_at,
    )


async def existing_tickets(conn: AsyncConnection, order_ids: Sequence[str]) -> set[tuple[str, str]]:
    """(order id, seat id) that have a ticket."""
    query = select(tickets.c.order_id, tickets.c.seat_id).where(tickets.c.order_id.in_(order_ids))
    return {(row.order_id, row.seat_id) for row in (await conn.execute(query)).all()}


async def insert_tickets(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add tickets. Raises IntegrityError when a seat has a live ticket: never ignored, since someone must look."""
    if rows:
        await conn.execute(insert(tickets), list(rows))


async def void_tickets(conn: AsyncConnection, order_id: str) -> bool:
    """Void an order's tickets; False, and nothing voided, when one of them has been used."""
    used = select(func.count()).where(tickets.c.order_id == order_id, tickets.c.status == TicketStatus.USED.value)
    if (await conn.execute(used)).scalar_one():
        return False
    await conn.execute(
        update(tickets).where(tickets.c.order_id == order_id).values(status=TicketStatus.VOID.value, live=None)
    )
    return True


async def read_ticket(conn: AsyncConnection, ticket_id: str) -> tuple[Ticket, str] | None:
    """A ticket and the account that owns it."""
    row = (await conn.execute(_joined().where(tickets.c.id == ticket_id))).one_or_none()
    return None if row is None else (_ticket(row), row.account_id)


async def read_tickets(conn: AsyncConnection, ticket_ids: Sequence[str]) -> dict[str, tuple[Ticket, str]]:
    """Id → ticket and the account that owns it, of those that exist."""
    rows = (await conn.execute(_joined().where(tickets.c.id.in_(ticket_ids)))).all()
    return {row.id: (_ticket(row), row.account_id) for row in rows}


async def tickets_of(conn: AsyncConnection, order_ids: Sequence[str]) -> dict[str, list[Ticket]]:
    """Tickets by order, in plan order."""
    found: dict[str, list[Ticket]] = {order_id: [] for order_id in order_ids}
    query = _joined().where(tickets.c.order_id.in_(order_ids)).order_by(order_seats.c.ordinal)
    for row in (await conn.execute(query)).all():
        found[row.order_id].append(_ticket(row))
    return found


async def lock_order_of(db: Database, conn: AsyncConnection, order_id: str) -> None:
    """Lock the ticket's order, so that a cancellation and the gate cannot both win."""
    if db.dialect == "mysql":
        await conn.execute(select(orders.c.id).where(orders.c.id == order_id).with_for_update())


async def admit(conn: AsyncConnection, ticket_id: str, gate_account: str, now_ms: int) -> bool:
    """valid → used; False when it was not valid. This one statement decides who is first."""
    result = await conn.execute(
        update(tickets)
        .where(tickets.c.id == ticket_id, tickets.c.status == TicketStatus.VALID.value)
        .values(status=TicketStatus.USED.value, admitted_at=now_ms, admitted_by=gate_account)
    )
    return bool(result.rowcount)


async def count_tickets(conn: AsyncConnection, event_id: str) -> dict[str, int]:
    """Status → number of tickets of an event."""
    query = select(tickets.c.status, func.count()).where(tickets.c.event_id == event_id).group_by(tickets.c.status)
    return {status: int(n) for status, n in (await conn.execute(query)).all()}
