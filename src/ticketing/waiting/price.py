"""How many bits of work a place costs at this moment: what the promoter set, and what an attack adds."""

from __future__ import annotations

import asyncio
import time

import structlog

from ticketing.base.valkey import ValkeyAway
from ticketing.waiting.model import Line
from ticketing.waiting.store import LineStore
from ticketing.waiting.work import Pressure

log = structlog.get_logger(__name__)

_FRESH_SECONDS = 1.0


def read_pressure(text: str) -> Pressure:
    """The pressure as the leader last wrote it; none when nothing was."""
    try:
        extra, changed_at, needed_at = map(int, text.split(":"))
    except ValueError:
        return Pressure()
    return Pressure(extra, changed_at, needed_at)


def write_pressure(pressure: Pressure) -> str:
    """One field of the line's hash."""
    return f"{pressure.extra}:{pressure.changed_at}:{pressure.needed_at}"


class Prices:
    """The price that the leader set, read at most once a second per line and beside the joins that it is for."""

    def __init__(self, store: LineStore) -> None:
        self._store = store
        self._known: dict[str, tuple[float, int | None]] = {}
        self._reads: dict[str, asyncio.Task[None]] = {}

    def of(self, line: Line) -> int:
        """Bits asked for now; before the leader's word is known, what the promoter set."""
        read_at, bits = self._known.get(line.event_id, (0.0, None))
        if time.monotonic() - read_at >= _FRESH_SECONDS and line.event_id not in self._reads:
            task = self._reads[line.event_id] = asyncio.create_task(self._read(line.event_id))
            task.add_done_callback(lambda _: self._reads.pop(line.event_id, None))
        return line.work_bits if bits is None else bits

    async def _read(self, event_id: str) -> None:
        try:
            bits = await self._store.price(event_id)
        except ValkeyAway:
            bits = self._known.get(event_id, (0.0, None))[1]
        if len(self._known) > 1000:
            self._known.clear()
        self._known[event_id] = (time.monotonic(), bits)

    async def refused(self, event_id: str) -> None:
        """Somebody brought bad work: what the leader raises the price by."""
        try:
            await self._store.count_refused(event_id)
        except ValkeyAway:
            log.info("refusal_not_counted", event_id=event_id)
