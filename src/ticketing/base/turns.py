"""Writers of one SQLite file take turns, within a process and between processes.

SQLite lets one connection write at a time; who finds the file locked sleeps for 1, 2, 5, 10 … up to 100 ms between
tries, in no order. With several processes that commit often, most of the time is slept away. Here writers queue up
before they try: first in the process, first come, first served, then for an advisory lock beside the file, which is
looked at every half millisecond, and less often when it takes long.

Nothing but pace depends on this: who waited too long goes on without a turn, and SQLite's own lock judges as ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_LOOK_SECONDS, _MOST_SECONDS = 0.0005, 0.004


class WriteTurns:
    """Turns at one database file.

    Args:
        path: of a file that only serves as a lock; made when it is missing.
        patience: seconds after which a writer goes on without a turn.
    """

    def __init__(self, path: str, patience: float) -> None:
        self._path = path
        self._patience = patience
        self._here = asyncio.Lock()
        self._file: int | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and keep it for the block."""
        async with contextlib.AsyncExitStack() as exits:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience):
                    await exits.enter_async_context(self._here)
                    await self._lock()
                exits.callback(self._unlock)
            yield

    async def _lock(self) -> None:
        if self._file is None:
            with contextlib.suppress(OSError):  # a folder that cannot be written to: no pace is kept
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        pause = _LOOK_SECONDS
        while self._file is not None:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                await asyncio.sleep(pause)
                pause = min(_MOST_SECONDS, pause * 1.25)

    def _unlock(self) -> None:
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the lock file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
