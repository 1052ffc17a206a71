"""A process that alone does not reach a store knows it; where all have lost it, none thinks itself alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from tests.contract.database_fixtures import Place
from tests.endurance import going
from ticketing.base import peers as module
from ticketing.base.db import DatabaseAway
from ticketing.base.peers import Peers, sightings

MARGIN = 0.2


class Way:
    """The way of one process to the store."""

    def __init__(self) -> None:
        self.open = True

    async def ping(self) -> None:
        if not self.open:
            raise ConnectionError("no way")


Made = tuple[Peers, Way]


@pytest.fixture
def process(books: Place, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Made]:
    """Makes processes; time passes five times as fast."""
    monkeypatch.setattr(module, "WRITE_MS", 50)
    monkeypatch.setattr(module, "MARGIN_MS", int(MARGIN * 1000))

    def make() -> Made:
        way = Way()
        return Peers(books.connect(), "valkey", way.ping), way

    return make


async def look(*all_of_them: Peers, seconds: float) -> None:
    """All look, again and again, for some seconds."""
    async with asyncio.timeout(30):
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            await asyncio.gather(*(one.look() for one in all_of_them))
            await asyncio.sleep(0.06)


async def test_whoever_is_cut_off_knows_it_until_the_way_is_open_again(process: Callable[[], Made]) -> None:
    (mine, way), (other, _), (third, _) = process(), process(), process()
    await look(mine, other, third, seconds=0.3)
    assert not mine.alone
    way.open = False
    await look(mine, other, third, seconds=MARGIN * 4)
    assert (mine.alone, other.alone, third.alone) == (True, False, False)
    way.open = True
    await mine.look()
    assert not mine.alone


async def test_where_all_have_lost_it_nobody_is_alone(process: Callable[[], Made]) -> None:
    (mine, way), (other, other_way) = process(), process()
    await look(mine, other, seconds=0.3)
    way.open = other_way.open = False
    for _ in range(5):
        await look(mine, other, seconds=MARGIN)
        assert (mine.alone, other.alone) == (False, False)


async def _last_word(process: Callable[[], Made]) -> bool:
    """The other still reaches the store for a moment after this one has lost it, and then no more."""
    (mine, way), (other, other_way) = process(), process()
    await look(mine, other, seconds=0.3)
    way.open = False
    await mine.look()
    await asyncio.sleep(0.06)
    await other.look()
    other_way.open = False
    await mine.look()
    return mine.alone


async def test_what_was_under_way_when_it_was_lost_proves_nothing(process: Callable[[], Made]) -> None:
    assert not await _last_word(process)


async def test_control_without_the_margin_it_would(
    process: Callable[[], Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MARGIN_MS", 0)
    assert await _last_word(process)


async def test_what_others_saw_long_ago_proves_nothing(
    process: Callable[[], Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRESH_MS", 300)
    (mine, way), (other, other_way) = process(), process()
    way.open = False
    await look(mine, other, seconds=MARGIN * 3)
    assert mine.alone
    other_way.open = False
    await look(mine, seconds=0.5)
    assert not mine.alone


async def test_ones_own_sighting_proves_nothing(process: Callable[[], Made]) -> None:
    mine, way = process()
    await look(mine, seconds=0.2)
    way.open = False
    await look(mine, seconds=MARGIN * 3)
    assert not mine.alone


async def test_many_write_one_row(process: Callable[[], Made], books: Place) -> None:
    many = [process()[0] for _ in range(8)]
    await look(*many, seconds=0.4)
    async with books.connect().read() as conn:
        rows = (await conn.execute(select(func.count()).select_from(sightings))).scalar_one()
    assert rows == 1


async def test_without_the_books_nobody_thinks_itself_alone(
    process: Callable[[], Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    (mine, way), (other, _) = process(), process()
    way.open = False
    await look(mine, other, seconds=MARGIN * 3)
    assert mine.alone

    async def away(_: Peers) -> tuple[str, int, int]:
        raise DatabaseAway("gone")

    monkeypatch.setattr(Peers, "_last", away)
    stop = asyncio.Event()
    running = asyncio.create_task(mine.run(stop))
    await asyncio.sleep(0.1)
    assert not mine.alone
    assert not running.done(), "it looks again"
    stop.set()
    await running


async def test_after_an_error_that_nobody_foresaw_it_looks_again_and_thinks_itself_not_alone(
    process: Callable[[], Made], books: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a release is rolled out before its migration: the table is not there yet."""
    monkeypatch.setattr(module, "FAILING_EVERY_SECONDS", 0.1)
    (mine, way), (other, _), staff = process(), process(), books.connect()
    way.open = False

    async def not_alone() -> bool:
        return not mine.alone

    async def alone() -> bool:
        await other.look()
        return mine.alone

    async with going(mine.run) as loop:
        await loop.until(alone)
        async with staff.write() as conn:
            await conn.run_sync(sightings.drop)
        await loop.until(not_alone)
        async with staff.write() as conn:
            await conn.run_sync(sightings.create)
        await loop.until(alone)
    assert "peers_not_asked" in loop.logged


async def test_silent_books_keep_no_process_from_ending(
    process: Callable[[], Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_: Peers) -> tuple[str, int, int]:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(Peers, "_last", silent)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.2)
    (mine, _), stop = process(), asyncio.Event()
    running = asyncio.create_task(mine.run(stop))
    await asyncio.sleep(0.05)
    stop.set()
    async with asyncio.timeout(5):
        await running
