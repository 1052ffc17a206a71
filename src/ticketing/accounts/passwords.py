"""argon2id, off the event loop and never more at once than the machine has cores for."""

from __future__ import annotations

import asyncio
import os

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from ticketing.base.errors import Unavailable

# OWASP Password Storage Cheat Sheet: argon2id, 19 MiB, 2 passes, 1 lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)
_DUMMY = _hasher.hash("no account has this password")


class Passwords:
    """Hashes and checks passwords.

    Args:
        concurrency: hashes at once in this process; None takes the number of cores.
        queue: callers that may wait for their turn; more are refused with 503, since each costs ~20 ms of a core.
    """

    def __init__(self, concurrency: int | None = None, queue: int = 2000) -> None:
        self._slots = asyncio.Semaphore(concurrency or os.cpu_count() or 1)
        self._waiting = 0
        self._queue = queue

    async def hash(self, password: str) -> str:
        """The encoded hash. Raises Unavailable when too many wait."""
        return str(await self._off_loop(_hasher.hash, password))

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Whether it fits. With no account (None) it takes just as long, so that time tells nothing."""
        return bool(await self._off_loop(_verify, encoded or _DUMMY, password)) and encoded is not None

    @staticmethod
    def outdated(encoded: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return _hasher.check_needs_rehash(encoded)

    async def _off_loop(self, work: object, *args: str) -> object:
        if self._waiting >= self._queue:
            raise Unavailable("Too many people are signing in at this second. Try again in a moment.", retry_after=5)
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work, *args)  # type: ignore[arg-type]
        finally:
            self._waiting -= 1


def _verify(encoded: str, password: str) -> bool:
    try:
        return _hasher.verify(encoded, password)
    except (VerificationError, InvalidHashError):
        return False
