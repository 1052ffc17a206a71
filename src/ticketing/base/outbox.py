"""The transactional outbox: what must happen after a commit is written inside it.

A row is a message. It is run at least once by some worker, under a lease, and deleted when its handler is done, so a
crash at any point leaves it there. Handlers are idempotent. (Pattern: C. Richardson, "Transactional outbox".)
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base import alerts
from ticketing.base.alerts import Alert
from ticketing.base.clock import Clock
from ticketing.base.crash import CrashPoint, nowhere
from ticketing.base.db import Database, DatabaseAway, Millis, table

log = structlog.get_logger(__name__)

outbox = table(
    "outbox",
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("topic", String(40), nullable=False),
    Column("payload", LargeBinary().with_variant(LargeBinary(60_000), "mysql"), nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("available_at", Millis, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("dead", SmallInteger, nullable=False),
    Column("last_error", Text, nullable=True),
    Index("ix_outbox_due", "topic", "dead", "available_at"),
)


@dataclass(frozen=True)
class OutboxRow:
    """One message under lease."""

    id: int
    payload: bytes
    attempts: int
    created_at: int


def backoff(attempts: int, *, first: float = 0.5, most: float) -> float:
    """Seconds to wait before the next try: twice as long each time, `most` at most.

    What is never given up has been tried thousands of times after a night; 2**1024 is no number of seconds any more.
    """
    return min(most, first * 2.0 ** min(attempts, 20))


class RetryLater(Exception):
    """Thrown by a handler that is not done yet: run it again after `seconds`; this is no failure and never gives up."""

    def __init__(self, seconds: float, why: str) -> None:
        super().__init__(why)
        self.seconds = seconds


Transactional = Callable[[AsyncConnection, Sequence[OutboxRow]], Awaitable[None]]
Leased = Callable[[Sequence[OutboxRow]], Awaitable[dict[int, Exception] | None]]


async def put(conn: AsyncConnection, topic: str, payloads: Sequence[bytes], now_ms: int, delay_ms: int = 0) -> None:
    """Write messages in the caller's transaction; they exist if and only if it commits."""
    if payloads:
        rows = [
            {
                "topic": topic,
                "payload": payload,
                "created_at": now_ms,
                "available_at": now_ms + delay_ms,
                "attempts": 0,
                "dead": 0,
            }
            for payload in payloads
        ]
        await conn.execute(insert(outbox), rows)


async def put_alerts(conn: AsyncConnection, told: Sequence[Alert], now_ms: int) -> None:
    """Tell staff, if the caller's transaction commits."""
    await put(conn, alerts.TOPIC, [alerts.encode(alert) for alert in told], now_ms)


async def forget(conn: AsyncConnection, ids: Sequence[int]) -> None:
    """Delete handled rows, inside the transaction that holds what was done."""
    await conn.execute(delete(outbox).where(outbox.c.id.in_(ids)))


async def outbox_stats(conn: AsyncConnection, now_ms: int) -> dict[str, Any]:
    """`{"unsent", "oldest_seconds", "dead"}` over all topics."""
    row = (
        await conn.execute(
            select(func.count(), func.min(outbox.c.created_at), func.coalesce(func.sum(outbox.c.dead), 0))
        )
    ).one()
    age = 0.0 if row[1] is None else max(0, now_ms - row[1]) / 1000
    return {"unsent": int(row[0]) - int(row[2]), "oldest_seconds": age, "dead": int(row[2])}


async def oldest_due_seconds(conn: AsyncConnection, now_ms: int) -> float:
    """How long the follow-up that has waited longest for a worker has been due; 0 without any."""
    due = select(func.min(outbox.c.available_at)).where(outbox.c.dead == 0, outbox.c.available_at <= now_ms)
    oldest = (await conn.execute(due)).scalar_one()
    return 0.0 if oldest is None else (now_ms - oldest) / 1000


QUIET_SECONDS = 300.0
"""After an alert of a topic, its next ones are only logged for so long, by each worker."""


