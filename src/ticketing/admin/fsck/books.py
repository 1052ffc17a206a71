"""Reading the books: one consistent snapshot, in pieces, so that a million orders need the memory of a thousand.

All SELECTs of the per-order checks. A piece is a range of order ids: what hangs on orders (seats, tickets, ledger) is
read by the same range, so rows whose order does not exist turn up in it as strays.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base.db import Database

PIECE = 2_000
"""Orders per piece."""

_ORDER_COLUMNS = (
    "id, event_id, account_id, hold_id, state, amount, currency, created_at, reserved_at, paid_at, updated_at"
)
_ORDERS = f"SELECT {_ORDER_COLUMNS} FROM orders WHERE id > :after /*AND event_id*/ ORDER BY id LIMIT :size"  # noqa: S608
_SOME_ORDERS = f"SELECT {_ORDER_COLUMNS} FROM orders WHERE id IN :ids"  # noqa: S608 - our own columns
_TO_THE_END = "WHERE order_id > :after /*AND event_id*/"
_UPTO = "WHERE order_id > :after AND order_id <= :upto /*AND event_id*/"
_SEATS = "SELECT order_id, seat_id, event_id, ordinal, amount, live FROM order_seats"
_TICKETS = "SELECT id, order_id, event_id, seat_id, account_id, status, live, admitted_at FROM tickets"
_LEDGER = "SELECT id, order_id, event_id, kind, reference, amount, currency, at FROM ledger"
_ONLY = re.compile(r"/\*(AND|WHERE) ([a-z_.]+)\*/")


@dataclass(slots=True)
class Case:
    """One order and all that hangs on it. Rows have the columns of the tables."""

    order: Any
    seats: list[Any] = field(default_factory=list)
    tickets: list[Any] = field(default_factory=list)
    entries: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class Piece:
    """Orders with ids in (after, upto], and rows of that range that belong to none. `upto` None: to the end."""

    after: str
    upto: str | None
    cases: dict[str, Case]
    stray_seats: list[Any] = field(default_factory=list)
    stray_tickets: list[Any] = field(default_factory=list)
    stray_entries: list[Any] = field(default_factory=list)


class Books:
    """Reads on one connection. `event_id` narrows statements to one event, where they say so.

    A comment `/*AND column*/` or `/*WHERE column*/` in a statement is where the condition goes.
    """

    def __init__(self, conn: AsyncConnection, event_id: str | None = None) -> None:
        self.conn = conn
        self.event_id = event_id

    async def rows(self, statement: str, **values: Any) -> Sequence[Any]:
        """All rows of a SELECT; lists among the values are for IN."""
        if self.event_id is not None and _ONLY.search(statement):
            statement = _ONLY.sub(r"\1 \2 = :only_event", statement)
            values["only_event"] = self.event_id
        query = text(statement)
        for name, value in values.items():
            if isinstance(value, list):
                query = query.bindparams(bindparam(name, expanding=True))
        return (await self.conn.execute(query, values)).all()

    async def scalar(self, statement: str, **values: Any) -> int:
        """The one number of a SELECT."""
        return int((await self.rows(statement, **values))[0][0] or 0)

    async def pieces(self, size: int = PIECE) -> AsyncIterator[Piece]:
        """All orders by id, piece by piece."""
        after = ""
        while True:
            orders = await self.rows(_ORDERS, after=after, size=size)
            upto = orders[-1].id if len(orders) == size else None
            piece = Piece(after, upto, {order.id: Case(order) for order in orders})
            await self._fill(piece)
            yield piece
            if upto is None:
                return
            after = upto

    async def _fill(self, piece: Piece) -> None:
        for row in await self._range(_SEATS, piece):
            case = piece.cases.get(row.order_id)
            (piece.stray_seats if case is None else case.seats).append(row)
        for row in await self._range(_TICKETS, piece):
            case = piece.cases.get(row.order_id)
            (piece.stray_tickets if case is None else case.tickets).append(row)
        for row in await self._range(_LEDGER, piece):
            case = piece.cases.get(row.order_id)
            (piece.stray_entries if case is None else case.entries).append(row)

    async def _range(self, columns_of_table: str, piece: Piece) -> Sequence[Any]:
        if piece.upto is None:
            return await self.rows(f"{columns_of_table} {_TO_THE_END}", after=piece.after)
        return await self.rows(f"{columns_of_table} {_UPTO}", after=piece.after, upto=piece.upto)

    async def some(self, order_ids: Iterable[str]) -> dict[str, Case]:
        """These orders with their ledger only; unknown ids are left out."""
        wanted = list(order_ids)
        found = {order.id: Case(order) for order in await self.rows(_SOME_ORDERS, ids=wanted)}
        for row in await self.rows(f"{_LEDGER} WHERE order_id IN :ids", ids=wanted):
            if row.order_id in found:
                found[row.order_id].entries.append(row)
        return found


@asynccontextmanager
async def snapshot(db: Database) -> AsyncIterator[AsyncConnection]:
    """A connection on which all SELECTs see one moment, however long they take, and which locks nothing.

    SQLite's read transactions are such. On MySQL it takes REPEATABLE READ: the product's own level, READ COMMITTED,
    shows every statement a later moment, and a sale under way would look like a breach. Raises DatabaseAway.
    """
    async with db.read() as conn:
        if db.dialect == "mysql":
            await conn.execution_options(isolation_level="REPEATABLE READ")
        yield conn
