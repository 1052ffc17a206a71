"""T-0: close registration, fix who takes part, draw, and reveal."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base.clock import Clock
from ticketing.base.crash import CrashPoint, nowhere
from ticketing.base.db import Database
from ticketing.waiting import sql
from ticketing.waiting.beacon import BEACONS, Beacon
from ticketing.waiting.beacon_client import BeaconAway, Beacons
from ticketing.waiting.draw import RollDigest
from ticketing.waiting.lead import Leadership
from ticketing.waiting.model import NOBODY, Line, Phase, writable
from ticketing.waiting.record import DrawRecord
from ticketing.waiting.store import LineStore

log = structlog.get_logger(__name__)

CHUNK = 5_000

BEACON_SECONDS = 1.0
"""How long a beacon may take to answer: all lines wait for it. It is asked again at the next tick."""


def record_of(line: Line) -> DrawRecord:
    """The published record of a line's draw, at the stage that it is in."""
    record = DrawRecord(line.event_id, line.epoch, line.commitment, line.created_at, line.beacon_source)
    if line.closed_at is None or line.n is None or line.roll is None:
        return record
    closed = record.close(line.closed_at, line.n, line.roll)
    if not line.drawn:
        return closed
    return closed.reveal(line.secret, _beacon(line))


def _beacon(line: Line) -> Beacon | None:
    if line.beacon_source is None or line.beacon is None or line.closed_at is None:
        return None
    due = BEACONS[line.beacon_source].round_after(line.closed_at)
    return Beacon(line.beacon_source, due, bytes.fromhex(line.beacon))


class Opening:
    """The leader's work at T-0. Every step may be repeated by the next leader: the result is the same."""

    def __init__(
        self, db: Database, store: LineStore, clock: Clock, beacons: Beacons, *, crash_point: CrashPoint = nowhere
    ) -> None:
        self._db = db
        self._beacons = beacons
        self._store = store
        self._clock = clock
        self._crash_point = crash_point

    async def open(self, line: Line, lead: Leadership) -> Line:
        """Open a line; gives it as it is afterwards: still `drawing` while a promised beacon's round is not there.

        Raises Lost, Deposed, ValkeyAway, DatabaseAway.
        """
        if line.closed_at is None:
            line = await self._close(line, lead)
        return await self._draw(line, lead)

    async def _close(self, line: Line, lead: Leadership) -> Line:
        """Fix who takes part, for good: from here on a repeat finds it done."""
        assert lead.fence is not None  # noqa: S101 - only the leader comes here
        n = await self._store.freeze(line.event_id, lead.fence)
        await self._crash_point("line:frozen")
        # In the order of joining: the first batch that is not full has everybody of the cohort behind it, or in it.
        # People go on joining meanwhile, so to wait until nothing is left may be to wait for ever.
        while await save_joins(self._db, self._store, line, lead) == CHUNK:
            pass
        roll = await self._roll(line, n, lead)
        closed_at = max(self._clock.now_ms(), line.created_at + 1)
        values = {"n": n, "roll": roll, "closed_at": closed_at, "phase": Phase.DRAWING}

        async def write(conn: AsyncConnection) -> None:
            await sql.update_line(conn, line.event_id, line.epoch, **values | {"phase": Phase.DRAWING.value})

        await lead.transact(write)
        return replace(line, **values)  # type: ignore[arg-type]

    async def _draw(self, line: Line, lead: Leadership) -> Line:
        source, closed_at = line.beacon_source, line.closed_at
        beacon = None
        if source is not None and closed_at is not None:
            due = BEACONS[source].round_after(closed_at)
            if self._clock.now_ms() < BEACONS[source].at(due):
                return line
            try:
                async with asyncio.timeout(BEACON_SECONDS):
                    beacon = await self._beacons.fetch(source, due)
            except (BeaconAway, TimeoutError) as error:
                log.warning("beacon_away", event_id=line.event_id, round=due, error=repr(error)[:200])
                return line
        seed = record_of(line).reveal(line.secret, beacon).seed
        value = beacon.value.hex() if beacon else None

        async def write(conn: AsyncConnection) -> None:
            await sql.update_line(conn, line.event_id, line.epoch, seed=seed, beacon=value, phase=Phase.OPEN.value)

        await lead.transact(write)
        await self._crash_point("line:drawn")
        log.info("line_opened", event_id=line.event_id, n=line.n)
        return replace(line, seed=seed, beacon=value, phase=Phase.OPEN)

    async def _roll(self, line: Line, n: int, lead: Leadership) -> bytes:
        digest = RollDigest(line.event_id, line.epoch)
        while digest.count < n:
            async with self._db.read() as conn:
                rows = await sql.places_after(conn, line.event_id, line.epoch, digest.count, CHUNK, upto=n)
            digest.add(gapless(rows, digest.count, rows[-1][0] if len(rows) == CHUNK else n))
            await asyncio.sleep(0)
            if len(rows) == CHUNK:
                await lead.beat()
        return digest.digest()


def gapless(rows: list[tuple[int, str]], after: int, upto: int) -> list[str]:
    """Subjects of the indexes after+1 … upto; where nobody holds one, a line says so."""
    held = dict(rows)
    return [held.get(index, NOBODY) for index in range(after + 1, upto + 1)]


async def save_joins(db: Database, store: LineStore, line: Line, lead: Leadership) -> int:
    """Bring one batch of joins into the database; how many there were. Raises as `Opening.open`."""
    assert lead.fence is not None  # noqa: S101 - only the leader comes here
    places = await store.unsaved_places(line.event_id, CHUNK)
    if places:
        kept = writable(line, places)
        await lead.transact(lambda conn: sql.save_places(db, conn, line.event_id, line.epoch, kept))
        await store.saved_places(line.event_id, lead.fence, len(places))
    return len(places)
