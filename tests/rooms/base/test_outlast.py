"""A store that comes back within seconds costs nobody an error; one that stays away, or a crowd, is answered."""

from __future__ import annotations

import asyncio
import time

import pytest

from ticketing.base.errors import Conflict, Unavailable
from ticketing.base.outlast import AT_ONCE, Outlast


class Store:
    """Away for so many tries."""

    def __init__(self, away: int, error: Exception | None = None) -> None:
        self.away = away
        self.asked = 0
        self._error = error or Unavailable("away")

    async def ask(self) -> str:
        self.asked += 1
        if self.asked <= self.away:
            raise self._error
        return "here"


async def test_a_store_that_comes_back_is_waited_for() -> None:
    store = Store(3)
    assert await Outlast(2, pause=0.01)(store.ask) == "here"
    assert store.asked == 4


async def test_control_without_waiting_the_first_answer_stands() -> None:
    store = Store(1)
    with pytest.raises(Unavailable):
        await AT_ONCE(store.ask)
    assert store.asked == 1


async def test_a_store_that_stays_away_is_given_up_in_time() -> None:
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await Outlast(0.2, pause=0.02)(Store(10**6).ask)
    assert time.monotonic() - began < 1


async def test_the_last_try_comes_when_the_time_is_over() -> None:
    """What comes back shortly before the end is not missed for a pause that reaches beyond it."""
    began = time.monotonic()

    async def ask() -> str:
        if time.monotonic() - began < 0.28:
            raise Unavailable("away")
        return "here"

    assert await Outlast(0.3, pause=0.2)(ask) == "here"


async def test_refusals_are_not_asked_again() -> None:
    store = Store(1, Conflict("seats_taken", "Somebody was faster."))
    with pytest.raises(Conflict):
        await Outlast(2, pause=0.01)(store.ask)
    assert store.asked == 1


async def test_who_waits_is_not_sent_away_for_somebody_who_comes_later() -> None:
    outlast, store = Outlast(0.5, most=1, pause=0.02), Store(10)
    first = asyncio.create_task(outlast(store.ask))
    await asyncio.sleep(0.03)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await outlast(Store(10**6).ask)
        await asyncio.sleep(0.01)
    assert await first == "here"


async def test_a_crowd_is_sent_away() -> None:
    outlast, store = Outlast(1, most=5, pause=0.1), Store(10**6)
    began = time.monotonic()
    asked = [asyncio.create_task(outlast(store.ask)) for _ in range(100)]
    done, waiting = await asyncio.wait(asked, timeout=0.05)
    assert (len(done), len(waiting)) == (95, 5)
    assert time.monotonic() - began < 1
    await asyncio.gather(*asked, return_exceptions=True)
