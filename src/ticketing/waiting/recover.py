"""Bring a line back into Valkey from the database: after a loss, after a fail-over, and when it is new."""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base.clock import Clock
from ticketing.base.db import Database
from ticketing.waiting import sql
from ticketing.waiting.holes import Gaps, Range, write_ranges
from ticketing.waiting.lead import Leadership
from ticketing.waiting.model import INDEX_BLOCK, RESERVATION_MS, Admission, Ending, Line, Rules, writable
from ticketing.waiting.store import LineStore, Returned

log = structlog.get_logger(__name__)

_CHUNK = 10_000
_USED = (Ending.LEFT, Ending.ORDERED, Ending.LIMIT)


def meta_of(line: Line) -> dict[str, str | int]:
    """What the scripts must know of a line's row."""
    return {
        "epoch": line.epoch,
        "phase": line.phase.value,
        "n": line.n or 0,
        "cap": line.cap,
        "rate": line.rate,
        "paused": int(line.paused),
        "draining": int(line.draining),
    }


class Recovery:
    """Refills one line. Only the leader runs it; joins and claims are answered `rebuilding` meanwhile."""

    def __init__(self, db: Database, store: LineStore, clock: Clock, rules: Rules) -> None:
        self._db = db
        self._store = store
        self._clock = clock
        self._rules = rules

    async def refill(self, line: Line, lead: Leadership) -> None:
        """Everything that the database knows. Raises Deposed, ValkeyAway, DatabaseAway."""
        assert lead.fence is not None  # noqa: S101 - only the leader comes here
        fence, event_id = lead.fence, line.event_id
        # After a fail-over the replica may know of joins that the database does not have yet.
        places = await self._store.unsaved_places(event_id, 1_000_000)
        endings = await self._store.unsaved_endings(event_id, 1_000_000)

        async def save(conn: AsyncConnection) -> tuple[Line, int]:
            # Read again: a process that ran short of indexes may have reserved some since the tick began.
            current = await sql.find_line(conn, event_id) or line
            # Whatever was given out and lost with Valkey: no index up to `issued` is ever given out again.
            highest = max([current.issued, *(index for index, _, _ in places)])
            kept = writable(current, places)
            for start in range(0, len(kept), _CHUNK):
                await sql.save_places(self._db, conn, event_id, line.epoch, kept[start : start + _CHUNK])
            await sql.end_visits(self._db, conn, event_id, line.epoch, endings)
            await sql.update_line(conn, event_id, line.epoch, issued=highest + 2 * INDEX_BLOCK)
            return current, highest

        line, highest = await lead.transact(save)
        await self._store.begin_refill(event_id, fence, self._clock.now_ms())
        count, holes = await self._places(line, lead, fence, highest)
        inside = await self._visits(line, lead, fence)
        now = self._clock.now_ms()
        # Whoever was inside comes back all at once: begin gently.
        limit = highest + 2 * INDEX_BLOCK
        fields = meta_of(line) | {"seq": highest, "limit": limit, "serving": line.serving, "level": line.serving}
        fields |= {"health": "0.5", "holes": write_ranges(holes)}
        # Still the leader, now that all was read?
        await lead.beat()
        await self._store.end_refill(event_id, fence, now, line.serving, fields)
        log.info("line_refilled", event_id=event_id, places=count, inside=inside, seq=highest, serving=line.serving)

    async def _places(self, line: Line, lead: Leadership, fence: int, highest: int) -> tuple[int, list[Range]]:
        after = count = 0
        gaps = Gaps()
        while True:
            async with self._db.read() as conn:
                rows = await sql.places_after(conn, line.event_id, line.epoch, after, _CHUNK)
            if not rows:
                gaps.upto(highest)
                return count, gaps.ranges
            gaps.held(index for index, _ in rows)
            await self._store.refill_places(line.event_id, fence, rows)
            after, count = rows[-1][0], count + len(rows)
            await lead.beat()

    async def _visits(self, line: Line, lead: Leadership, fence: int) -> int:
        after = inside = 0
        while True:
            async with self._db.read() as conn:
                rows = await sql.visits_after(conn, line.event_id, line.epoch, after, _CHUNK)
            if not rows:
                await self._called(line, fence)
                return inside
            now = self._clock.now_ms()
            over = [row for row in rows if row.reason in _USED or row.ends_at <= now]
            back = [self._returned(line, row, now) for row in rows if row.reason not in _USED and row.ends_at > now]
            recent = [
                (row.lease_id, row.admitted_at) for row in over if row.lease_id and row.admitted_at > now - 60_000
            ]
            await self._store.refill_used(line.event_id, fence, [(row.idx, row.subject) for row in over])
            await self._store.refill_admissions(line.event_id, fence, recent)
            await self._store.refill_visits(line.event_id, fence, back)
            after, inside = rows[-1].idx, inside + sum(visit.active_until > 0 for visit in back)
            await lead.beat()

    async def _called(self, line: Line, fence: int) -> None:
        """Places whose reservation was over before the loss get no second one: their slots are for those behind."""
        async with self._db.read() as conn:
            old, entered = await sql.called_long_ago(conn, line.event_id, line.epoch, RESERVATION_MS)
        await self._store.refill_called(line.event_id, fence, self._clock.now_ms() - RESERVATION_MS, old, entered)

    def _returned(self, line: Line, row: Any, now: int) -> Returned:
        visit = Admission(line.event_id, line.epoch, row.idx, row.subject, row.lease_id, row.admitted_at, row.ends_at)
        active_until = min(now + self._rules.idle_ms, row.ends_at) if row.ended_at is None else 0
        return Returned(visit, row.position, active_until)
