"""What the leader does each second: phases, whom it calls, pause, sold out, trouble of one event or of a store."""

from __future__ import annotations

import pytest

from tests.rooms.waiting.line_bench import DAY, LOBBY_MS, PLENTY, Bench, step
from ticketing.base.errors import Conflict
from ticketing.waiting.controls import Change
from ticketing.waiting.model import RESERVATION_MS, Phase, Signs, Stock


async def tick(bench: Bench, *, seconds: float = 1) -> int:
    """Time passes, and the leader acts; gives `serving`."""
    bench.clock.advance(seconds)
    await step(bench.leader)
    return (await bench.line()).serving


async def draw(bench: Bench, people: int = 8) -> None:
    """A line of so many, just drawn."""
    await step(bench.candidate())
    for number in range(people):
        await bench.join(f"acc_{number}")
    await tick(bench, seconds=LOBBY_MS / 1000)


async def test_a_line_goes_through_its_phases(bench: Bench) -> None:
    leader = bench.candidate()
    bench.clock.advance(-2 * 3600)
    seen = []
    for seconds in (0, 2 * 3600, LOBBY_MS / 1000, 1):
        bench.clock.advance(seconds)
        for _ in range(10):
            await step(leader)
        seen.append((await bench.line()).phase)
    bench.stock = Stock((0,), 0, (5,))
    await tick(bench)
    seen.append((await bench.line()).phase)
    bench.stock = Stock((0,), 1, (5,))
    await tick(bench)
    seen.append((await bench.line()).phase)
    await tick(bench, seconds=60 * DAY / 1000)
    seen.append((await bench.line()).phase)
    assert seen == [
        Phase.ANNOUNCED, Phase.LOBBY, Phase.OPEN, Phase.OPEN, Phase.SOLD_OUT, Phase.OPEN, Phase.CLOSED,
    ]  # fmt: skip
    assert (await bench.meta())["phase"] == "closed"


async def test_as_many_are_called_as_there_are_slots_and_no_more(bench: Bench) -> None:
    await draw(bench)
    for _ in range(10):
        assert await tick(bench) <= 3
    assert (await bench.line()).serving == 3


async def test_who_does_not_come_is_passed_over_after_the_reservation(bench: Bench) -> None:
    await draw(bench)
    for _ in range(3):
        await tick(bench)
    assert (await bench.line()).serving == 3
    assert await tick(bench, seconds=RESERVATION_MS / 1000) > 3


async def test_filling_the_empty_house_is_not_the_pace_of_the_line(bench: Bench) -> None:
    """Else ten thousand would look again at once, because a wait of an hour seemed to be one of seconds."""
    await draw(bench)
    for _ in range(3):
        await tick(bench)
    filled = await bench.census(fence=1)
    assert (filled.serving, filled.moved) == (3, 0)
    serving = await tick(bench, seconds=RESERVATION_MS / 1000)
    assert (await bench.census(fence=1)).moved == serving - 3 > 0


async def test_a_line_that_stood_still_for_long_goes_on(bench: Bench) -> None:
    """Once it forgot what it had called when nothing was called for three minutes, and never moved again."""
    await draw(bench)
    for _ in range(3):
        await tick(bench)
    await bench.controls.change(bench.event.id, "acc_p", Change(paused=True))
    for _ in range(30):
        await tick(bench, seconds=20)
    stood = await bench.census(fence=9)
    assert (stood.serving, stood.unclaimed, stood.moved) == (3, 0, 0)


async def test_nobody_is_called_during_a_pause(bench: Bench) -> None:
    await draw(bench)
    await bench.controls.change(bench.event.id, "acc_p", Change(paused=True))
    before = await tick(bench)
    for _ in range(5):
        assert await tick(bench, seconds=20) == before
    await bench.controls.change(bench.event.id, "acc_p", Change(paused=False))
    await tick(bench)
    assert await tick(bench) > before


async def test_a_cap_of_nought_calls_nobody(bench: Bench) -> None:
    await bench.controls.change(bench.event.id, "acc_p", Change(cap=0))
    await draw(bench)
    for _ in range(5):
        assert await tick(bench, seconds=20) == 0


async def test_no_more_are_called_than_seats_can_be_had(bench: Bench) -> None:
    bench.stock = Stock((1,), 0, (5,))
    await bench.controls.change(bench.event.id, "acc_p", Change(cap=100))
    await draw(bench)
    for _ in range(5):
        assert await tick(bench) <= 2


async def test_a_sale_in_pain_lets_in_fewer(bench: Bench) -> None:
    await bench.controls.change(bench.event.id, "acc_p", Change(cap=1000, rate_limit=6000))
    bench.signs = Signs(hold_ms=5_000)
    await draw(bench, 3)
    for _ in range(5):
        await tick(bench)
    assert float((await bench.meta())["health"]) == pytest.approx(0.05)
    bench.signs = Signs(hold_ms=5)
    for _ in range(4):
        await tick(bench)
    assert float((await bench.meta())["health"]) == pytest.approx(0.25)


async def test_stock_that_nobody_knows_stops_nothing(bench: Bench) -> None:
    bench.stock = None
    await draw(bench)
    for _ in range(3):
        await tick(bench)
    assert (await bench.line()).serving == 3


async def test_sold_out_calls_nobody_and_seats_that_come_back_do(bench: Bench) -> None:
    await draw(bench)
    bench.stock = Stock((0,), 0, (5,))
    before = await tick(bench)
    assert await tick(bench, seconds=30) == before
    bench.stock = PLENTY
    await tick(bench)
    assert await tick(bench) > before


async def test_a_draining_line_still_lets_in_who_waits(bench: Bench) -> None:
    await draw(bench)
    await bench.controls.change(bench.event.id, "acc_p", Change(draining=True))
    for _ in range(3):
        await tick(bench)
    assert (await bench.line()).serving == 3
    with pytest.raises(Conflict):
        await bench.join("acc_new")


async def test_while_the_database_is_away_nothing_is_decided_and_the_status_lives(bench: Bench) -> None:
    await draw(bench)
    before = await tick(bench)
    bench.db.away = True
    bench.clock.advance(30)
    await step(bench.leader)
    status = await bench.api.store.status(bench.event.id)
    assert status is not None
    assert f'"serving":{before}'.encode() in status
    assert bench.now // 1000 % 60 == int(status.split(b'"at":"')[1][17:19])
    bench.db.away = False
    await tick(bench)
    assert await tick(bench) > before


@pytest.mark.parametrize("point", ["line:frozen", "line:drawn", "line:decided", "line:tick"])
async def test_the_next_leader_ends_what_a_dead_one_began(bench: Bench, point: str) -> None:
    await step(bench.candidate())
    people = [f"acc_{number}" for number in range(4)]
    for person in people:
        await bench.join(person)
    standby = bench.candidate()
    await step(standby)
    bench.clock.advance(LOBBY_MS / 1000)
    bench.crash_at = point
    await step(standby)
    for _ in range(5):
        bench.clock.advance(1)
        await step(standby)
    assert not bench.crash_at
    line = await bench.line()
    assert (line.phase, line.n, line.serving) == (Phase.OPEN, 4, 3)
    places = {person: (await bench.api.joins.place(bench.event.id, person)).position for person in people}
    assert sorted(place or 0 for place in places.values()) == [1, 2, 3, 4]
