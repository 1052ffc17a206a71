"""A value that is loaded again when it is old."""

from __future__ import annotations

import asyncio

import pytest

from ticketing.catalog.refreshed import Refreshed


class Source:
    """Counts its loads; can be slow, or away."""

    def __init__(self) -> None:
        self.loads = 0
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def load(self) -> int:
        self.loads += 1
        number = self.loads
        await self.gate.wait()
        if self.away:
            raise ConnectionError("away")
        return number


class Hands:
    """A monotonic clock moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def source() -> Source:
    return Source()


def refreshed(source: Source, hands: Hands, patience: float = 5.0) -> Refreshed[int]:
    return Refreshed(source.load, ttl=1.0, stale_for=60.0, patience=patience, monotonic=hands)


async def test_a_fresh_value_is_not_loaded_again(source: Source, hands: Hands) -> None:
    value = refreshed(source, hands)
    assert [await value.get() for _ in range(3)] == [1, 1, 1]
    hands.now += 0.99
    assert await value.get() == 1
    hands.now += 0.02
    assert await value.get() == 2


async def test_many_who_ask_at_once_cause_one_load(source: Source, hands: Hands) -> None:
    value = refreshed(source, hands)
    source.gate.clear()
    asking = [asyncio.create_task(value.get()) for _ in range(50)]
    await asyncio.sleep(0)
    source.gate.set()
    assert await asyncio.gather(*asking) == [1] * 50
    assert source.loads == 1


async def test_one_who_gives_up_does_not_stop_the_load_of_the_others(source: Source, hands: Hands) -> None:
    value = refreshed(source, hands)
    source.gate.clear()
    impatient, patient = asyncio.create_task(value.get()), asyncio.create_task(value.get())
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.sleep(0)
    assert impatient.cancelled()
    source.gate.set()
    assert await patient == 1


async def test_while_the_source_is_away_the_old_value_is_given_and_the_source_is_left_in_peace(
    source: Source, hands: Hands
) -> None:
    value = refreshed(source, hands)
    assert await value.get() == 1
    source.away = True
    hands.now += 2
    assert [await value.get() for _ in range(10)] == [1] * 10
    assert source.loads == 2
    hands.now += 1.1
    assert await value.get() == 1
    assert source.loads == 3
    source.away = False
    hands.now += 1.1
    assert await value.get() == 4


async def test_a_value_that_is_too_old_is_not_given(source: Source, hands: Hands) -> None:
    value = refreshed(source, hands)
    await value.get()
    source.away = True
    hands.now += 60
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await value.get()
    assert source.loads == 3


async def test_a_first_load_that_fails_is_tried_again_by_the_next_caller(source: Source, hands: Hands) -> None:
    value = refreshed(source, hands)
    source.away = True
    with pytest.raises(ConnectionError):
        await value.get()
    source.away = False
    assert await value.get() == 2


async def test_a_slow_load_keeps_nobody_who_can_have_the_old_value(source: Source, hands: Hands) -> None:
    value = refreshed(source, hands, patience=0.01)
    assert await value.get() == 1
    source.gate.clear()
    hands.now += 2
    assert [await value.get() for _ in range(5)] == [1] * 5
    assert source.loads == 2
    source.gate.set()
    await asyncio.sleep(0.01)
    assert await value.get() == 2
    assert source.loads == 2


async def test_closing_stops_a_load(source: Source, hands: Hands) -> None:
    value = refreshed(source, hands)
    await value.close()
    source.gate.clear()
    asking = asyncio.create_task(value.get())
    await asyncio.sleep(0)
    await value.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