class Topic:
    """Runs one topic's messages in a loop.

    A `transactional` handler gets the connection that also deletes the rows: one commit for the whole batch, and no
    lease is needed. A `leased` handler talks to the outside; it is given rows that no one else will touch for
    `lease_seconds`. It deletes what it has done, with `forget` in its own transaction, and returns the exceptions of
    those rows that it could not do, by row id. `parallel` batches are worked on at once.
    In a rush of rows a batch begins `pace_seconds` after the last one at the earliest, so that it is worth its commits;
    a full batch waits for nothing, and neither does a row that comes alone.
    `then` is called after each batch: to nudge the topics that it may have written for.
    `crash_point` is called with `{name}:leased`, `{name}:handled` and `{name}:committed` between the steps.
    """

    def __init__(
        self,
        name: str,
        db: Database,
        clock: Clock,
        *,
        transactional: Transactional | None = None,
        leased: Leased | None = None,
        batch: int = 100,
        lease_seconds: float = 60.0,
        max_attempts: int = 12,
        idle_seconds: float = 0.5,
        parallel: int = 1,
        pace_seconds: float = 0.1,
        then: Callable[[], None] | None = None,
        crash_point: CrashPoint = nowhere,
    ) -> None:
        if (transactional is None) == (leased is None):
            raise ValueError("give exactly one kind of handler")
        self.name = name
        self._db = db
        self._clock = clock
        self._transactional = transactional
        self._leased = leased
        self._batch = batch
        self._lease_ms = int(lease_seconds * 1000)
        self._max_attempts = max_attempts
        self._idle = idle_seconds
        self._parallel = parallel
        self._pace = pace_seconds
        self._began = float("-inf")
        self._full = False
        self._told = float("-inf")
        self._then = then
        self._crash_point = crash_point
        self._nudge = asyncio.Event()

    def nudge(self) -> None:
        """Something was just committed for this topic: look now."""
        self._nudge.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set and what is in hand is finished; a database that is away is waited for."""
        running: set[asyncio.Task[None]] = set()
        while not stop.is_set():
            self._nudge.clear()
            await self._rest(stop)
            if len(running) < self._parallel and await self._start(running):
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._nudge.wait(), self._idle)
        await asyncio.gather(*running)

    async def _rest(self, stop: asyncio.Event) -> None:
        rest = self._began + self._pace - asyncio.get_running_loop().time()
        if rest > 0 and not self._full:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), rest)

    def _begun(self, rows: int) -> None:
        self._began, self._full = asyncio.get_running_loop().time(), rows >= self._batch

    async def _start(self, running: set[asyncio.Task[None]]) -> bool:
        """Begin a batch if one is due; whether there may be more. One loop looks, so that a batch which waits for
        something slow holds up no other."""
        try:
            if not await self._any_due():
                return False
            if self._transactional is not None:
                done = await self._run_transactional(self._transactional)
                self._begun(done)
                self._tell()
                return done > 0
            rows = await self._lease()
            self._begun(len(rows))
        except DatabaseAway as error:
            self._away(error)
            return False
        if not rows:
            return False
        task = asyncio.create_task(self._work(rows))
        running.add(task)
        task.add_done_callback(running.discard)
        task.add_done_callback(lambda _: self._nudge.set())
        return True

    async def _work(self, rows: list[OutboxRow]) -> None:
        try:
            await self._handle(rows)
        except DatabaseAway as error:
            # The lease runs out, and they come again.
            self._away(error)
        self._tell()

    def _away(self, error: DatabaseAway) -> None:
        log.warning("outbox_database_away", topic=self.name, error=str(error)[:200])

    def _tell(self) -> None:
        if self._then is not None:
            self._then()

    async def run_once(self) -> int:
        """Handle one batch to its end; gives the number of rows that were due. Raises DatabaseAway."""
        if not await self._any_due():
            return 0
        if self._transactional is not None:
            return await self._run_transactional(self._transactional)
        rows = await self._lease()
        if rows:
            await self._handle(rows)
        return len(rows)

    async def _any_due(self) -> bool:
        due = self._due().with_only_columns(outbox.c.id).limit(1)
        return bool(await self._db.fetch(due))

    def _due(self) -> Any:
        return (
            select(outbox.c.id, outbox.c.payload, outbox.c.attempts, outbox.c.created_at)
            .where(outbox.c.topic == self.name, outbox.c.dead == 0, outbox.c.available_at <= self._clock.now_ms())
            .order_by(outbox.c.available_at)
        )

    async def _take(self, conn: AsyncConnection, limit: int) -> list[OutboxRow]:
        query = self._due().limit(limit)
        if self._db.dialect == "mysql":
            query = query.with_for_update(skip_locked=True)
        return [OutboxRow(*row) for row in (await conn.execute(query)).all()]

    async def _run_transactional(self, handler: Transactional) -> int:
        async def work(conn: AsyncConnection) -> int:
            rows = await self._take(conn, self._batch)
            if rows:
                await handler(conn, rows)
                await forget(conn, [row.id for row in rows])
            return len(rows)

        try:
            done = await self._db.transact(work)
        except DatabaseAway:
            raise
        except Exception:
            log.exception("outbox_batch_failed", topic=self.name)
            return await self._one_by_one(handler)
        await self._crash_point(f"{self.name}:committed")
        return done

    async def _one_by_one(self, handler: Transactional) -> int:
        """After a failed batch: each row in its own transaction, so that one bad row stops no other."""
        rows = await self._lease()
        for row in rows:

            async def work(conn: AsyncConnection, row: OutboxRow = row) -> None:
                await handler(conn, [row])
                await forget(conn, [row.id])

            try:
                await self._db.transact(work)
            except DatabaseAway:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it was, the row must be put back
                await self._put_back({row.id: error}, {row.id: row})
        return len(rows)

    async def _lease(self) -> list[OutboxRow]:
        async def work(conn: AsyncConnection) -> list[OutboxRow]:
            rows = await self._take(conn, self._batch)
            if rows:
                await conn.execute(
                    update(outbox)
                    .where(outbox.c.id.in_([row.id for row in rows]))
                    .values(available_at=self._clock.now_ms() + self._lease_ms, attempts=outbox.c.attempts + 1)
                )
            return rows

        return await self._db.transact(work)

    async def _handle(self, rows: list[OutboxRow]) -> None:
        """Leased rows to the handler; what failed is put back."""
        await self._crash_point(f"{self.name}:leased")
        assert self._leased is not None  # noqa: S101 - the constructor saw to it
        by_id = {row.id: row for row in rows}
        try:
            failed = await self._leased(rows) or {}
        except DatabaseAway:
            raise
        except Exception as error:
            log.exception("outbox_handler_failed", topic=self.name)
            failed = dict.fromkeys(by_id, error)
        await self._crash_point(f"{self.name}:handled")
        await self._put_back(failed, by_id)

    async def _put_back(self, failed: dict[int, Exception], by_id: dict[int, OutboxRow]) -> None:
        for row_id, error in failed.items():
            attempts = by_id[row_id].attempts + 1
            patient = isinstance(error, RetryLater)
            dead = not patient and attempts >= self._max_attempts
            delay = error.seconds if isinstance(error, RetryLater) else backoff(attempts, first=0.25, most=60)
            if dead:
                log.error("outbox_dead", topic=self.name, row=row_id, error=repr(error))
            values = {
                "available_at": self._clock.now_ms() + int(delay * 1000),
                "dead": int(dead),
                "last_error": repr(error)[:2000],
                "attempts": attempts,
            }

            told = [self._given_up(row_id, error)] if dead and self._may_tell() else []

            async def work(
                conn: AsyncConnection,
                row_id: int = row_id,
                values: dict[str, Any] = values,
                told: list[Alert] = told,
            ) -> None:
                await conn.execute(update(outbox).where(outbox.c.id == row_id).values(**values))
                await put_alerts(conn, told, self._clock.now_ms())

            await self._db.transact(work)
            if told:
                self._told = asyncio.get_running_loop().time()

    def _may_tell(self) -> bool:
        """What fails for one fails for thousands: staff hear of the first, and again when it goes on for minutes."""
        quiet_until = self._told + QUIET_SECONDS
        return self.name != alerts.TOPIC and asyncio.get_running_loop().time() >= quiet_until

    def _given_up(self, row_id: int, error: Exception) -> Alert:
        return Alert(
            f"Follow-up given up: {self.name}",
            f"Row {row_id} of the outbox, topic {self.name}, failed {self._max_attempts} times and is tried no more: "
            f"{type(error).__name__}. Others of this topic may have, too: `ticketing fsck` says what it was about; "
            "mend the cause, then `ticketing fsck --fix --revive` runs it again.",
        )
