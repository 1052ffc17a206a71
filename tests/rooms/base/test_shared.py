"""One look for all who ask at the same time."""

from __future__ import annotations

import asyncio
import gc

import pytest

from ticketing.base.shared import SharedLooks


class Window:
    """A look that ends when told, and counts."""

    def __init__(self) -> None:
        self.begun = 0
        self.open = asyncio.Event()

    async def look(self) -> int:
        self.begun += 1
        seen = self.begun
        await self.open.wait()
        return seen


async def test_those_who_ask_at_the_same_time_share_a_look_and_go_on_in_one_turn() -> None:
    looks, window = SharedLooks[int](), Window()
    asked = [asyncio.create_task(looks.get("a", window.look)) for _ in range(1_000)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    window.open.set()
    for _ in range(10):  # far fewer turns of the loop than there are who wait: no convoy
        await asyncio.sleep(0)
    assert [task.done() for task in asked] == [True] * 1_000
    assert {task.result() for task in asked} == {1}


async def test_keys_do_not_wait_for_each_other() -> None:
    looks, slow, fast = SharedLooks[int](), Window(), Window()
    fast.open.set()
    waiting = asyncio.create_task(looks.get("a", slow.look))
    assert await asyncio.wait_for(looks.get("b", fast.look), 1) == 1
    assert not waiting.done()
    slow.open.set()
    assert await waiting == 1


async def test_a_look_that_has_ended_counts_for_nothing() -> None:
    looks, window = SharedLooks[int](), Window()
    window.open.set()
    assert [await looks.get("a", window.look) for _ in range(3)] == [1, 2, 3]


async def test_who_gives_up_stops_it_for_nobody() -> None:
    looks, window = SharedLooks[int](), Window()
    first = asyncio.create_task(looks.get("a", window.look))
    second = asyncio.create_task(looks.get("a", window.look))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    window.open.set()
    assert await second == 1
    assert window.begun == 1


async def test_an_error_is_told_to_all_and_not_kept() -> None:
    looks = SharedLooks[int]()

    async def fail() -> int:
        await asyncio.sleep(0)
        raise RuntimeError("no")

    told = await asyncio.gather(*(looks.get("a", fail) for _ in range(3)), return_exceptions=True)
    assert [str(error) for error in told] == ["no"] * 3

    async def well() -> int:
        return 7

    assert await looks.get("a", well) == 7


async def test_an_error_that_nobody_waits_for_is_nobodys(caplog: pytest.LogCaptureFixture) -> None:
    looks = SharedLooks[int]()
    go = asyncio.Event()

    async def fail() -> int:
        await go.wait()
        raise RuntimeError("no")

    asked = asyncio.create_task(looks.get("a", fail))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.sleep(0)
    go.set()
    for _ in range(5):
        await asyncio.sleep(0)
    gc.collect()
    assert "never retrieved" not in caplog.text
