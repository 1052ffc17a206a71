"""The cyclic collector, in a process that may not be held up.

CPython's own timing suits a script. Here it looked at every object of a request that waits (0.7 µs each) two or three
times, and with thousands of requests under way that was more than half of the CPU just when there was none to spare;
and whenever a crowd had come it looked at all connections at once, for 100 ms and more. Nothing that happens often
leaves cycles behind here, so it can wait for a quiet second.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time

FEW = 10_000
"""New objects of a second that are few enough to be looked at: 7 ms."""
MANY = 1_000_000
"""Objects more than after the last look at all of them that ask for another: garbage among them may be 200 MB."""
HOUR = 3_600.0
_COUNT_SECONDS = 60.0


class Garbage:
    """Collects once a second instead of whenever so many objects were made.

    What a look leaves is frozen, which costs nothing and spares it the next look. A second with many new objects is no
    time to look at them: they are frozen unseen. All objects are looked at when an hour has passed or their number has
    grown by much; in the next quiet second, and after three hours in any.
    """

    def __init__(self) -> None:
        self._whole_at = self._counted_at = time.monotonic()
        self._left = 0

    async def run(self, stop: asyncio.Event) -> None:
        """In the place of the automatic collection, until `stop`."""
        gc.disable()
        try:
            self._look_at_all()
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), 1.0)
                self.look()
        finally:
            gc.unfreeze()
            gc.enable()

    def look(self) -> None:
        """What is due now; once a second."""
        quiet = gc.get_count()[0] <= FEW
        age = time.monotonic() - self._whole_at
        if age > 3 * HOUR or (quiet and (age > HOUR or self._has_grown())):
            self._look_at_all()
            return
        if quiet:
            gc.collect(0)
        gc.freeze()

    def _has_grown(self) -> bool:
        now = time.monotonic()
        if now - self._counted_at < _COUNT_SECONDS:
            return False
        self._counted_at = now
        return gc.get_freeze_count() > self._left + MANY

    def _look_at_all(self) -> None:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._left = gc.get_freeze_count()
        self._whole_at = self._counted_at = time.monotonic()
