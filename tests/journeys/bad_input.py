"""What the tests of bad input share: a scene that must not change, and a socket that sends whatever it is told."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import text

from tests.people import Person, eventually, sign_up
from tests.rooms.catalog.plans import small_hall
from tests.stack import Stack
from ticketing.catalog.model import Event

TABLES = ("accounts", "orders", "order_seats", "event_people", "tickets", "ledger", "events")


SEATS = {"seats": ["1C-A-9"]}
"""A body that would be fine."""


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


async def prepare(stack: Stack) -> Scene:
    """Two shows, an order and a hold; comes back when all of it has settled."""
    async with httpx.AsyncClient(base_url=stack.url, timeout=20) as client:
        event = await stack.add_event_async()
        other = await stack.add_event_async(small_hall())
        alice, bob = await sign_up(client, "Alice"), await sign_up(client, "Bob")
        order = await alice.buy(event.id, "1C-B-9")
        hold = (await alice.hold(event.id, "1C-A-8")).json()
        for each in (event, other):
            await client.get(f"/api/events/{each.id}/availability")
        scene = Scene(stack, client, alice, bob, event, other, hold, order)
        await eventually(lambda: settled(scene), timeout=30)
        return scene


async def settled(scene: Scene) -> bool:
    """Whether Valkey knows what became of every order: from then on nothing moves by itself."""
    seats = (await scene.state())[scene.event.id]
    return seats is not None and b"3" in seats and b"2" not in seats


async def ask(scene: Scene, method: str, path: str, **how: Any) -> httpx.Response:
    """As Alice; with a good body where one is needed, and no client that tidies the path."""
    headers = scene.alice.headers | how.pop("headers", {})
    if method == "POST" and not how:
        how["json"] = SEATS
    return await scene.client.request(method, httpx.URL(scene.stack.url + path), headers=headers, **how)


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
