"""After a loss nobody waits behind places that nobody holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rooms.waiting.line_bench import LOBBY_MS, Bench, step
from ticketing.waiting import controller
from ticketing.waiting.controls import Change
from ticketing.waiting.holes import MOST_RANGES, Gaps, between, positions_of, read_ranges, step_over, write_ranges


def test_gaps_are_what_lies_between() -> None:
    gaps = Gaps()
    gaps.held([2, 3])
    gaps.held([7])
    gaps.upto(9)
    gaps.upto(9)
    assert gaps.ranges == [(1, 1), (4, 6), (8, 9)]
    assert read_ranges(write_ranges(gaps.ranges)) == gaps.ranges
    assert read_ranges(write_ranges([])) == []


def test_of_too_many_gaps_the_widest_are_kept_in_order() -> None:
    ranges = [(10 * n, 10 * n + n % 7) for n in range(1, 400)]
    kept = read_ranges(write_ranges(ranges))
    assert len(kept) == MOST_RANGES
    assert kept == sorted(kept)
    assert min(last - first for first, last in kept) >= 3


def test_people_are_called_and_holes_are_not_counted() -> None:
    holes = [3, 4, 5, 9]
    assert between(holes, 2, 5) == 3
    assert between(holes, 5, 8) == 0
    assert step_over(holes, 0, 2) == 2
    assert step_over(holes, 2, 1) == 6
    assert step_over(holes, 0, 6) == 10
    assert step_over([], 7, 3) == 10


async def tick(bench: Bench) -> None:
    """A second passes, and the leader acts."""
    bench.clock.advance(1)
    await step(bench.leader)


async def waiting_behind_a_loss(bench: Bench, *, in_lobby: bool) -> list[str]:
    """Six people in two groups, with thousands of places between them that nobody holds."""
    people = [f"acc_{number}" for number in range(6)]
    await step(bench.candidate())
    await bench.controls.change(bench.event.id, "acc_p", Change(cap=2, rate_limit=1000))
    for person in people[:3]:
        await bench.join(person)
    if not in_lobby:
        bench.clock.advance(LOBBY_MS / 1000)
    await tick(bench)
    await bench.valkey.execute("FLUSHALL")
    await tick(bench)
    for person in people[3:]:
        assert (await bench.join(person)).place.index > 1000
    if in_lobby:
        bench.clock.advance(LOBBY_MS / 1000)
    return people


async def seconds_until_all_were_in(bench: Bench, people: list[str], most: int) -> int:
    """Everybody comes when called and goes at once."""
    waiting = set(people)
    for second in range(most):
        await tick(bench)
        serving = (await bench.line()).serving
        for person in sorted(waiting):
            place = await bench.api.joins.place(bench.event.id, person)
            if place.position is not None and place.position <= serving:
                await bench.claim(person)
                await bench.leave(person)
                waiting.discard(person)
        if not waiting:
            return second
    return most


@pytest.mark.parametrize("in_lobby", [True, False])
async def test_nobody_waits_behind_places_that_nobody_holds(bench: Bench, in_lobby: bool) -> None:
    people = await waiting_behind_a_loss(bench, in_lobby=in_lobby)
    assert await seconds_until_all_were_in(bench, people, 60) < 60


@pytest.mark.parametrize("in_lobby", [True, False])
async def test_control_without_stepping_over_they_wait(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, in_lobby: bool
) -> None:
    monkeypatch.setattr(controller, "read_ranges", lambda _: [])
    people = await waiting_behind_a_loss(bench, in_lobby=in_lobby)
    assert await seconds_until_all_were_in(bench, people, 60) == 60


async def test_before_the_draw_nobody_knows_where_nobody_stands(bench: Bench) -> None:
    await step(bench.candidate())
    line = await bench.line()
    assert positions_of(line, [(1, 3)]) == []
    drawn = replace(line, seed=b"s" * 32, n=10)
    assert len(positions_of(drawn, [(1, 3), (12, 13)])) == 5
    assert positions_of(drawn, [(12, 13)]) == [12, 13]
    assert positions_of(replace(drawn, n=0), [(1, 3)]) == [1, 2, 3]


async def test_a_line_that_nobody_waited_for_goes_on_after_a_loss(bench: Bench) -> None:
    await step(bench.candidate())
    await bench.controls.change(bench.event.id, "acc_p", Change(cap=2, rate_limit=1000))
    bench.clock.advance(LOBBY_MS / 1000)
    await tick(bench)
    await bench.join("acc_early")
    await tick(bench)
    await bench.valkey.execute("FLUSHALL")
    await tick(bench)
    await bench.join("acc_late")
    assert await seconds_until_all_were_in(bench, ["acc_early", "acc_late"], 60) < 60
