"""Tables and statements of the orders room.

`order_seats.live` is 1 while the order owns the seat and NULL afterwards. The unique key over (event, seat, live) is
the judge of I1 on every database: NULLs are distinct, so history may repeat and ownership may not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base.db import Database, Millis, table
from ticketing.orders.model import Order, OrderSeat, OrderState
from ticketing.orders.policy import read_policy

orders = table(
    "orders",
    Column("id", String(64), primary_key=True),
    Column("event_id", String(64), nullable=False),
    Column("account_id", String(40), nullable=False),
    Column("hold_id", String(120), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(40), nullable=True),
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("method", String(24), nullable=False),
    Column("payment_token", String(200), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("policy", Text, nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("reserved_at", Millis, nullable=True),
    Column("paid_at", Millis, nullable=True),
    Column("updated_at", Millis, nullable=False),
    Index("ix_orders_account", "account_id", "created_at"),
    Index("ix_orders_event", "event_id", "state"),
    Index("ix_orders_state", "state", "reserved_at"),
)

order_seats = table(
    "order_seats",
    Column("order_id", String(64), primary_key=True),
    Column("seat_id", String(64), primary_key=True),
    Column("event_id", String(64), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("section", String(64), nullable=False),
    Column("row", String(64), nullable=True),
    Column("number", String(64), nullable=False),
    Column("grade", String(64), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("live", SmallInteger, nullable=True),
    UniqueConstraint("event_id", "seat_id", "live", name="uq_order_seats_one_owner"),
)

event_people = table(
    "event_people",
    Column("event_id", String(64), primary_key=True),
    Column("account_id", String(40), primary_key=True),
    Column("seats", Integer, nullable=False),
)
"""Seats that a person owns of an event: the row that makes the cap per person hold across orders and devices."""

_ORDER_COLUMNS = [column for column in orders.c if column.name not in ("fingerprint", "updated_at")]


def _order(row: Any) -> Order:
    return Order(
        row.id,
        row.event_id,
        row.account_id,
        row.hold_id,
        OrderState(row.state),
        row.reason,
        row.amount,
        row.currency,
        row.method,
        row.payment_token,
        row.created_at,
        row.reserved_at,
        row.paid_at,
        read_policy(row.policy),
    )


def _seat(row: Any) -> OrderSeat:
    return OrderSeat(row.seat_id, row.ordinal, row.section, row.row, row.number, row.grade, row.amount)


# --- fulfilment -----------------------------------------------------------------------------------------------------


async def known_orders(conn: AsyncConnection, order_ids: Sequence[str]) -> set[str]:
    """Which of these orders are in the books already."""
    return set((await conn.execute(select(orders.c.id).where(orders.c.id.in_(order_ids)))).scalars())


async def fingerprint_of(conn: AsyncConnection, order_id: str) -> str | None:
    """What a known order was placed with."""
    return (await conn.execute(select(orders.c.fingerprint).where(orders.c.id == order_id))).scalar_one_or_none()


async def insert_orders(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add orders. Raises IntegrityError for one that exists."""
    await conn.execute(insert(orders), list(rows))


async def insert_order_if_new(db: Database, conn: AsyncConnection, row: Mapping[str, Any]) -> bool:
    """Add one order; False when it exists: a twin message."""
    return bool((await conn.execute(db.insert_ignore(orders), dict(row))).rowcount)


