"""A timeout that a busy process does not take for a silent server.

When the event loop is held up for seconds, timers ring before it looks at its sockets: an answer that has long arrived
counts as missing. In a rush that is the worst moment to believe a store away, since doing without it costs more. Here
patience is counted in ticks of the loop: whatever held the loop up between two of them counts as one.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

TICKS = 4


class Patience:
    """Raises TimeoutError within its block when so many seconds pass, in a loop that is not held up; good for one use.

    Every batch that goes to Valkey has one. So it leaves no cycle behind: a thousand a second of those, and the
    collector that clears them away holds the loop up for 30 to 70 ms at a time.
    """

    __slots__ = ("_left", "_limit", "_seconds", "_timer")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._left = TICKS
        self._limit: asyncio.Timeout | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        limit = asyncio.timeout(None)
        await limit.__aenter__()
        self._limit = limit
        self._wind_up()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        limit, self._limit = self._limit, None
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        if limit is not None:
            await limit.__aexit__(kind, error, trace)

    def _wind_up(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._seconds / TICKS, self._tick)

    def _tick(self) -> None:
        self._left -= 1
        if self._left > 0:
            self._wind_up()
        elif self._limit is not None:
            self._limit.reschedule(asyncio.get_running_loop().time())
