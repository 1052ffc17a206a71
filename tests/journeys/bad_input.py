"""What the tests of bad input share: a scene that must not change, and a socket that sends whatever it is told."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import text

from tests.people import Person
from tests.stack import Stack
from ticketing.catalog.model import Event

TABLES = ("accounts", "orders", "order_seats", "event_people", "tickets", "ledger", "events")


@dataclass
class Scene:
    """Alice and Bob before two shows; Alice has a hold and an order."""

    stack: Stack
    client: httpx.AsyncClient
    alice: Person
    bob: Person
    event: Event
    other: Event
    hold: dict[str, Any]
    order: dict[str, Any]

    async def state(self) -> dict[str, Any]:
        """Everything that a refused request must leave as it was."""
        found: dict[str, Any] = {}
        async with self.stack.database() as db, db.read() as conn:
            for table in TABLES:
                found[table] = (await conn.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2"))).all()  # noqa: S608
        async with self.stack.valkey() as valkey:
            for event in (self.event, self.other):
                found[event.id] = await valkey.execute("GET", f"h:{{{event.id}}}:seats")
            held = await valkey.execute("HGETALL", f"h:{{{self.event.id}}}:people")
            found["held"] = sorted(held.items() if isinstance(held, dict) else zip(held[::2], held[1::2], strict=True))
        return found


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The answer is this problem, told in full."""
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert (document["status"], document["code"]) == (status, code), document
    assert document["type"] == "about:blank"
    assert document["title"]
    assert len(document["detail"]) > 5
    assert "Traceback" not in answer.text
    assert (status in (429, 503)) is ("retry-after" in answer.headers)
    return document


@dataclass(frozen=True)
class RawAnswer:
    """What came back over a socket before the other side closed it, or went silent."""

    status: int
    head: str
    body: bytes
    seconds: float

    def problem(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


async def send_raw(port: int, *pieces: bytes, timeout: float = 10.0) -> RawAnswer:
    """Write these bytes to a fresh connection and read one response. A peer that stops reading is no failure."""
    began = time.monotonic()
    async with asyncio.timeout(timeout):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            reading = asyncio.create_task(_read(reader))
            try:
                for piece in pieces:
                    if reading.done():
                        break
                    writer.write(piece)
                    await writer.drain()
            except ConnectionError:
                pass
            head, body = await reading
        finally:
            writer.close()
    status = int(head.split(" ", 2)[1]) if head else 0
    return RawAnswer(status, head, body, time.monotonic() - began)


async def _read(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return "", b""
    length = next(
        (int(line.split(":")[1]) for line in head.lower().split("\r\n") if line.startswith("content-length")), 0
    )
    try:
        return head, await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return head, b""
