"""Whether a store that this process cannot reach is away for everybody, or for this process alone.

A shared store that is away is no reason to leave the load balancer: all would leave, and nobody could be told anything.
A machine that alone has lost its way to it is one: it refuses what its peers would do, for as long as nobody notices.
So the processes write down that they reach the store, about once a second between all of them. Whoever does not reach
it reads there whether somebody did since.
"""

from __future__ import annotations

import asyncio
import contextlib
import platform
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from sqlalchemy import Column, String, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base.db import Database, DatabaseAway, Millis, table

log = structlog.get_logger(__name__)

sightings = table(
    "store_sightings",
    Column("store", String(32), primary_key=True),
    Column("process", String(120), nullable=False),
    Column("seen_at", Millis, nullable=False),
)
"""Who reached a store last, and when by the database's clock: those of the processes may differ."""

EVERY_SECONDS = 1.0
FAILING_EVERY_SECONDS = 0.5
PING_SECONDS = 1.0
LOOK_SECONDS = 4.0
"""All of one look: a database that is silent must not keep a process from ending."""
WRITE_MS = 900
"""A sighting that is no older than this is not replaced: many processes write no more often than one."""
MARGIN_MS = 1_000
"""A sighting counts when it was written so long after this process first failed: what was under way then is over."""
FRESH_MS = 4_000


class Peers:
    """Watches one store. `alone`: others reach it now, and this process does not.

    Args:
        store: its name in the table.
        ping: raises when the store is not reached.
    """

    def __init__(self, db: Database, store: str, ping: Callable[[], Awaitable[Any]]) -> None:
        self.alone = False
        self.store = store
        self._db = db
        self._ping = ping
        self._process = f"{platform.node()[:80]}:{secrets.token_hex(8)}"
        self._failed_at: int | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Look every second until `stop`, twice as often while the store is not reached."""
        while not stop.is_set():
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self.look()
            except (DatabaseAway, TimeoutError):
                # Without the books nobody knows; the balancer keeps whom it has.
                self._judge(False)
            except Exception:
                log.exception("peers_not_asked", store=self.store)
                self._judge(False)
            with contextlib.suppress(TimeoutError):
                pause = EVERY_SECONDS if self._failed_at is None else FAILING_EVERY_SECONDS
                await asyncio.wait_for(stop.wait(), pause)

    async def look(self) -> None:
        """Ask the store once and write down, or read, what is known. Raises DatabaseAway."""
        try:
            async with asyncio.timeout(PING_SECONDS):
                await self._ping()
        except Exception:  # noqa: BLE001 - whatever it is, the store was not reached
            await self._unreached()
        else:
            self._failed_at = None
            self._judge(False)
            await self._reached()

    def _judge(self, alone: bool) -> None:
        if alone != self.alone:
            log.error("cut_off" if alone else "reached_again", store=self.store)
        self.alone = alone

    async def _unreached(self) -> None:
        process, seen_at, now = await self._last()
        if self._failed_at is None:
            self._failed_at = now
        by_others = process != self._process and seen_at > self._failed_at + MARGIN_MS
        self._judge(by_others and now - seen_at <= FRESH_MS)

    async def _reached(self) -> None:
        _, seen_at, now = await self._last()
        if now - seen_at >= WRITE_MS:
            await self._db.transact(lambda conn: self._write(conn, seen_at, now))

    async def _last(self) -> tuple[str, int, int]:
        """Who saw the store last, when, and what time it is, by the database's clock."""
        async with self._db.read() as conn:
            now = await self._db.time_in(conn)
            query = select(sightings.c.process, sightings.c.seen_at).where(sightings.c.store == self.store)
            row = (await conn.execute(query)).one_or_none()
        return (row.process, row.seen_at, now) if row is not None else ("", 0, now)

    async def _write(self, conn: AsyncConnection, before: int, now: int) -> None:
        seen = {"process": self._process, "seen_at": now}
        if not before:
            await conn.execute(self._db.insert_ignore(sightings), {"store": self.store} | seen)
            return
        # Of many who saw the same old sighting one writes.
        old = sightings.c.store == self.store, sightings.c.seen_at == before
        await conn.execute(update(sightings).where(*old).values(**seen))