async def insert_seats(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Take seats. Raises IntegrityError when any of them has an owner: nothing is taken then."""
    await conn.execute(insert(order_seats), list(rows))


_ADD_SEATS = {
    "sqlite": text(
        "INSERT INTO event_people (event_id, account_id, seats) VALUES (:event_id, :account_id, :seats) "
        "ON CONFLICT (event_id, account_id) DO UPDATE SET seats = seats + excluded.seats"
    ),
    # As text, since the driver sends many rows in one statement only for this spelling.
    "mysql": text(
        "INSERT INTO event_people (event_id, account_id, seats) VALUES (:event_id, :account_id, :seats) "
        "ON DUPLICATE KEY UPDATE seats = seats + VALUES(seats)"
    ),
}


async def count_people(
    db: Database, conn: AsyncConnection, event_account_n: Sequence[tuple[str, str, int]], cap: Mapping[str, int]
) -> bool:
    """Add seats to people's counts, within the cap per person of each event. False: somebody would be over it.

    The caller must roll back after False. The upsert locks each person's row until the transaction ends, so what is
    read afterwards is what will be committed. Sorted, so that two batches cannot wait for each other.
    """
    ordered = sorted(event_account_n)
    rows = [{"event_id": event_id, "account_id": account_id, "seats": n} for event_id, account_id, n in ordered]
    await conn.execute(_ADD_SEATS[db.dialect], rows)
    for event_id in {event_id for event_id, _, _ in ordered}:
        over = (
            select(func.count())
            .select_from(event_people)
            .where(
                event_people.c.event_id == event_id,
                event_people.c.account_id.in_([account_id for e, account_id, _ in ordered if e == event_id]),
                event_people.c.seats > cap[event_id],
            )
        )
        if (await conn.execute(over)).scalar_one():
            return False
    return True


# --- state changes --------------------------------------------------------------------------------------------------


async def lock_orders(db: Database, conn: AsyncConnection, order_ids: Sequence[str]) -> dict[str, Order]:
    """The orders, locked until the transaction ends. Sorted by id, so that lockers queue and never deadlock."""
    query = select(*_ORDER_COLUMNS).where(orders.c.id.in_(sorted(order_ids))).order_by(orders.c.id)
    if db.dialect == "mysql":
        query = query.with_for_update()
    return {row.id: _order(row) for row in (await conn.execute(query)).all()}


async def move(
    conn: AsyncConnection,
    order_ids: Sequence[str],
    before: Sequence[OrderState],
    after: OrderState,
    now_ms: int,
    **values: Any,
) -> int:
    """Conditional change of state; gives how many changed. 0 of 1 means lost: somebody else moved it."""
    result = await conn.execute(
        update(orders)
        .where(orders.c.id.in_(order_ids), orders.c.state.in_([state.value for state in before]))
        .values(state=after.value, updated_at=now_ms, **values)
    )
    return int(result.rowcount)


async def free_seats(conn: AsyncConnection, order: Order) -> int:
    """The order gives up its seats; gives how many it had. The person's count goes down with it."""
    result = await conn.execute(
        update(order_seats).where(order_seats.c.order_id == order.order_id, order_seats.c.live == 1).values(live=None)
    )
    count = int(result.rowcount)
    if count:
        await conn.execute(
            update(event_people)
            .where(event_people.c.event_id == order.event_id, event_people.c.account_id == order.account_id)
            .values(seats=event_people.c.seats - count)
        )
    return count


async def retake_seats(conn: AsyncConnection, order_id: str) -> int:
    """The order takes its seats again. Raises IntegrityError when one has another owner by now."""
    result = await conn.execute(
        update(order_seats).where(order_seats.c.order_id == order_id, order_seats.c.live.is_(None)).values(live=1)
    )
    return int(result.rowcount)


# --- reading --------------------------------------------------------------------------------------------------------


async def read_order(conn: AsyncConnection, order_id: str) -> Order | None:
    """One order."""
    row = (await conn.execute(select(*_ORDER_COLUMNS).where(orders.c.id == order_id))).one_or_none()
    return None if row is None else _order(row)


async def find_orders(conn: AsyncConnection, order_ids: Sequence[str]) -> dict[str, Order]:
    """Id → order, of those that are in the books."""
    rows = await conn.execute(select(*_ORDER_COLUMNS).where(orders.c.id.in_(order_ids)))
    return {row.id: _order(row) for row in rows}


async def orders_of(conn: AsyncConnection, account_id: str, limit: int) -> list[Order]:
    """An account's orders, newest first."""
    query = (
        select(*_ORDER_COLUMNS)
        .where(orders.c.account_id == account_id)
        .order_by(orders.c.created_at.desc(), orders.c.id)
        .limit(limit)
    )
    return [_order(row) for row in (await conn.execute(query)).all()]


async def seats_of(conn: AsyncConnection, order_ids: Sequence[str]) -> dict[str, list[OrderSeat]]:
    """Seats by order, in plan order."""
    found: dict[str, list[OrderSeat]] = {order_id: [] for order_id in order_ids}
    query = select(order_seats).where(order_seats.c.order_id.in_(order_ids)).order_by(order_seats.c.ordinal)
    for row in (await conn.execute(query)).all():
        found[row.order_id].append(_seat(row))
    return found


async def sold_ordinals(conn: AsyncConnection, event_id: str, among: Sequence[int] | None = None) -> list[int]:
    """Ordinals that have an owner."""
    query = select(order_seats.c.ordinal).where(order_seats.c.event_id == event_id, order_seats.c.live == 1)
    if among is not None:
        query = query.where(order_seats.c.ordinal.in_(among))
    return list((await conn.execute(query)).scalars())


async def bought_by_people(conn: AsyncConnection, event_id: str) -> dict[str, int]:
    """Account → seats owned."""
    query = select(event_people.c.account_id, event_people.c.seats).where(
        event_people.c.event_id == event_id, event_people.c.seats > 0
    )
    return {row.account_id: row.seats for row in (await conn.execute(query)).all()}


async def bought_by_some(conn: AsyncConnection, people: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """(event, account) → seats owned, for some people; those who own none are left out."""
    query = select(event_people).where(
        event_people.c.event_id.in_({event_id for event_id, _ in people}),
        event_people.c.account_id.in_({account_id for _, account_id in people}),
    )
    rows = (await conn.execute(query)).all()
    wanted = set(people)
    return {(r.event_id, r.account_id): r.seats for r in rows if (r.event_id, r.account_id) in wanted}


async def waiting_for_money(conn: AsyncConnection, before_ms: int, limit: int) -> list[str]:
    """Ids of orders that have been `reserved` since before an instant."""
    query = (
        select(orders.c.id)
        .where(orders.c.state == OrderState.RESERVED.value, orders.c.reserved_at < before_ms)
        .order_by(orders.c.reserved_at)
        .limit(limit)
    )
    return list((await conn.execute(query)).scalars())


async def oldest_unpaid(conn: AsyncConnection) -> int | None:
    """Since when the oldest `reserved` order has waited for its money; None when none does."""
    query = select(func.min(orders.c.reserved_at)).where(orders.c.state == OrderState.RESERVED.value)
    since: int | None = (await conn.execute(query)).scalar_one()
    return since


async def count_by_state(conn: AsyncConnection, event_id: str) -> dict[str, int]:
    """State → number of orders of an event."""
    query = select(orders.c.state, func.count()).where(orders.c.event_id == event_id).group_by(orders.c.state)
    return {state: int(n) for state, n in (await conn.execute(query)).all()}


async def latest(conn: AsyncConnection, event_id: str, limit: int) -> list[Order]:
    """The newest orders of an event."""
    query = (
        select(*_ORDER_COLUMNS).where(orders.c.event_id == event_id).order_by(orders.c.created_at.desc()).limit(limit)
    )
    return [_order(row) for row in (await conn.execute(query)).all()]
