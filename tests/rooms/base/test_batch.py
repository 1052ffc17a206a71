"""Shared look-ups: everybody gets their own answer, nobody an old one, and failures stay with their batch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from ticketing.base.batch import Batches


class Shelf:
    """What is looked up in; counts the looks."""

    def __init__(self) -> None:
        self.values = {1: "one", 2: "two"}
        self.looks: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails = False

    async def load(self, keys: Sequence[int]) -> dict[int, str]:
        self.looks.append(list(keys))
        found = {key: self.values[key] for key in keys if key in self.values}
        await self.gate.wait()
        if self.fails:
            raise OSError("away")
        return found


async def test_who_asks_alone_is_answered_alone() -> None:
    shelf = Shelf()
    batches = Batches(shelf.load)
    assert await batches.get(1) == "one"
    assert await batches.get(3) is None
    assert shelf.looks == [[1], [3]]


async def test_a_crowd_shares_looks() -> None:
    shelf = Shelf()
    batches = Batches(shelf.load, most=2)
    answers = await asyncio.gather(*(batches.get(key) for key in (1, 2, 1, 2, 3)))
    assert answers == ["one", "two", "one", "two", None]
    assert shelf.looks == [[1, 2], [3]]


async def test_nobody_gets_an_answer_from_before_they_asked() -> None:
    shelf = Shelf()
    batches = Batches(shelf.load)
    shelf.gate.clear()
    early = asyncio.create_task(batches.get(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    shelf.values[1] = "changed"
    late = asyncio.create_task(batches.get(1))
    await asyncio.sleep(0)
    shelf.gate.set()
    assert (await early, await late) == ("one", "changed")


async def test_a_failure_is_told_to_its_batch_and_forgotten() -> None:
    shelf = Shelf()
    batches = Batches(shelf.load)
    shelf.fails = True
    answers = await asyncio.gather(batches.get(1), batches.get(2), return_exceptions=True)
    assert [type(answer) for answer in answers] == [OSError, OSError]
    shelf.fails = False
    assert await batches.get(1) == "one"


async def test_who_gives_up_takes_nothing_from_the_others() -> None:
    shelf = Shelf()
    batches = Batches(shelf.load)
    shelf.gate.clear()
    gone, patient = (asyncio.create_task(batches.get(1)) for _ in range(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    shelf.gate.set()
    assert await patient == "one"
