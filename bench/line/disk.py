"""How long the disk takes to keep 4 KB for good: what a durable commit waits for, whatever asks for it."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from ticketing.rehearsal.histogram import Histogram

_PAGE = 4096
_PAGES = 256
_EVERY = 0.05
"""Seconds between two writes: enough for a p99 in half a minute, too few to keep a disk busy."""


@contextlib.contextmanager
def watched(folder: Path) -> Iterator[Histogram]:
    """Write and sync a page in `folder`, at instants fixed beforehand, as long as the block lasts.

    The file has its full length from the beginning, as a database's log has: nothing but the page itself is written.
    A time counts from its instant, so that a write that was kept waiting by the one before is charged with that.
    """
    seen = Histogram()
    stop = threading.Event()
    file = os.open(folder / "disk", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.write(file, bytes(_PAGE * _PAGES))
    os.fsync(file)

    def write() -> None:
        due, number = time.monotonic(), 0
        while not stop.wait(max(0.0, due - time.monotonic())):
            os.pwrite(file, os.urandom(_PAGE), number % _PAGES * _PAGE)
            os.fdatasync(file)
            seen.add(time.monotonic() - due)
            due, number = due + _EVERY, number + 1

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()
        os.close(file)
