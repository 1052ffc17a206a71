"""Waiting out a store that changes hands.

A fail-over takes two or three seconds. Who asks meanwhile is answered a little later rather than sent away with "try
again in a second": that is what they would do. A crowd is sent away all the same, since all of them waiting here would
ask the store that comes back at the same moment.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ticketing.base.errors import Unavailable

T = TypeVar("T")


class Outlast:
    """Asks again while the answer is Unavailable; what is asked must be safe to repeat.

    Args:
        seconds: after which it is asked for the last time; pages give up after 8 or 12. 0: at once.
        most: who may wait at the same time. One object serves a whole process, or it would be so many for each.
        pause: seconds between two tries, more or less.
    """

    def __init__(self, seconds: float = 4.75, *, most: int = 200, pause: float = 0.25) -> None:
        self._seconds = seconds
        self._most = most
        self._pause = pause
        self._waiting = 0

    async def __call__(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer. Raises what `ask` raises."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._seconds
        try:
            return await ask()
        except Unavailable:
            if self._waiting >= self._most or self._seconds <= 0:
                raise
        # The room is kept until the end: whoever has waited for long is not sent away for somebody who comes now.
        self._waiting += 1
        try:
            while True:
                pause = self._pause * (0.7 + 0.6 * random.random())  # noqa: S311 - jitter, not a secret
                await asyncio.sleep(min(pause, max(0.0, until - loop.time())))
                try:
                    return await ask()
                except Unavailable:
                    if loop.time() >= until:
                        raise
        finally:
            self._waiting -= 1


AT_ONCE = Outlast(0)
"""Waits for nothing."""
