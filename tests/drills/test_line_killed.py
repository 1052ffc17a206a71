"""The accidents that matter most, in one sale with a waiting line; each alone, and more of them, in `line_drills`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.drills.line_drills import WORKERS, LineSite, api_killed, flush, judge, leader_killed, line_site, workers
from tests.drills.line_people import Sale, hold_sale, line_at
from tests.drills.site import NothingHappened

__all__ = ["line_site"]
pytestmark = pytest.mark.slow
ACCIDENTS: tuple[Callable[[Sale], Awaitable[Any]], ...] = (flush, leader_killed, api_killed)
PEOPLE = 240
BETWEEN = 40
"""So many come in between two accidents: each meets a line that works."""


class OneAfterAnother:
    """Accidents with a working line between them; `spans`: when each happened."""

    def __init__(self, spans: list[tuple[float, float]]) -> None:
        self.spans = spans

    async def __call__(self, sale: Sale) -> None:
        for number, accident in enumerate(ACCIDENTS):
            if number:
                await self._come_in(sale, sale.inside() + BETWEEN)
            began = time.monotonic()
            await accident(sale)
            self.spans.append((began, time.monotonic()))
        if sale.inside() == len(sale.people):
            raise NothingHappened("all were in before the last accident")

    async def _come_in(self, sale: Sale, count: int) -> None:
        while sale.inside() < count:
            await asyncio.sleep(0.1)


async def test_a_sale_goes_on_through_a_loss_and_two_deaths(line_site: LineSite, tmp_path: Path) -> None:
    workers(line_site, *WORKERS)
    spans: list[tuple[float, float]] = []
    async with line_at(line_site, PEOPLE, 9.0) as sale:
        began, _ = await hold_sale(sale, OneAfterAnother(spans), after=BETWEEN, patience=300)
        assert began, sale.last_told()
        assert len(spans) == len(ACCIDENTS)
        await judge(sale, spans, tmp_path)
