"""Lines as an API process reads them: kept for a moment, and good for as long as the database is away."""

from __future__ import annotations

import secrets
from collections import OrderedDict

from ticketing.base.clock import Clock
from ticketing.base.db import Database
from ticketing.base.errors import Conflict
from ticketing.base.shared import SharedLooks
from ticketing.catalog.load import Catalog
from ticketing.catalog.model import Event
from ticketing.catalog.refreshed import Refreshed
from ticketing.waiting import sql
from ticketing.waiting.draw import SECRET_BYTES, Places, commitment
from ticketing.waiting.model import Line, Phase, Rules

NO_LINE = "This event sells without a waiting line: go straight to its seats."


def new_line(event: Event, rules: Rules, now: int) -> Line:
    """The line of an event that has none yet, with a secret of its own and the commitment to it."""
    secret = secrets.token_bytes(SECRET_BYTES)
    return Line(
        event_id=event.id,
        epoch=1,
        salt=secrets.token_bytes(32),
        secret=secret,
        commitment=commitment(secret),
        lobby_at=event.sale.on_sale_at - rules.lobby_ms,
        opens_at=event.sale.on_sale_at,
        cap=rules.cap,
        rate=rules.rate,
        phase=Phase.ANNOUNCED,
        work_bits=rules.work_bits,
        beacon_source=rules.beacon,
        created_at=now,
    )


async def ensure_line(db: Database, event: Event, rules: Rules, clock: Clock) -> Line:
    """The event's line, made if it has none: whoever comes first makes it. Raises DatabaseAway."""
    async with db.read() as conn:
        line = await sql.find_line(conn, event.id)
    if line is None:
        fresh = new_line(event, rules, clock.now_ms())
        await db.transact(lambda conn: sql.insert_line(db, conn, fresh))
        async with db.read() as conn:
            line = await sql.find_line(conn, event.id)
        assert line is not None  # noqa: S101 - it was inserted, by us or by another
    return line


class LineBook:
    """Reads lines, and computes places.

    Args:
        ttl: seconds that a line is kept; what must be known at once (serving, cap) is in Valkey.
    """

    def __init__(self, db: Database, catalog: Catalog, rules: Rules, clock: Clock, *, ttl: float = 2.0) -> None:
        self._db = db
        self._catalog = catalog
        self._rules = rules
        self._clock = clock
        self._ttl = ttl
        self._lines: OrderedDict[str, Refreshed[Line]] = OrderedDict()
        self._places: OrderedDict[tuple[bytes, int], Places] = OrderedDict()
        self._looks: SharedLooks[Line | None] = SharedLooks()

    async def get(self, event_id: str) -> Line:
        """The line of an event. Raises NotFound, Conflict `no_waiting_room`, DatabaseAway."""
        kept = self._lines.get(event_id)
        if kept is None:
            event = (await self._catalog.get(event_id)).event
            if not event.waiting_room:
                raise Conflict("no_waiting_room", NO_LINE)

            async def load() -> Line:
                return await ensure_line(self._db, event, self._rules, self._clock)

            kept = self._lines.setdefault(event_id, Refreshed(load, ttl=self._ttl, stale_for=3600.0))
            while len(self._lines) > 1000:
                _, oldest = self._lines.popitem(last=False)
                await oldest.close()
        return await kept.get()

    async def drawn(self, event_id: str) -> Line:
        """The line, read again if the draw may have been held since. Raises as `get`."""
        line = await self.get(event_id)
        if line.drawn:
            return line
        # Right after T-0 a thousand claims ask this at once: one of them reads for all. A reading that was under
        # way may be from just before the draw: who finds nothing in it waits for one that began later.
        for _ in range(2):
            if newer := await self._looks.get(event_id, lambda: self._look(event_id)):
                return newer
        return line

    async def _look(self, event_id: str) -> Line | None:
        async with self._db.read() as conn:
            newer = await sql.find_line(conn, event_id)
        if newer is None or not newer.drawn:
            return None
        # What was kept is out of date in the one thing that never changes again.
        self._lines.pop(event_id, None)
        return newer

    def position(self, line: Line, index: int) -> int | None:
        """Where the holder of an index stands; None before the draw."""
        if line.seed is None or line.n is None:
            return None
        if index > line.n:
            return index
        key = (line.seed, line.n)
        places = self._places.get(key)
        if places is None:
            places = self._places[key] = Places(*key)
            while len(self._places) > 100:
                self._places.popitem(last=False)
        return places.place(index)

    async def close(self) -> None:
        """Stop what is being loaded."""
        for kept in self._lines.values():
            await kept.close()
