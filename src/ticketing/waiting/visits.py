"""Write admissions to the database, many in one transaction: a claim waits for the commit it travels in."""

from __future__ import annotations

import asyncio
import contextlib

from ticketing.base.crash import CrashPoint, nowhere
from ticketing.base.db import Database
from ticketing.waiting import sql
from ticketing.waiting.model import Admission

_MOST = 500
Visit = tuple[Admission, int, int]


class VisitWriter:
    """Group commit: what arrives while one transaction is under way leaves together in the next."""

    def __init__(self, db: Database, *, crash_point: CrashPoint = nowhere) -> None:
        self._db = db
        self._crash_point = crash_point
        self._pending: list[tuple[Visit, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def save(self, visit: Admission, position: int, entered_at: int) -> None:
        """Return when the visit is committed. Raises DatabaseAway: it may be committed or not."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending.append(((visit, position, entered_at), future))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        await future

    async def _run(self) -> None:
        try:
            while self._pending:
                batch, self._pending = self._pending[:_MOST], self._pending[_MOST:]
                error: BaseException | None = None
                try:
                    # In the order of their keys: two processes that lock the same rows cannot lock each other out.
                    visits = sorted((visit for visit, _ in batch), key=lambda v: (v[0].event_id, v[0].index))
                    await self._db.transact(lambda conn, visits=visits: sql.save_visits(self._db, conn, visits))  # type: ignore[misc]
                    await self._crash_point("claim:committed")
                except BaseException as problem:  # noqa: BLE001 - handed to everyone who waits
                    error = problem
                for _, future in batch:
                    if not future.done():
                        if error is None:
                            future.set_result(None)
                        else:
                            future.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
                if isinstance(error, asyncio.CancelledError):
                    raise error
        finally:
            self._task = None

    async def close(self) -> None:
        """Stop; who still waits is told that the outcome is unknown."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        # Whoever came too late for a transaction, or whose task was stopped before it began.
        pending, self._pending = self._pending, []
        for _, future in pending:
            future.cancel()
