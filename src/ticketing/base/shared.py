"""Those who ask for one thing at the same time share one look at it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SharedLooks(Generic[T]):
    """One look a key at a time, and all who wait go on at once.

    By a lock they would go on one by one, a turn of the loop each: in a rush turns are long, and thousands would stand
    in a convoy until they gave up. Who asks while a look is under way gets what it finds; `Batches` is for those who
    must not be told what was true before they asked.
    """

    def __init__(self) -> None:
        self._looks: dict[str, asyncio.Task[T]] = {}

    async def get(self, key: str, look: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the look that is under way finds, or a new one. Raises what it raises; giving up stops it for nobody."""
        task = self._looks.get(key)
        # One that has ended counts for nothing: in a busy process much runs before the loop gets to its callbacks.
        if task is None or task.done():
            task = self._looks[key] = asyncio.create_task(look())
            task.add_done_callback(lambda ended: self._ended(key, ended))
        return await asyncio.shield(task)

    def _ended(self, key: str, task: asyncio.Task[T]) -> None:
        if self._looks.get(key) is task:
            del self._looks[key]
        if not task.cancelled():
            task.exception()  # told to those who wait; without any it is nobody's
