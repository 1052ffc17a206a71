"""Best available: side by side, near the centre of the grade, no lone seat left where that can be."""

from __future__ import annotations

import random
from math import hypot

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rooms.catalog.plans import plan, reserved, row
from ticketing.catalog.index import PlanIndex, SectionRange
from ticketing.holds.choose import CANDIDATES, best_groups

FREE, TAKEN = ord("0"), ord("3")


def one_section(*lengths: int, **more: object) -> tuple[PlanIndex, SectionRange]:
    """Rows of these lengths, ten units apart in both directions."""
    rows = (row(str(i + 1), "R", length, y=10.0 * (i + 1)) for i, length in enumerate(lengths))
    index = PlanIndex(plan(reserved("A", *rows)))
    return index, index.sections[0]


def lone_seats(index: PlanIndex, section: SectionRange, seats: bytes) -> set[int]:
    """Free seats with no free neighbour, found the slow way."""
    found = set()
    for run in index.runs(section):
        for at in range(run.first, run.first + run.count):
            free = seats[at - section.first] == FREE
            left = at > run.first and seats[at - 1 - section.first] == FREE
            right = at + 1 < run.first + run.count and seats[at + 1 - section.first] == FREE
            if free and not left and not right:
                found.add(at)
    return found


def after(seats: bytes, section: SectionRange, group: tuple[int, ...]) -> bytes:
    """The section once this group is taken."""
    changed = bytearray(seats)
    for ordinal in group:
        changed[ordinal - section.first] = TAKEN
    return bytes(changed)


def blocks(index: PlanIndex, section: SectionRange, seats: bytes, quantity: int) -> list[tuple[int, ...]]:
    """Every group of neighbours, found the slow way."""
    found = []
    for run in index.runs(section):
        for first in range(run.first, run.first + run.count - quantity + 1):
            group = tuple(range(first, first + quantity))
            if all(seats[ordinal - section.first] == FREE for ordinal in group):
                found.append(group)
    return found


@st.composite
def situations(draw: st.DrawFn) -> tuple[PlanIndex, SectionRange, bytes, int]:
    lengths = draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))
    index, section = one_section(*lengths)
    seats = bytes(draw(st.sampled_from([FREE, FREE, TAKEN, ord("1")])) for _ in range(section.capacity))
    return index, section, seats, draw(st.integers(1, 6))


@given(situations())
@settings(max_examples=400, deadline=None)
def test_every_group_is_free_whole_and_different(situation: tuple[PlanIndex, SectionRange, bytes, int]) -> None:
    index, section, seats, quantity = situation
    groups = best_groups(index, section, seats, quantity)
    assert len(groups) <= CANDIDATES
    assert len(set(groups)) == len(groups)
    for group in groups:
        assert len(set(group)) == len(group) == quantity
        assert all(seats[ordinal - section.first] == FREE for ordinal in group)


@given(situations())
@settings(max_examples=400, deadline=None)
def test_there_is_a_group_whenever_there_are_seats(situation: tuple[PlanIndex, SectionRange, bytes, int]) -> None:
    index, section, seats, quantity = situation
    assert bool(best_groups(index, section, seats, quantity)) == (seats.count(FREE) >= quantity)


@given(situations(), st.integers(0, 5))
@settings(max_examples=400, deadline=None)
def test_neighbours_come_first_and_no_lone_seat_is_left_where_that_can_be(
    situation: tuple[PlanIndex, SectionRange, bytes, int], seed: int
) -> None:
    index, section, seats, quantity = situation
    together = blocks(index, section, seats, quantity)
    for rng in (None, random.Random(seed)):
        groups = best_groups(index, section, seats, quantity, rng)
        if not together:
            assert len(groups) <= 1
            continue
        assert set(groups) <= set(together)
        already = lone_seats(index, section, seats)
        # How many seats each choice would leave alone that are not alone now.
        harm = {group: len(lone_seats(index, section, after(seats, section, group)) - already) for group in together}
        assert harm[groups[0]] == min(harm.values())


@given(situations())
@settings(max_examples=200, deadline=None)
def test_without_a_crowd_the_best_is_the_nearest_to_the_centre_of_its_grade(
    situation: tuple[PlanIndex, SectionRange, bytes, int],
) -> None:
    index, section, seats, quantity = situation
    together = blocks(index, section, seats, quantity)
    if not together:
        return
    already = lone_seats(index, section, seats)
    cx, cy = index.grade_centres["R"]

    def badness(group: tuple[int, ...]) -> tuple[int, float]:
        lone = len(lone_seats(index, section, after(seats, section, group)) - already)
        xs, ys = [index.x[o] for o in group], [index.y[o] for o in group]
        return lone, hypot(sum(xs) / quantity - cx, sum(ys) / quantity - cy)

    best = best_groups(index, section, seats, quantity)[0]
    assert badness(best)[0] == min(badness(group)[0] for group in together)
    assert badness(best)[1] <= min(badness(g)[1] for g in together if badness(g)[0] == badness(best)[0]) + 1e-6


def test_the_middle_of_an_empty_row() -> None:
    index, section = one_section(9)
    assert best_groups(index, section, b"0" * 9, 3)[0] == (3, 4, 5)


def test_two_of_three_leave_one_only_if_they_must() -> None:
    index, section = one_section(3, 4)
    # Two in the row of three would leave a lone seat; the row of four has room for two and two.
    assert best_groups(index, section, b"0" * 7, 2)[0] in {(3, 4), (5, 6)}
    index, section = one_section(3)
    assert best_groups(index, section, b"000", 2)[0] in {(0, 1), (1, 2)}


def test_a_group_that_fits_nowhere_is_split_into_the_fewest_blocks_close_together() -> None:
    index, section = one_section(3, 2, 2, 3)
    (group,) = best_groups(index, section, b"0" * 10, 5)
    # The longest stretch and what is left of it in one more block, not three small ones.
    runs = {next(run.row for run in index.runs(section) if run.first <= o < run.first + run.count) for o in group}
    assert len(group) == 5
    assert len(runs) == 2


def test_wheelchair_places_are_never_given_without_being_asked_for() -> None:
    index = PlanIndex(plan(reserved("A", row("1", "R", 6, accessible=(2, 3)))))
    section = index.sections[0]
    given_out = {
        o for quantity in (1, 2, 4) for group in best_groups(index, section, b"0" * 6, quantity) for o in group
    }
    assert given_out == {0, 1, 4, 5}
    assert best_groups(index, section, b"0" * 6, 5) == []


def test_a_crowd_is_spread_but_stays_near_the_middle() -> None:
    index, section = one_section(30)
    firsts = {best_groups(index, section, b"0" * 30, 2, random.Random(seed))[0] for seed in range(60)}
    assert 3 <= len(firsts) <= 6
    assert all(8 <= group[0] <= 20 for group in firsts)
