"""What the leader cannot read, it does not tell."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ticketing.admin.gauges import Gauges
from ticketing.base import metrics


async def told(gauges: Gauges, rounds: int) -> dict[Any, float]:
    """What the gauges show after so many rounds."""
    stop = asyncio.Event()
    task = asyncio.create_task(gauges.run(stop, every_seconds=0.001))
    for _ in range(rounds):
        await asyncio.sleep(0.005)
    shown = dict(metrics._levels)
    stop.set()
    await task
    return shown


@pytest.mark.parametrize("breaks", [True, False])
async def test_a_reading_that_breaks_leaves_no_old_figure(monkeypatch: pytest.MonkeyPatch, breaks: bool) -> None:
    calls = 0

    async def read(_: Gauges) -> dict[tuple[str, str], float]:
        nonlocal calls
        calls += 1
        if breaks and calls > 1:
            raise KeyError("surprise")
        return {("seats.free", ""): 42.0}

    monkeypatch.setattr(Gauges, "read", read)
    gauges = Gauges(*[None] * 6, leading=lambda: True)  # type: ignore[arg-type]
    assert await told(gauges, 10) == ({} if breaks else {("seats.free", ""): 42.0})
    assert metrics._levels == {}
