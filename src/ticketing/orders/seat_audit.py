"""Compares Valkey's seats with the books again and again, and mends what stays different.

Two messages about one seat may be carried over in the wrong order; a seat would then stay grey, or look free though
it is sold. A difference is only believed when it is there twice in a row, since commits and their news are never
simultaneous.
"""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from ticketing.base.clock import Clock
from ticketing.base.db import Database, DatabaseAway
from ticketing.base.valkey import ValkeyAway
from ticketing.catalog.load import Catalog
from ticketing.holds.rebuild import Rebuilder
from ticketing.holds.store import HoldStore
from ticketing.orders import sql

log = structlog.get_logger(__name__)


class SeatAudit:
    """Sweeps expired holds, rebuilds what Valkey lost, mends differences."""

    def __init__(self, db: Database, catalog: Catalog, store: HoldStore, rebuilder: Rebuilder, clock: Clock) -> None:
        self._db = db
        self._catalog = catalog
        self._store = store
        self._rebuilder = rebuilder
        self._clock = clock
        self._suspects: dict[str, set[tuple[int, bool]]] = {}

    async def run(self, stop: asyncio.Event, *, sweep_seconds: float = 1.0, audit_seconds: float = 10.0) -> None:
        """Run until `stop`; nothing that fails ends it."""
        next_audit = 0.0
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            try:
                auditing = loop.time() >= next_audit
                for event in await self._catalog.listed():
                    await self._look_after(event.id, auditing)
                if auditing:
                    next_audit = loop.time() + audit_seconds
            except (ValkeyAway, DatabaseAway) as error:
                log.warning("seat_audit_waits", error=repr(error)[:200])
            except Exception:
                log.exception("seat_audit_broken")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), sweep_seconds)

    async def _look_after(self, event_id: str, auditing: bool) -> None:
        """One event's turn. Whatever is wrong with it ends neither the worker nor the turn of the others."""
        try:
            await self.sweep(event_id)
            if auditing:
                await self.audit(event_id)
        except (ValkeyAway, DatabaseAway):
            raise
        except Exception:
            log.exception("seat_audit_failed", event_id=event_id)

    async def sweep(self, event_id: str) -> None:
        """Free holds that are over; rebuild the event if Valkey does not know it. Raises ValkeyAway, DatabaseAway."""
        _, ready = await self._store.version(event_id)
        if not ready:
            event = await self._catalog.get(event_id)
            await self._rebuilder.ensure(event_id, event.index.capacity)
        while await self._store.sweep(event_id, self._clock.now_ms()) >= 200:
            await asyncio.sleep(0)

    async def audit(self, event_id: str) -> int:
        """Mend seats that differed the last time too; gives how many. Raises ValkeyAway, DatabaseAway."""
        before = await self._store.read(event_id)
        async with self._db.read() as conn:
            sold = set(await sql.sold_ordinals(conn, event_id))
        if not before.ready:
            return 0
        wrong = {
            (ordinal, ordinal in sold)
            for ordinal in range(len(before.seats))
            if (before.seats[ordinal] == 0x33) != (ordinal in sold)
        }
        mend = wrong & self._suspects.get(event_id, set())
        self._suspects[event_id] = wrong - mend
        if mend:
            really_sold = sorted(ordinal for ordinal, is_sold in mend if is_sold)
            unsold = sorted(ordinal for ordinal, is_sold in mend if not is_sold)
            await self._store.mend(event_id, really_sold, unsold)
            log.warning("seats_mended", event_id=event_id, sold=really_sold[:20], unsold=unsold[:20])
        return len(mend)
