"""The database's truth about seats, carried to Valkey after every commit, and whole when Valkey lost it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from ticketing.base import outbox
from ticketing.base.crash import CrashPoint, nowhere
from ticketing.base.db import Database
from ticketing.base.outbox import OutboxRow, RetryLater
from ticketing.base.valkey import ValkeyAway
from ticketing.holds.store import HoldStore
from ticketing.orders import messages, sql


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


class SeatSync:
    """Outbox handler (leased) of topic `seats`: tells Valkey how the books stand. Reads them, so it may repeat."""

    def __init__(self, db: Database, store: HoldStore, *, crash_point: CrashPoint = nowhere) -> None:
        self._db = db
        self._store = store
        self._crash_point = crash_point

    async def __call__(self, rows: Sequence[OutboxRow]) -> dict[int, Exception]:
        """Carry over each change; while Valkey is away they wait (a rebuild reads the books anyway)."""
        changes = [(row, messages.decode_seats(row.payload)) for row in rows]
        failed: dict[int, Exception] = {}
        done: list[int] = []
        sold: dict[str, set[int]] = {}
        async with self._db.read() as conn:
            for event_id in {change.event_id for _, change in changes}:
                ordinals = sorted({o for _, change in changes if change.event_id == event_id for o in change.ordinals})
                sold[event_id] = set(await sql.sold_ordinals(conn, event_id, ordinals))
            people = {(change.event_id, change.account_id): 0 for _, change in changes}
            people |= await sql.bought_by_some(conn, list(people))

        async def carry(row: OutboxRow, change: messages.SeatsChanged) -> None:
            mine = [o for o in change.ordinals if o in sold[change.event_id]]
            rest = [o for o in change.ordinals if o not in sold[change.event_id]]
            bought = people[change.event_id, change.account_id]
            try:
                await self._store.sync(change.event_id, change.account_id, change.hold_id, bought, mine, rest)
                done.append(row.id)
            except ValkeyAway as error:
                failed[row.id] = RetryLater(min(10.0, 0.5 * 2**row.attempts), str(error)[:200])

        # At once, so that they travel together.
        await asyncio.gather(*(carry(row, change) for row, change in changes))
        await self._crash_point("seats:synced")
        if done:
            await self._db.transact(lambda conn: outbox.forget(conn, done))
        return failed
