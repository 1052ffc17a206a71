"""The leader's objects in the blob store: a leader that was replaced while it was stopped replaces nothing there."""

from __future__ import annotations

import structlog

from ticketing.base.blobs import Blobs
from ticketing.waiting.status import CACHE

log = structlog.get_logger(__name__)

PATIENCE = 5
"""Refusals in a row, of one object, after which what lies there is not of a later leader.

Whoever was replaced learns it from the database or from Valkey in the next tick, and puts nothing more. Who is not
told so does lead: its fence fell behind since the database came back from an older copy. Then the object starts anew,
or the CDN would show one status for ever.
"""


class Posting:
    """Puts by the leader's fence."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._refused: dict[str, int] = {}

    async def put(self, key: str, body: bytes, fence: int) -> bool:
        """Store an object unless a later leader has; whether it was stored. Raises BlobsAway."""
        if await self._blobs.put_by_turn(key, body, "application/json", CACHE, turn=fence):
            self._refused.pop(key, None)
            return True
        self._refused[key] = self._refused.get(key, 0) + 1
        log.warning("status_of_a_later_leader", key=key, fence=fence)
        if self._refused[key] > PATIENCE:
            log.error("status_started_anew", key=key, fence=fence)
            await self._blobs.put(key, body, "application/json", CACHE)
            self._refused.pop(key)
            return True
        return False
