"""Who leads: a fenced lease in the database, without anybody's clock.

The leader counts up a beat. A standby that has seen the same (fence, beat) for some seconds of its own monotonic clock
takes over by a compare-and-set on both, which raises the fence. Every write of a leader goes through `sql.lead` in the
same transaction, or carries the fence to Valkey, so a leader that was away (stopped, partitioned) can do no harm.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base.db import Database
from ticketing.waiting import sql
from ticketing.waiting.store import Deposed

log = structlog.get_logger(__name__)
T = TypeVar("T")

_NAME = "line"
TAKEOVER_SECONDS = 3.0


class Leadership:
    """One process's part in the election."""

    def __init__(
        self,
        db: Database,
        holder: str,
        *,
        takeover_seconds: float = TAKEOVER_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db = db
        self._holder = holder
        self._takeover = takeover_seconds
        self._monotonic = monotonic
        self._seen: tuple[int, int, str] | None = None
        self._seen_at = 0.0
        self.fence: int | None = None

    @property
    def leading(self) -> bool:
        """Whether this process believes that it leads."""
        return self.fence is not None

    async def stand(self) -> bool:
        """Look at the leader; take over when there is none, or when it has not moved for long. Raises DatabaseAway."""
        async with self._db.read() as conn:
            seen = await sql.read_leader(conn, _NAME)
        now = self._monotonic()
        if seen is not None and seen != self._seen and seen[2]:
            self._seen, self._seen_at = seen, now
            return False
        if seen is not None and seen[2] and now - self._seen_at < self._takeover:
            return False
        known = (seen[0], seen[1]) if seen else None
        fence = await self._db.transact(lambda conn: sql.take_lead(self._db, conn, _NAME, known, self._holder))
        if fence is not None:
            self.fence = fence
            log.info("line_leader", holder=self._holder, fence=fence)
        return fence is not None

    async def transact(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run `work` in a transaction that only the leader can commit. Raises Deposed, DatabaseAway."""
        fence = self.fence
        if fence is None:
            raise Deposed

        async def fenced(conn: AsyncConnection) -> T:
            if not await sql.lead(conn, _NAME, fence):
                raise Deposed
            return await work(conn)

        return await self._db.transact(fenced)

    async def beat(self) -> None:
        """Say that we are here, in the middle of long work. Raises Deposed, DatabaseAway."""

        async def nothing(_: AsyncConnection) -> None:
            return None

        await self.transact(nothing)

    def step_down(self) -> None:
        """Somebody else leads."""
        self.fence, self._seen = None, None

    async def resign(self) -> None:
        """At a clean end: let the next one take over at once. Raises DatabaseAway."""
        if self.fence is not None:
            fence = self.fence
            await self._db.transact(lambda conn: sql.resign(conn, _NAME, fence))
            self.fence = None
