"""Availability: one compact answer per event, made at most once a second per process, shared by everyone."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from ticketing.base.clock import Clock, rfc3339
from ticketing.base.db import DatabaseAway
from ticketing.base.errors import Unavailable
from ticketing.base.shared import SharedLooks
from ticketing.base.valkey import ValkeyAway
from ticketing.base.web import etag_of
from ticketing.catalog.load import Catalog, LoadedEvent
from ticketing.catalog.model import SectionKind
from ticketing.holds.model import SalesTruth
from ticketing.holds.rebuild import Rebuilder
from ticketing.holds.store import HoldStore, SeatBytes

log = structlog.get_logger(__name__)
_encode = msgspec.json.Encoder().encode

_TO_BITS = bytes.maketrans(b"01234", b"01111")


@dataclass
class Snapshot:
    """One encoded answer. `free` counts all sections; `read_at` is the instant (ms) it was last checked."""

    body: bytes
    etag: str
    version: int
    free: int
    stale: bool
    read_at: int
    counts: dict[str, int]


def bitmap(seats: bytes) -> str:
    """Base64 bitmap of state bytes: bit i (byte i>>3, mask 1<<(i&7)) is 1 when seat i is not free."""
    if not seats:
        return ""
    # int() of a base-2 literal runs in C; reversed, since the last digit of a number is its lowest bit.
    bits = int(seats.translate(_TO_BITS)[::-1], 2)
    return base64.b64encode(bits.to_bytes((len(seats) + 7) // 8, "little")).decode()


class Availability:
    """Reads, encodes and caches.

    Args:
        max_age_ms: how old a shared answer may be.
    """

    def __init__(
        self,
        store: HoldStore,
        catalog: Catalog,
        truth: SalesTruth,
        rebuilder: Rebuilder,
        clock: Clock,
        *,
        max_age_ms: int = 1000,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._truth = truth
        self._rebuilder = rebuilder
        self._clock = clock
        self._max_age_ms = max_age_ms
        self._snapshots: dict[str, Snapshot] = {}
        self._looks: SharedLooks[Snapshot] = SharedLooks()

    async def get(self, event_id: str) -> Snapshot:
        """The current answer. Raises NotFound, Unavailable (when no store has ever answered)."""
        snapshot = self._snapshots.get(event_id)
        if snapshot is not None and self._clock.now_ms() - snapshot.read_at < self._max_age_ms:
            return snapshot
        return await self._looks.get(event_id, lambda: self._look(event_id, snapshot))

    async def _look(self, event_id: str, last: Snapshot | None) -> Snapshot:
        snapshot = await self._refresh(await self._catalog.get(event_id), last)
        self._snapshots[event_id] = snapshot
        return snapshot

    async def free_count(self, event_id: str) -> int | None:
        """Free places, or None when nobody knows at this moment."""
        try:
            return (await self.get(event_id)).free
        except (Unavailable, DatabaseAway):
            return None

    async def _refresh(self, event: LoadedEvent, last: Snapshot | None) -> Snapshot:
        event_id = event.event.id
        try:
            version, ready = await self._store.version(event_id)
            if ready and last is not None and not last.stale and last.version == version:
                last.read_at = self._clock.now_ms()
                return last
            if not ready:
                await self._rebuilder.ensure(event_id, event.index.capacity)
            state = await self._store.read(event_id)
            if state.ready:
                return self._encode(event, state, stale=False)
        except (ValkeyAway, DatabaseAway) as error:
            log.warning("availability_stale", event_id=event_id, error=repr(error)[:200])
        if last is not None:
            return self._as_stale(last)
        return await self._from_database(event)

    async def _from_database(self, event: LoadedEvent) -> Snapshot:
        try:
            sold = await self._truth.sold(event.event.id)
        except DatabaseAway:
            raise Unavailable("Availability is not known at this moment. Try again.") from None
        seats = bytearray(b"0" * event.index.capacity)
        for ordinal in sold:
            seats[ordinal] = 0x33
        return self._encode(event, SeatBytes(bytes(seats), 0, False), stale=True)

    def _as_stale(self, last: Snapshot) -> Snapshot:
        if not last.stale:
            document: dict[str, Any] = msgspec.json.decode(last.body)
            last.body = _encode(document | {"stale": True})
            last.etag, last.stale = etag_of(last.body), True
        last.read_at = self._clock.now_ms()
        return last

    def _encode(self, event: LoadedEvent, state: SeatBytes, *, stale: bool) -> Snapshot:
        sections: dict[str, dict[str, Any]] = {}
        totals = dict.fromkeys(("free", "held", "sold", "blocked"), 0)
        for section in event.index.sections:
            seats = state.seats[section.first : section.end]
            counts = {
                "free": seats.count(b"0"),
                "held": seats.count(b"1") + seats.count(b"2"),
                "sold": seats.count(b"3"),
            }
            entry: dict[str, Any] = dict(counts)
            if section.kind is not SectionKind.STANDING:
                entry["taken"] = bitmap(seats)
            sections[section.id] = entry
            for name, count in counts.items():
                totals[name] += count
        now = self._clock.now_ms()
        body = _encode(
            {
                "event_id": event.event.id,
                "plan_version": event.event.plan_version,
                "version": state.version,
                "at": rfc3339(now),
                "stale": stale,
                "free": totals["free"],
                "sections": sections,
            }
        )
        # By content, not by time of making: processes that saw the same version agree on the tag.
        # Without Valkey there is no version to go by.
        etag = etag_of(body) if stale else f'"{event.event.plan_version[:12]}-{state.version}-{totals["free"]}"'
        return Snapshot(body, etag, state.version, totals["free"], stale, now, totals)
