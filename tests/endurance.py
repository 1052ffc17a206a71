"""What a loop that must not end is put through, and whether it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from structlog.testing import capture_logs

from tests.people import eventually
from ticketing.base.valkey import Valkey


class Loop:
    """A loop that runs."""

    def __init__(self, run: Callable[[asyncio.Event], Awaitable[None]]) -> None:
        self.logged: set[str] = set()
        """What it has said."""
        self._stop = asyncio.Event()
        self._task = asyncio.ensure_future(run(self._stop))

    async def until(self, check: Callable[[], Awaitable[bool]]) -> None:
        """Wait for what must come true while it runs. When it has ended instead, fail with what ended it."""

        async def true_yet() -> bool:
            if self._task.done():
                self._task.result()
                raise AssertionError("the loop has ended")
            return await check()

        await eventually(true_yet)

    async def stop(self) -> None:
        """Let it end."""
        self._stop.set()
        await asyncio.wait([self._task])


@asynccontextmanager
async def going(run: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[Loop]:
    """Runs a loop until the end of the block."""
    # Kept instead of printed: a traceback with all that was known on the way takes a second.
    with capture_logs() as said:
        loop = Loop(run)
        try:
            yield loop
        finally:
            await loop.stop()
            loop.logged |= {str(entry["event"]) for entry in said}


@asynccontextmanager
async def full(valkey: Valkey) -> AsyncIterator[None]:
    """The server has no memory left. Only for servers of one's own."""
    await valkey.execute("CONFIG", "SET", "maxmemory", "1")
    try:
        yield
    finally:
        await valkey.execute("CONFIG", "SET", "maxmemory", "0")


async def refusals(valkey: Valkey, code: str) -> int:
    """How many errors of this code the server has answered with."""
    stats = (await valkey.execute("INFO", "errorstats")).decode()
    line = next((line for line in stats.splitlines() if line.startswith(f"errorstat_{code}:")), ":count=0")
    return int(line.partition("count=")[2])
