"""The public objects of a line: the status, written once a second for everyone, and the about, which rarely changes."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from ticketing.base.blobs import Blobs, BlobsAway
from ticketing.base.clock import Clock, rfc3339
from ticketing.base.db import DatabaseAway
from ticketing.base.errors import NotFound, Unavailable
from ticketing.base.shared import SharedLooks
from ticketing.base.valkey import ValkeyAway
from ticketing.base.web import etag_of
from ticketing.catalog.load import Catalog
from ticketing.catalog.model import Event
from ticketing.waiting.book import LineBook
from ticketing.waiting.model import NOTHING_YET, Census, Line, Phase, Stock
from ticketing.waiting.store import LineStore

log = structlog.get_logger(__name__)
_encode = msgspec.json.Encoder().encode

POLL_SECONDS = (2, 60)
CACHE = "public, max-age=1, stale-if-error=86400"
MAX_STATUS_BYTES = 300


def status_key(event_id: str) -> str:
    """Where the status lies in the blob store."""
    return f"status/{event_id}.json"


def about_key(event_id: str) -> str:
    """Where the about object lies in the blob store."""
    return f"status/{event_id}.about.json"


def per_minute(census: Census, opened_at: int | None, now: int) -> int:
    """Places called per minute, measured over the last minute, or since the line opened if that was later."""
    if opened_at is None:
        return 0
    elapsed = min(60_000, max(1_000, now - opened_at))
    return round(census.moved * 60_000 / elapsed)


def status_document(line: Line, census: Census, stock: Stock | None, now: int) -> bytes:
    """The status object: at most 300 bytes, whoever asks.

    While break-glass lets everybody in, nobody's place counts: the seed is left out for what is said instead.
    """
    seconds = now - now % 1000
    opened = line.open_until > now
    document: dict[str, Any] = {
        "event": line.event_id,
        "epoch": line.epoch,
        "phase": line.phase.value,
        "t0": _short(line.opens_at),
        "at": _short(seconds),
        "n": line.n or 0,
        "last": census.seq,
        "seed": base64.urlsafe_b64encode(line.seed).decode().rstrip("=") if line.seed and not opened else None,
        "serving": min(census.serving, census.seq) if line.phase is not Phase.ANNOUNCED else 0,
        "rate": per_minute(census, line.closed_at, now),
        "poll": POLL_SECONDS,
        "stock": stock.digits()[:12] if stock else "",
        "about": line.about,
    }
    if line.paused:
        document["paused"] = True
    if opened:
        document["open_until"] = _short(line.open_until)
    return _encode(document)


def about_document(line: Line, event: Event) -> bytes:
    """The about object: names, times, the promoter's message, the commitment."""
    message = {"ko": line.message_ko, "en": line.message_en or line.message_ko} if line.message_ko else None
    return _encode(
        {
            "event": line.event_id,
            "version": line.about,
            "name": event.name.document(),
            "starts_at": rfc3339(event.starts_at),
            "venue": event.venue.name.document(),
            "time_zone": event.venue.time_zone,
            "grades": [{"grade": price.grade, "name": price.name.document()} for price in event.prices],
            "message": message,
            "commitment": line.commitment,
            "lobby_at": rfc3339(line.lobby_at),
            "t0": rfc3339(line.opens_at),
            "off_sale_at": rfc3339(event.sale.off_sale_at),
            "work_bits": line.work_bits,
        }
    )


def _short(ms: int) -> str:
    """An instant to the second: `2026-11-22T11:00:00Z`."""
    return rfc3339(ms)[:19] + "Z"


@dataclass
class Posted:
    """One object as it goes over the wire; `read_at` is when it was last looked for (seconds, monotonic)."""

    body: bytes
    etag: str
    read_at: float


def _nobody(event_id: str, posted: Posted, seconds: float) -> None:
    """Nobody wants to know."""


class StatusBoard:
    """What the API process answers: the leader's bytes, looked for twice a second, kept while stores are away.

    `on_status` is told each status that was looked for, and for how many seconds it is good.
    """

    def __init__(
        self,
        store: LineStore,
        book: LineBook,
        catalog: Catalog,
        blobs: Blobs,
        clock: Clock,
        *,
        max_age: float = 0.5,
    ) -> None:
        self.on_status: Callable[[str, Posted, float], None] = _nobody
        self._catalog = catalog
        self._clock = clock
        self._store = store
        self._book = book
        self._blobs = blobs
        self._max_age = max_age
        self._posted: dict[str, Posted] = {}
        self._looks: SharedLooks[Posted] = SharedLooks()

    async def status(self, event_id: str) -> Posted:
        """The status object. Raises NotFound (no such event), Conflict `no_waiting_room`, Unavailable."""
        return await self._get(status_key(event_id), event_id)

    async def about(self, event_id: str) -> Posted:
        """The about object. Raises as `status`."""
        return await self._get(about_key(event_id), event_id)

    async def _get(self, key: str, event_id: str) -> Posted:
        posted = self._posted.get(key)
        if posted is not None and time.monotonic() - posted.read_at < self._max_age:
            return posted
        return await self._looks.get(key, lambda: self._look(key, event_id, posted))

    async def _look(self, key: str, event_id: str, last: Posted | None) -> Posted:
        if last is None:
            await self._book.get(event_id)
        body: bytes | None = None
        try:
            body = await self._store.status(event_id) if key == status_key(event_id) else None
            body = body or await self._blobs.get(key)
        except (ValkeyAway, BlobsAway) as error:
            log.warning("status_not_read", event_id=event_id, error=repr(error)[:200])
            if key == status_key(event_id) and last is None:
                body = await self._from_blob(key)
        if body is None:
            if last is None:
                return await self._from_books(key, event_id)
        elif last is None or last.body != body:
            last = self._posted[key] = Posted(body, etag_of(body), 0.0)
        last.read_at = time.monotonic()
        if key == status_key(event_id):
            self.on_status(event_id, last, self._max_age)
        return last

    async def _from_books(self, key: str, event_id: str) -> Posted:
        """A line that is so new that its leader has not said anything: not kept, since it is about to."""
        try:
            line = await self._book.get(event_id)
        except DatabaseAway:
            raise Unavailable(
                "The line's state is not known at this moment. Your place is kept.", retry_after=1
            ) from None
        if key == status_key(event_id):
            body = status_document(line, NOTHING_YET, None, self._clock.now_ms())
        else:
            body = about_document(line, (await self._catalog.get(event_id)).event)
        return Posted(body, etag_of(body), 0.0)

    async def _from_blob(self, key: str) -> bytes | None:
        try:
            return await self._blobs.get(key)
        except BlobsAway:
            return None


def event_of(name: str) -> tuple[str, bool]:
    """(event id, whether it is the about object) of a file name below /status/. Raises NotFound."""
    stem, dot, suffix = name.rpartition(".")
    if not dot or suffix != "json" or not stem:
        raise NotFound("There is no such file.")
    return (stem[: -len(".about")], True) if stem.endswith(".about") else (stem, False)
