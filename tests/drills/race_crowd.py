"""A crowd of buyers who start at one barrier, and what each of them was told."""

from __future__ import annotations

import asyncio
import random
import time
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.drills.race_wire import Answer, Line
from tests.stack import Stack
from ticketing.accounts.model import Account, Role
from ticketing.accounts.sessions import Sessions
from ticketing.accounts.sql import accounts
from ticketing.base import ids
from ticketing.base.clock import SystemClock
from ticketing.base.db import Database
from ticketing.base.tokens import Signer
from ticketing.base.valkey import Valkey

T = TypeVar("T")


class _OneCommit(Database):
    """Runs every transaction in the one that is open, so that a thousand sign-ins cost one commit and not as many."""

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def transact(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Only run it."""
        return await work(self._conn)


async def enlist(stack: Stack, count: int) -> list[tuple[str, str]]:
    """(account id, session token) of new fans.

    A sign-up costs some 20 ms of argon2, on purpose, and is no part of the race. So accounts are written straight
    into the database; sessions come from the product's own `Sessions.start`, with the stack's signing keys.
    """
    settings = stack.settings
    clock = SystemClock()
    signer = Signer(settings.signing_keys, next(iter(settings.signing_keys)))
    people = []
    for _ in range(count):
        account_id = ids.new_id("acc")
        people.append(Account(account_id, f"{account_id}@example.com", "Racer", Role.FAN))
    rows = [
        {
            "id": one.account_id,
            "email": one.email,
            "name": one.name,
            "role": one.role.value,
            "locale": one.locale,
            "password_hash": "no password",
            "created_at": clock.now_ms(),
        }
        for one in people
    ]
    async with stack.database() as db, db.write() as conn:
        await conn.execute(insert(accounts), rows)
        sessions = Sessions(_OneCommit(conn), Valkey(settings.valkey_url), signer, clock)
        return [(one.account_id, (await sessions.start(one))[0]) for one in people]


@dataclass
class Told:
    """One answer to a hold: when it was asked for and given (monotonic seconds), and what it was."""

    sent: float
    came: float
    status: int
    code: str
    seats: tuple[str, ...]


@dataclass
class Buyer:
    """A signed-in fan on a connection of their own, and all that they were told."""

    account_id: str
    line: Line = field(repr=False)
    holds: list[Told] = field(default_factory=list)
    orders: list[Answer] = field(default_factory=list)

    @property
    def order_ids(self) -> list[str]:
        """Orders that were accepted."""
        return [answer.json()["order_id"] for answer in self.orders if answer.status == 202]

    async def hold(self, event_id: str, seat: str) -> str | None:
        """Ask for one seat; the token of the hold, or None when told no."""
        sent = time.monotonic()
        answer = await self.line.hold(event_id, seat)
        document = answer.json()
        seats = tuple(document.get("seats", ()))
        self.holds.append(Told(sent, time.monotonic(), answer.status, answer.code, seats))
        return str(document["token"]) if answer.status == 201 else None

    async def buy(self, token: str) -> None:
        """Order what is held."""
        self.orders.append(await self.line.order(token, f"race-{self.account_id}-{len(self.orders)}"))


@asynccontextmanager
async def crowd(stack: Stack, count: int, ports: Sequence[int] = ()) -> AsyncIterator[list[Buyer]]:
    """Buyers who are signed in and connected, spread over the ports of the API."""
    places = ports or [stack.port]
    people = await enlist(stack, count)
    buyers = [Buyer(account, Line(places[i % len(places)], token)) for i, (account, token) in enumerate(people)]
    for start in range(0, count, 100):
        await asyncio.gather(*(buyer.line.open() for buyer in buyers[start : start + 100]))
    try:
        yield buyers
    finally:
        await asyncio.gather(*(buyer.line.close() for buyer in buyers))


async def race(buyers: Sequence[Buyer], run: Callable[[Buyer], Awaitable[None]]) -> float:
    """Let all run at the same moment; gives the seconds until the last one is through."""
    gate = asyncio.Event()

    async def one(buyer: Buyer) -> None:
        await gate.wait()
        await run(buyer)

    tasks = [asyncio.create_task(one(buyer)) for buyer in buyers]
    await asyncio.sleep(0)
    begin = time.monotonic()
    gate.set()
    await asyncio.gather(*tasks)
    return time.monotonic() - begin


async def any_seat(buyer: Buyer, event_id: str, seats: Sequence[str]) -> None:
    """Try one seat after the other, at random among those that look free, until one is bought or none is left."""
    looks_free = list(seats)
    while looks_free:
        seat = random.choice(looks_free)
        token = await buyer.hold(event_id, seat)
        if token is not None:
            await buyer.buy(token)
            return
        free = await free_seats(buyer.line, event_id, seats)
        looks_free = [other for other in looks_free if other != seat and other in free]


async def free_seats(line: Line, event_id: str, seats: Sequence[str]) -> set[str]:
    """What availability shows as free; `seats` are those of the event's only section, in plan order."""
    (section,) = (await line.get(f"/api/events/{event_id}/availability")).json()["sections"].values()
    taken = b64decode(section["taken"])
    return {seat for i, seat in enumerate(seats) if not taken[i >> 3] & 1 << (i & 7)}
