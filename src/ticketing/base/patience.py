"""A timeout that a busy process does not take for a silent server.

When the event loop is held up for seconds, timers ring before it looks at its sockets: an answer that has long arrived
counts as missing. In a rush that is the worst moment to believe a store away, since doing without it costs more. Here
patience is counted in ticks of the loop: whatever held the loop up between two of them counts as one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

TICKS = 4


@contextlib.asynccontextmanager
async def patience(seconds: float) -> AsyncIterator[None]:
    """Raise TimeoutError within the block when so much time passes, in a loop that is not held up."""
    loop = asyncio.get_running_loop()
    left = TICKS
    timer: asyncio.TimerHandle | None = None

    async with asyncio.timeout(None) as limit:

        def wind_up() -> None:
            nonlocal timer
            timer = loop.call_later(seconds / TICKS, tick)

        def tick() -> None:
            nonlocal left
            left -= 1
            if left > 0:
                wind_up()
            else:
                limit.reschedule(loop.time())

        wind_up()
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()
