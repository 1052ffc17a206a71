"""A file that is only there to be given up: when a disk is full, its blocks are what a sale goes on with.

Nobody can sell on a disk that takes no byte, and nobody can mend a server at 20:00 in a second. The reserve is given
back to whatever lies on the same disk (the embedded database, both Valkeys of a laptop), and that is said aloud: it is
time to act on, once. CockroachDB calls the same a ballast file.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

import structlog
from sqlalchemy.engine import make_url

log = structlog.get_logger(__name__)

_LOW = 1 << 20
"""Free bytes below which the reserve is given up."""
_SPARE = 4
"""So many times the reserve must be free before it is laid: it may not be what fills the disk."""
_LOOK_SECONDS = 0.5


class DiskReserve:
    """The reserve beside an embedded database; processes share it.

    Args:
        folder: on the disk in question.
        size: bytes.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._file = folder / "disk-reserve"
        self._size = size

    def free(self) -> int:
        """Bytes that an ordinary process may still write to this disk. Raises OSError."""
        state = os.statvfs(self._file.parent)
        return state.f_bavail * state.f_frsize

    def look(self) -> None:
        """Lay the reserve when there is room for it, give it up when there is none for anything. Raises OSError."""
        free = self.free()
        if free < _LOW:
            self._give_up()
        elif free > self._size * _SPARE and not self._file.exists():
            self._lay()

    def _lay(self) -> None:
        # Under another name until it has its blocks: a process that looks meanwhile sees all of it or nothing. Written,
        # not allocated: macOS cannot do that.
        unfinished = self._file.with_suffix(".new")
        try:
            unfinished.write_bytes(bytes(self._size))
            unfinished.replace(self._file)
        finally:
            unfinished.unlink(missing_ok=True)

    def _give_up(self) -> None:
        try:
            self._file.unlink()
        except FileNotFoundError:
            return  # Another process was faster, or it is gone for good.
        log.error("disk_reserve_given_up", folder=str(self._file.parent), bytes=self._size)

    async def run(self, stop: asyncio.Event) -> None:
        """Look twice a second until `stop`. A disk that cannot be looked at is somebody else's error to report."""
        while not stop.is_set():
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self.look)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _LOOK_SECONDS)


def reserve_beside(database_url: str, megabytes: int) -> DiskReserve | None:
    """The reserve of an embedded database; None for a server, which has a disk of its own, and for a size of 0."""
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:") or not megabytes:
        return None
    return DiskReserve(Path(str(url.database)).parent, megabytes << 20)
