"""A value that is loaded again when it is old: one load at a time, and the old value while the source is away."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Refreshed(Generic[T]):
    """Reads are free while the value is fresh; then one task loads for everyone who asks.

    A load that takes longer than `patience` keeps nobody waiting who can have the old value; one that fails leaves
    the old value in place until it is `stale_for` seconds old. A caller who gives up does not stop the load.
    """

    def __init__(
        self,
        load: Callable[[], Awaitable[T]],
        *,
        ttl: float,
        stale_for: float = 600.0,
        patience: float = 0.25,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make it; all times in seconds."""
        self._load = load
        self._ttl = ttl
        self._stale_for = stale_for
        self._patience = patience
        self._monotonic = monotonic
        self._pause = min(ttl, 1.0)
        self._values: tuple[T, ...] = ()
        self._loaded_at = 0.0
        self._try_again_at = 0.0
        self._error: Exception | None = None
        self._task: asyncio.Task[None] | None = None

    async def get(self) -> T:
        """The value. Raises what the load raised when there is no value that is young enough."""
        now = self._monotonic()
        if self._values and now < self._try_again_at:
            return self._values[0]
        task = self._task
        if task is None or task.done():
            task = self._task = asyncio.create_task(self._refresh())
        usable = bool(self._values) and now - self._loaded_at < self._stale_for
        if usable:
            await asyncio.wait({task}, timeout=self._patience)
            if not task.done():
                # One caller in a while has waited in vain; the next ones need not.
                self._try_again_at = self._monotonic() + self._pause
        else:
            await asyncio.shield(task)
        if self._values and (usable or self._error is None):
            return self._values[0]
        raise self._error or RuntimeError("a load ended without a value")

    async def _refresh(self) -> None:
        try:
            value = await self._load()
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            self._error = error
            now = self._monotonic()
            if now - self._loaded_at < self._stale_for:
                # The source is away: ask it again soon, not on every call.
                self._try_again_at = now + self._pause
        else:
            self._values = (value,)
            self._error = None
            self._loaded_at = self._monotonic()
            self._try_again_at = self._loaded_at + self._ttl

    async def close(self) -> None:
        """Stop a load that is under way."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
