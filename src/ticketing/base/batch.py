"""Many who ask at once share one look: what a database does for a hundred keys costs little more than for one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Batches(Generic[K, V]):
    """Looks keys up in batches, one batch at a time. Who asks while a batch is under way is in the next one, so that
    nobody is told what was true before they asked; and who asks alone waits for nobody.

    Args:
        load: gives the values of some keys; those that it leaves out do not exist. Its errors reach the whole batch.
        most: keys in one batch.
    """

    def __init__(self, load: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]], *, most: int = 1000) -> None:
        self._load = load
        self._most = most
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._running: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V | None:
        """The value of a key, None when there is none. Raises what `load` raises."""
        future = self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        # Whoever gives up waiting must not take the answer from the others.
        return await asyncio.shield(future)

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = dict(list(self._waiting.items())[: self._most])
                for key in batch:
                    del self._waiting[key]
                await self._answer(batch)
        finally:
            self._running = None

    async def _answer(self, batch: Mapping[K, asyncio.Future[V | None]]) -> None:
        try:
            found = await self._load(list(batch))
        except asyncio.CancelledError:
            for future in batch.values():
                future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - told to everybody who asked
            for future in batch.values():
                if not future.done():
                    future.set_exception(error)
                    future.exception()  # whoever asked may be gone: nothing is left unheard
        else:
            for key, future in batch.items():
                if not future.done():
                    future.set_result(found.get(key))
