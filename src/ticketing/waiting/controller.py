"""The controller: one elected process moves every line forward, once a second.

What it decides follows from what it reads; nothing is counted up in the process, so the next leader goes on where this
one stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base.blobs import Blobs, BlobsAway
from ticketing.base.clock import Clock
from ticketing.base.crash import CrashPoint, nowhere
from ticketing.base.db import Database, DatabaseAway
from ticketing.base.errors import NotFound
from ticketing.base.valkey import ValkeyAway
from ticketing.catalog import sql as catalog_sql
from ticketing.catalog.load import Catalog
from ticketing.catalog.model import Event, SaleStatus
from ticketing.waiting import sql
from ticketing.waiting.beacon_client import Beacons
from ticketing.waiting.book import ensure_line
from ticketing.waiting.holes import between, positions_of, read_ranges, step_over
from ticketing.waiting.lead import Leadership
from ticketing.waiting.model import Census, Line, Phase, Rules, Signs, Stock, index_limit, next_health, release
from ticketing.waiting.open_line import CHUNK, Opening, save_joins
from ticketing.waiting.posting import Posting
from ticketing.waiting.price import read_pressure, write_pressure
from ticketing.waiting.recover import Recovery, meta_of
from ticketing.waiting.status import about_document, about_key, status_document, status_key
from ticketing.waiting.store import Deposed, LineStore, Lost
from ticketing.waiting.work import bits_at, next_pressure

log = structlog.get_logger(__name__)

StockReader = Callable[[str], Awaitable[Stock | None]]
SignsReader = Callable[[str], Awaitable[Signs]]

_QUIET = (Phase.ANNOUNCED, Phase.CLOSED)
_QUIET_TICKS = 10
_LOOK_FOR_EVENTS_SECONDS = 1.0


class Controller:
    """Leads the lines while it holds the lease, and stands by while another does.

    Args:
        stock, signs: what is left of an event, and how its sale feels; both may know nothing.
        tick_seconds: how often it acts; a standby looks twice as often.
    """

    def __init__(
        self,
        db: Database,
        store: LineStore,
        catalog: Catalog,
        blobs: Blobs,
        clock: Clock,
        rules: Rules,
        lead: Leadership,
        *,
        stock: StockReader,
        signs: SignsReader,
        beacons: Beacons,
        tick_seconds: float = 1.0,
        crash_point: CrashPoint = nowhere,
    ) -> None:
        self._db = db
        self._store = store
        self._catalog = catalog
        self._posting = Posting(blobs)
        self._clock = clock
        self._rules = rules
        self._lead = lead
        self._stock = stock
        self._signs = signs
        self._tick_seconds = tick_seconds
        self._crash_point = crash_point
        self._opening = Opening(db, store, clock, beacons, crash_point=crash_point)
        self._recovery = Recovery(db, store, clock, rules)
        self._lines: dict[str, Line] = {}
        self._looked_at = 0.0
        self._seq: dict[str, int] = {}
        self._about: dict[str, int] = {}
        self._nobody: dict[str, tuple[str, list[int]]] = {}
        self._ticks = 0

    @property
    def leading(self) -> bool:
        """Whether this process holds the lease, as far as it knows."""
        return self._lead.leading

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; nothing that fails ends it."""
        while not stop.is_set():
            began = time.monotonic()
            try:
                await self.step()
            except (DatabaseAway, ValkeyAway) as error:
                log.warning("line_tick_failed", error=repr(error)[:200])
            except Exception:
                log.exception("line_tick_broken")
            every = self._tick_seconds if self._lead.leading else self._tick_seconds / 2
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(0.05, every - (time.monotonic() - began)))
        with contextlib.suppress(DatabaseAway):
            await self._lead.resign()

    async def step(self) -> None:
        """Lead once, or look once whether the leader is still there. Raises DatabaseAway, ValkeyAway."""
        try:
            if self._lead.leading or await self._lead.stand():
                await self.tick()
        except Deposed:
            log.warning("line_leader_deposed")
            self._forget()

    def _forget(self) -> None:
        self._lead.step_down()
        self._seq.clear()
        self._about.clear()

    async def tick(self) -> None:
        """Move every line once. Raises Deposed."""
        self._ticks += 1
        database_ms = await self._read_lines()
        now = self._clock.now_ms()
        quiet = self._ticks % _QUIET_TICKS != 1
        lines = [line for line in self._lines.values() if not quiet or line.phase not in _QUIET or now >= line.lobby_at]
        results = await asyncio.gather(*(self._move(line, database_ms) for line in lines), return_exceptions=True)
        for line, result in zip(lines, results, strict=True):
            if isinstance(result, Deposed):
                raise result
            if isinstance(result, BaseException):
                # One event's trouble is not the others'.
                log.warning("line_not_moved", event_id=line.event_id, error=repr(result)[:300])

    async def _read_lines(self) -> float | None:
        """The lines as the database has them; how long it took in ms, None when it is away."""
        began = time.monotonic()
        try:
            if began - self._looked_at > _LOOK_FOR_EVENTS_SECONDS:
                async with self._db.read() as conn:
                    ids = await catalog_sql.events_with_line(conn, self._clock.now_ms())
                for event_id in ids:
                    if event_id not in self._lines:
                        await self._ensure(event_id)
                self._looked_at = began
            began = time.monotonic()
            await self._lead.beat()
            async with self._db.read() as conn:
                self._lines = {line.event_id: line for line in await sql.open_lines(conn)}
        except DatabaseAway:
            return None
        return (time.monotonic() - began) * 1000

    async def _ensure(self, event_id: str) -> None:
        """Make an event's line. Raises DatabaseAway; whatever else is wrong with it stops no other line."""
        try:
            await ensure_line(self._db, (await self._catalog.get(event_id)).event, self._rules, self._clock)
        except DatabaseAway:
            raise
        except Exception:
            log.exception("line_not_made", event_id=event_id)

    async def _move(self, line: Line, database_ms: float | None) -> None:
        fence = self._lead.fence
        if fence is None:
            raise Deposed
        try:
            event = (await self._catalog.get(line.event_id)).event
        except NotFound:
            log.warning("line_without_event", event_id=line.event_id)
            return
        try:
            census = await self._store.tick(line, fence, self._clock.now_ms())
        except Lost:
            await self._recovery.refill(line, self._lead)
            census = await self._store.tick(line, fence, self._clock.now_ms())
            # The jump over what may have been lost is not a rush of joins.
            self._seq[line.event_id] = census.seq
        if database_ms is None:
            # Nothing can be decided; but the people who wait see that somebody is there.
            line = replace(line, phase=Phase(census.phase))
            await self._post(line, census, None, event, fence, census.limit, {})
            return
        await self._crash_point("line:tick")
        await self._save(line, census)
        # From T-0 on: the first places to be called are bounded by the seats as well.
        stock = await self._stock(line.event_id) if self._clock.now_ms() >= line.opens_at else None
        signs = replace(await self._signs(line.event_id), database_ms=database_ms)
        health = next_health(census.health, signs)
        line = await self._next_phase(line, event, stock)
        if line.phase is Phase.CLOSED:
            await self._shut(line, census, fence)
            census = replace(census, phase=Phase.CLOSED.value)
        elif line.phase is Phase.OPEN and census.phase != Phase.OPEN:
            census = replace(census, phase=Phase.OPEN.value)
        now = self._clock.now_ms()
        limit = index_limit(census, census.seq - self._seq.get(line.event_id, census.seq))
        holes = await self._holes(line, census)
        census = replace(census, unclaimed=max(0, census.unclaimed - self._unheld(holes, census)))
        called = release(line, census, stock, health) - census.serving
        serving = step_over(holes, census.serving, called) if called > 0 else census.serving
        self._seq[line.event_id] = census.seq
        line = await self._write(line, serving, limit)
        await self._crash_point("line:decided")
        pressure = next_pressure(read_pressure(census.pressure), census.refused / self._tick_seconds, now)
        fields = meta_of(line) | {
            "health": f"{health:.3f}",
            "pressure": write_pressure(pressure),
            "bits": bits_at(line.work_bits, pressure.extra),
        }
        await self._post(line, census, stock, event, fence, limit or census.limit, fields)

    async def _holes(self, line: Line, census: Census) -> list[int]:
        """Where nobody stands: worked out once after each loss."""
        if not census.holes or line.seed is None:
            return []
        of, holes = self._nobody.get(line.event_id, ("", []))
        key = f"{line.epoch}/{census.holes}/{line.seed.hex()}"
        if of != key:
            holes = await asyncio.to_thread(positions_of, line, read_ranges(census.holes))
            self._nobody[line.event_id] = (key, holes)
        return holes

    @staticmethod
    def _unheld(holes: list[int], census: Census) -> int:
        """How many of the places that were just called nobody will come for."""
        return between(holes, census.before, min(census.serving, census.seq))

    async def _save(self, line: Line, census: Census) -> None:
        assert self._lead.fence is not None  # noqa: S101 - checked by the caller
        if census.unsaved:
            while await save_joins(self._db, self._store, line, self._lead) == CHUNK:
                pass
        if census.ended:
            await self._save_endings(line, self._lead.fence)

    async def _save_endings(self, line: Line, fence: int) -> int:
        endings = await self._store.unsaved_endings(line.event_id, CHUNK)
        await self._lead.transact(lambda conn: sql.end_visits(self._db, conn, line.event_id, line.epoch, endings))
        await self._store.saved_endings(line.event_id, fence, len(endings))
        return len(endings)

    async def _shut(self, line: Line, census: Census, fence: int) -> None:
        """Nobody joins or leaves any more; what they did last goes into the books, and Valkey may forget the line.

        Before the books say that it is closed: from then on nobody leads it, and who dies in between is replaced.
        """
        fields: dict[str, str | int] = {"phase": Phase.CLOSED.value}
        await self._store.publish(line, fence, self._clock.now_ms(), census.limit, fields, b"")
        while await save_joins(self._db, self._store, line, self._lead) == CHUNK:
            pass
        while await self._save_endings(line, fence) == CHUNK:
            pass
        await self._store.expire(line.event_id)

    async def _next_phase(self, line: Line, event: Event, stock: Stock | None) -> Line:
        now = self._clock.now_ms()
        phase = line.phase
        if event.status(now) is SaleStatus.CLOSED:
            phase = Phase.CLOSED
        elif not line.drawn:
            if now >= line.opens_at:
                return await self._opening.open(line, self._lead)
            phase = Phase.LOBBY if now >= line.lobby_at else Phase.ANNOUNCED
        elif stock is not None:
            phase = Phase.SOLD_OUT if stock.total_free == 0 and stock.held == 0 else Phase.OPEN
        return replace(line, phase=phase)

    async def _write(self, line: Line, serving: int, limit: int | None) -> Line:
        before = self._lines[line.event_id]
        changes: dict[str, Any] = {}
        if line.phase is not before.phase:
            changes["phase"] = line.phase.value
        if serving > before.serving:
            changes["serving"] = serving

        async def write(conn: AsyncConnection) -> None:
            if changes:
                await sql.update_line(conn, line.event_id, line.epoch, **changes)
            # By itself: a process that ran short of indexes may have reserved more than that meanwhile.
            if limit is not None and limit > before.issued:
                await sql.update_line(conn, line.event_id, line.epoch, issued=limit)

        # Without changes as well: this is the beat.
        await self._lead.transact(write)
        return replace(line, serving=max(serving, before.serving))

    async def _post(
        self,
        line: Line,
        census: Census,
        stock: Stock | None,
        event: Event,
        fence: int,
        limit: int,
        fields: dict[str, str | int],
    ) -> None:
        now = self._clock.now_ms()
        told = replace(census, serving=max(census.serving, line.serving))
        status = status_document(line, told, stock, now)
        await self._store.publish(line, fence, now, limit, fields, status)
        try:
            await self._posting.put(status_key(line.event_id), status, fence)
            if self._about.get(line.event_id) != line.about:
                body = about_document(line, event)
                if await self._posting.put(about_key(line.event_id), body, fence):
                    self._about[line.event_id] = line.about
        except BlobsAway as error:
            log.warning("status_not_stored", event_id=line.event_id, error=repr(error)[:200])
