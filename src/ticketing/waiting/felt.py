"""How long holds take, as API processes feel it: each tells the leader, once a second, while there are any."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time

import structlog

from ticketing.base import metrics
from ticketing.base.clock import Clock
from ticketing.base.valkey import Valkey, ValkeyAway

log = structlog.get_logger(__name__)

_KEY = "w:felt"
_FRESH_MS = 5_000
_EVERY_SECONDS = 1.0


class Felt:
    """Collects durations of one process and tells their p95; reads the worst of all processes."""

    def __init__(self, valkey: Valkey, clock: Clock) -> None:
        self._valkey = valkey
        self._clock = clock
        self._name = secrets.token_hex(4)
        self._durations: list[float] = []

    @contextlib.contextmanager
    def measured(self):  # type: ignore[no-untyped-def]
        """Measure what happens within."""
        began = time.perf_counter()
        try:
            yield
        finally:
            took = (time.perf_counter() - began) * 1000
            metrics.holds_latency.record(took)
            if len(self._durations) < 10_000:
                self._durations.append(took)

    async def run(self, stop: asyncio.Event) -> None:
        """Tell the leader until `stop`."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _EVERY_SECONDS)
            durations, self._durations = sorted(self._durations), []
            if durations:
                p95 = durations[int(len(durations) * 0.95)] if len(durations) > 1 else durations[0]
                try:
                    text = f"{p95:.1f}:{self._clock.now_ms()}"
                    await self._valkey.execute("HSET", _KEY, self._name, text)
                    await self._valkey.execute("PEXPIRE", _KEY, 60_000)
                except ValkeyAway:
                    continue
                except Exception:
                    log.exception("felt_not_told")

    async def worst(self) -> float | None:
        """The highest p95 (ms) of the last seconds; None when nobody held anything. Raises ValkeyAway."""
        found = await self._valkey.execute("HVALS", _KEY)
        now = self._clock.now_ms()
        fresh = [
            float(p95) for p95, _, at in (value.decode().partition(":") for value in found) if now - int(at) < _FRESH_MS
        ]
        return max(fresh, default=None)
