"""The two sets of books that must agree: our database, by plain SQL, and the provider's, over its own HTTP.

Nothing of the platform is used to read them: a mistake there must not hide itself.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import asyncmy
import asyncmy.cursors
import httpx

from ticketing.payments.sandbox.signature import Keys

Row = dict[str, Any]

_QUERIES = {
    "orders": "SELECT id, event_id, account_id, state, reason, amount, currency FROM orders WHERE event_id = '{event}'",
    "seats": "SELECT order_id, seat_id, amount, live FROM order_seats WHERE event_id = '{event}'",
    "people": "SELECT account_id, seats FROM event_people WHERE event_id = '{event}'",
    "tickets": "SELECT id, order_id, seat_id, account_id, status, live FROM tickets WHERE event_id = '{event}'",
    "ledger": "SELECT order_id, kind, reference, amount FROM ledger WHERE event_id = '{event}'",
    "outbox": "SELECT topic, attempts, dead, last_error FROM outbox",
}


@dataclass
class Database:
    """The rows of one event; the outbox whole."""

    orders: list[Row] = field(default_factory=list)
    seats: list[Row] = field(default_factory=list)
    people: list[Row] = field(default_factory=list)
    tickets: list[Row] = field(default_factory=list)
    ledger: list[Row] = field(default_factory=list)
    outbox: list[Row] = field(default_factory=list)


async def read_database(url: str, event_id: str) -> Database:
    """Read everything about an event from the database behind a SQLAlchemy URL."""
    assert event_id.replace("_", "").isalnum(), "ids are put into the statements as they are"
    return Database(**{name: await query(url, text.format(event=event_id)) for name, text in _QUERIES.items()})


async def query(url: str, statement: str) -> list[Row]:
    """The rows of one statement."""
    if url.startswith("sqlite"):
        file = url.partition("///")[2]
        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)
        try:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(statement)]
        finally:
            connection.close()
    parts = urlsplit(url)
    server = await asyncmy.connect(
        host=parts.hostname,
        port=parts.port,
        user=parts.username,
        password=parts.password,
        database=parts.path.strip("/"),
        connect_timeout=5,
    )
    try:
        async with server.cursor(asyncmy.cursors.DictCursor) as cursor:
            await cursor.execute(statement)
            return [dict(row) for row in await cursor.fetchall()]
    finally:
        await server.ensure_closed()


class Provider:
    """The provider as its merchant's accountant sees it."""

    def __init__(self, address: str, secret: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=address, headers={"Authorization": f"Bearer {Keys.from_secret(secret).api_key}"}, timeout=10
        )

    async def statement(self, after: str = "0") -> list[Row]:
        """Every capture and refund it has made after a cursor (the `seq` of a line)."""
        lines: list[Row] = []
        cursor = after
        while True:
            answer = await self._client.get("/v1/statement", params={"after": cursor, "limit": 1000})
            page = answer.raise_for_status().json()
            lines += page["lines"]
            cursor = page["cursor"]
            if not page["more"]:
                return lines

    async def status(self, order_id: str) -> str:
        """What it says of one order: captured, declined, pending, voided or not_found."""
        return str((await self._client.get(f"/v1/captures/{order_id}")).json()["status"])

    async def misbehave(self, mode: str) -> None:
        """Switch a fault of the whole provider on; `none` ends it."""
        (await self._client.post("/faults", json={"mode": mode})).raise_for_status()

    async def aclose(self) -> None:
        """Close connections."""
        await self._client.aclose()
