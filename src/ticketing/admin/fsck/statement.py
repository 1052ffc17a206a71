"""The provider's own books, laid out by order id beside ours.

They come in the order of time and are compared in the order of ids, so they pass through a private temporary SQLite
file (which spills to disk by itself and is gone when it is closed).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from ticketing.admin.fsck.report import Tell
from ticketing.payments.gateway import Gateway, Unknown


class Line(NamedTuple):
    """One movement at the provider. `name` is the fact's reference in our ledger: of a capture the provider's, of a
    refund ours."""

    order_id: str
    kind: str
    name: str
    amount: int
    currency: str
    at_ms: int


class StatementUnknown(Exception):
    """The provider did not give its books; the message says why."""


class Statement:
    """Lines by order id."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._db.execute("CREATE TABLE lines (order_id, kind, name, amount, currency, at_ms)")

    async def load(self, gateway: Gateway, tell: Tell) -> None:
        """Read everything. Raises StatementUnknown."""
        cursor, read = None, 0
        while True:
            page = await gateway.statement(cursor)
            if isinstance(page, Unknown):
                raise StatementUnknown(page.why)
            self._db.executemany(
                "INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (
                        line.order_id,
                        line.kind,
                        # The ledger keeps 80 characters of a provider's reference.
                        line.reference[:80] if line.kind == "capture" else line.refund_id,
                        line.amount,
                        line.currency,
                        line.at_ms,
                    )
                    for line in page.lines
                ],
            )
            read += len(page.lines)
            tell("provider's statement", read, None)
            if not page.more:
                break
            if page.cursor == cursor:
                raise StatementUnknown("the provider's statement does not come to an end")
            cursor = page.cursor
        self._db.execute("CREATE INDEX by_order ON lines (order_id)")

    def between(self, after: str, upto: str | None) -> Iterator[Line]:
        """Lines of orders in (after, upto]; `upto` None: to the end."""
        if upto is None:
            found = self._db.execute("SELECT * FROM lines WHERE order_id > ? ORDER BY order_id", (after,))
        else:
            found = self._db.execute(
                "SELECT * FROM lines WHERE order_id > ? AND order_id <= ? ORDER BY order_id", (after, upto)
            )
        return (Line(*row) for row in found)

    def __len__(self) -> int:
        return int(self._db.execute("SELECT COUNT(*) FROM lines").fetchone()[0])


@contextmanager
def statement() -> Iterator[Statement]:
    """An empty statement."""
    connection = sqlite3.connect("")
    try:
        yield Statement(connection)
    finally:
        connection.close()
