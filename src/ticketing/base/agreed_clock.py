"""A clock that does not believe itself alone.

Instants decide here: a visit is over, a hold has expired, a sale has begun. One process whose machine has lost the time
would end the visits of everybody else. So each process compares its clock with those of the stores: time is what two
of them agree on. Between two comparisons only elapsed time counts, so that a clock that is put wrong in the meantime
changes nothing before it has been compared.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import structlog

log = structlog.get_logger(__name__)

Reading = Callable[[], Awaitable[int]]
"""What another clock says: milliseconds since the epoch. Raises anything when it cannot be asked."""

EVERY_SECONDS = 5.0
TOLERANCE_MS = 1_000
"""Clocks that are no further apart agree; half of it is what an answer may be under way."""


class AgreedClock:
    """Milliseconds since the epoch, as two of: the machine's own clock and the others, agree on them.

    While nobody can be asked, or no two agree, the last agreement stands and elapsed time is added to it.

    Args:
        others: by name; those of the stores.
        wall, monotonic: the machine's clocks, in nanoseconds.
    """

    def __init__(
        self,
        others: Mapping[str, Reading],
        *,
        wall: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._others = others
        self._wall = wall
        self._monotonic = monotonic
        self._base = wall() - monotonic()
        self._off = 0

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return (self._base + self._monotonic()) // 1_000_000

    async def compare(self) -> None:
        """Ask the others, and follow what two agree on."""
        apart = {name: ms for name, ms in zip(self._others, await self._ask_all(), strict=True) if ms is not None}
        if any(abs(ms) <= TOLERANCE_MS for ms in apart.values()):
            self._follow(0, apart)
            return
        for one, other in itertools.combinations(apart.values(), 2):
            if abs(one - other) <= TOLERANCE_MS:
                self._follow(round(statistics.mean((one, other))), apart)
                return
        if apart:
            log.warning("clocks_disagree", others_ahead_ms=apart)

    def _follow(self, off_ms: int, apart: Mapping[str, int]) -> None:
        self._base = self._wall() - self._monotonic() + off_ms * 1_000_000
        if abs(off_ms - self._off) > TOLERANCE_MS:
            told = log.error if off_ms else log.info
            told("clock_wrong" if off_ms else "clock_right_again", others_ahead_ms=apart)
        self._off = off_ms

    async def _ask_all(self) -> list[int | None]:
        return await asyncio.gather(*(self._ask(read) for read in self._others.values()))

    async def _ask(self, read: Reading) -> int | None:
        """By how many milliseconds the other clock is ahead of the machine's; None when it cannot be said."""
        asked = self._monotonic()
        try:
            async with asyncio.timeout(1.0):
                said = await read()
        except Exception:  # noqa: BLE001 - whatever it is: this clock is not there at this moment
            return None
        took = (self._monotonic() - asked) // 1_000_000
        if took > TOLERANCE_MS // 2:
            return None  # a busy moment: nobody knows when in it the clock was read
        return said + took // 2 - self._wall() // 1_000_000

    @contextlib.asynccontextmanager
    async def compared(self, every: float = EVERY_SECONDS) -> AsyncIterator[AgreedClock]:
        """Compare now, and then every so many seconds within the block."""
        await self.compare()
        task = asyncio.create_task(self._run(every))
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            await self.compare()
