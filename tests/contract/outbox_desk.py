"""A database, a clock and a topic: what the outbox tests work with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.contract.database_fixtures import Place, event_people, outbox
from ticketing.base import alerts
from ticketing.base.clock import ManualClock
from ticketing.base.db import Database
from ticketing.base.outbox import Leased, OutboxRow, Topic, Transactional, forget, put

NOW = 1_790_000_000_000


class Desk:
    """A database, a clock that stands still, and a topic called "news"."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.db: Database = place.connect()
        self.clock = ManualClock(NOW)

    async def put(self, *payloads: str, topic: str = "news", delay_ms: int = 0) -> None:
        """Commit some messages."""
        bodies = [payload.encode() for payload in payloads]
        await self.db.transact(lambda conn: put(conn, topic, bodies, self.clock.now_ms(), delay_ms))

    def transactional(self, handler: Transactional, batch: int = 100, max_attempts: int = 12) -> Topic:
        """A worker of its own, with connections of its own."""
        db = self.place.connect()
        return Topic("news", db, self.clock, transactional=handler, batch=batch, max_attempts=max_attempts)

    def leased(self, handler: Leased, batch: int = 100, max_attempts: int = 12) -> Topic:
        """The same for a handler that talks to the outside."""
        db = self.place.connect()
        return Topic("news", db, self.clock, leased=handler, batch=batch, max_attempts=max_attempts)

    async def payloads(self) -> list[str]:
        """What is still there of the topic; what staff are told of it is another."""
        news = select(outbox.c.payload).where(outbox.c.topic != alerts.TOPIC)
        return sorted(row.payload.decode() for row in await self.db.fetch(news))

    async def forget(self, rows: Sequence[OutboxRow]) -> None:
        """What a leased handler does for the rows that it has done."""
        await self.db.transact(lambda conn: forget(conn, [row.id for row in rows]))


def texts(rows: Sequence[OutboxRow]) -> list[str]:
    """Payloads in words."""
    return [row.payload.decode() for row in rows]


async def write(conn: AsyncConnection, names: Sequence[str]) -> None:
    """Some effect in the database that shows when it happened twice."""
    rows = [{"event_id": name, "account_id": "x", "seats": 1} for name in names]
    await conn.execute(insert(event_people), rows)


async def written(db: Database) -> dict[str, int]:
    """The effects."""
    query = select(event_people.c.event_id, func.sum(event_people.c.seats)).group_by(event_people.c.event_id)
    return {name: int(n) for name, n in await db.fetch(query)}


async def drained(topic: Topic) -> None:
    """Run until nothing is due, twice in a row: another worker may hold what is left."""
    idle = 0
    while idle < 2:
        idle = 0 if await topic.run_once() else idle + 1
        await asyncio.sleep(0.01)
