"""The database's truth about seats, carried to Valkey after every commit, and whole when Valkey lost it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import structlog

from ticketing.base import outbox
from ticketing.base.crash import CrashPoint, nowhere
from ticketing.base.db import Database
from ticketing.base.outbox import OutboxRow, RetryLater
from ticketing.base.valkey import ValkeyAway
from ticketing.holds.store import HoldStore
from ticketing.orders import messages, sql

log = structlog.get_logger(__name__)


class SalesBooks:
    """What the holds room asks the database for (its SalesTruth)."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def sold(self, event_id: str) -> Sequence[int]:
        """Ordinals with an owner."""
        async with self._db.read() as conn:
            return await sql.sold_ordinals(conn, event_id)

    async def bought(self, event_id: str) -> Mapping[str, int]:
        """Account → seats owned."""
        async with self._db.read() as conn:
            return await sql.bought_by_people(conn, event_id)

    async def fingerprint(self, order_id: str) -> str | None:
        """What an order in the books, in whatever state, was placed with; None when it is not there.

        Raises DatabaseAway.
        """
        async with self._db.read() as conn:
            return await sql.fingerprint_of(conn, order_id)


class _Stand(NamedTuple):
    """How many seats a person has bought, and which of a change's seats have an owner."""

    bought: int
    sold: tuple[int, ...]
    unsold: tuple[int, ...]


_ROUNDS = 4


class SeatSync:
    """Outbox handler (leased) of topic `seats`: tells Valkey how the books stand. Reads them, so it may repeat.

    They are read once more when Valkey has been told: another worker may have told it of a later change first, and what
    this one had read before then lay on top. Of two that cross, the one that wrote last reads last, and mends.
    """

    def __init__(self, db: Database, store: HoldStore, *, crash_point: CrashPoint = nowhere) -> None:
        self._db = db
        self._store = store
        self._crash_point = crash_point

    async def __call__(self, rows: Sequence[OutboxRow]) -> dict[int, Exception]:
        """Carry over each change; while Valkey is away they wait (a rebuild reads the books anyway)."""
        changes = {row.id: messages.decode_seats(row.payload) for row in rows}
        attempts = {row.id: row.attempts for row in rows}
        told: dict[int, _Stand] = {}
        failed: dict[int, Exception] = {}

        async def carry(row_id: int, stand: _Stand) -> None:
            change = changes[row_id]
            try:
                await self._store.sync(
                    change.event_id, change.account_id, change.hold_id, stand.bought, stand.sold, stand.unsold
                )
                told[row_id] = stand
            except ValkeyAway as error:
                failed[row_id] = RetryLater(outbox.backoff(attempts[row_id], most=10), str(error)[:200])
            except Exception as error:
                log.exception("seats_not_told", event_id=change.event_id)
                failed[row_id] = error

        for _ in range(_ROUNDS):
            stands = await self._read({row_id: c for row_id, c in changes.items() if row_id not in failed})
            news = {row_id: stand for row_id, stand in stands.items() if told.get(row_id) != stand}
            if not news:
                break
            # At once, so that they travel together.
            await asyncio.gather(*(carry(row_id, stand) for row_id, stand in news.items()))
        else:
            failed |= {row_id: RetryLater(0, "these seats change all the time") for row_id in news if row_id in told}
        await self._crash_point("seats:synced")
        done = [row_id for row_id in changes if row_id not in failed]
        if done:
            await self._db.transact(lambda conn: outbox.forget(conn, done))
        return failed

    async def _read(self, changes: Mapping[int, messages.SeatsChanged]) -> dict[int, _Stand]:
        """How the books stand, by row."""
        if not changes:
            return {}
        sold: dict[str, set[int]] = {}
        async with self._db.read() as conn:
            for event_id in {change.event_id for change in changes.values()}:
                ordinals = sorted({o for c in changes.values() if c.event_id == event_id for o in c.ordinals})
                sold[event_id] = set(await sql.sold_ordinals(conn, event_id, ordinals))
            people = await sql.bought_by_some(conn, list({(c.event_id, c.account_id) for c in changes.values()}))
        return {
            row_id: _Stand(
                people.get((change.event_id, change.account_id), 0),
                tuple(o for o in change.ordinals if o in sold[change.event_id]),
                tuple(o for o in change.ordinals if o not in sold[change.event_id]),
            )
            for row_id, change in changes.items()
        }
