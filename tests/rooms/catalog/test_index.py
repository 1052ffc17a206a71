"""PlanIndex: seat id and ordinal are two names of one place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rooms.catalog.plans import plan, reserved, row, small_hall, standing
from ticketing.catalog.index import PlanIndex, Run
from ticketing.catalog.model import Row, SeatPlan, SectionKind


@st.composite
def plans(draw: st.DrawFn) -> SeatPlan:
    sections = []
    for number in range(draw(st.integers(1, 5))):
        if draw(st.booleans()):
            sections.append(standing(f"S{number}", draw(st.integers(1, 30))))
            continue
        rows = []
        for depth in range(draw(st.integers(1, 4))):
            count = draw(st.integers(1, 9))
            apart = draw(st.sets(st.integers(0, count - 1), max_size=2))
            grade = draw(st.sampled_from(["R", "S"]))
            rows.append(row(str(depth), grade, count, y=10.0 * depth, accessible=tuple(sorted(apart))))
        sections.append(reserved(f"S{number}", *rows))
    return plan(*sections)


@given(plans())
@settings(max_examples=60, deadline=None)
def test_every_place_is_found_by_id_and_by_ordinal(house: SeatPlan) -> None:
    index = PlanIndex(house)
    expected = [seat_id for section in house.sections for seat_id in section.seat_ids()]
    assert list(index.seat_ids) == expected
    assert index.capacity == house.capacity == len(expected)
    for ordinal, seat_id in enumerate(expected):
        assert index.ordinal(seat_id) == ordinal
        place = index.place(ordinal)
        assert (place.ordinal, place.seat_id) == (ordinal, seat_id)
        assert place.grade == index.grade_at(ordinal)
        section = index.section_at(ordinal)
        assert section.id == place.section
        assert section.first <= ordinal < section.end
        row_part = f"{place.row}-" if place.row is not None else ""
        assert seat_id == f"{place.section}-{row_part}{place.number}"


@given(plans())
@settings(max_examples=60, deadline=None)
def test_sections_are_contiguous_and_runs_cover_each_ordinary_seat_once(house: SeatPlan) -> None:
    index = PlanIndex(house)
    at = 0
    for section, original in zip(index.sections, house.sections, strict=True):
        assert (section.first, section.capacity, section.id) == (at, original.capacity, original.id)
        at = section.end
        in_runs = [o for run in index.runs(section) for o in range(run.first, run.first + run.count)]
        ordinary = [o for o in range(section.first, section.end) if o not in index.accessible]
        assert in_runs == ([] if section.kind is SectionKind.STANDING else ordinary)
        for run in index.runs(section):
            assert {index.place(o).row for o in range(run.first, run.first + run.count)} == {index.rows[run.row].name}
            assert {index.grade_at(o) for o in range(run.first, run.first + run.count)} == {run.grade}
    assert at == index.capacity


def test_ids_of_ones_own_and_two_grades_in_a_row() -> None:
    index = PlanIndex(small_hall())
    assert index.seat_ids[7:] == ("B-1-1", "B-1-2", "left", "right", "ST-1", "ST-2", "ST-3")
    left = index.ordinal("left")
    assert left == 9
    assert index.place(left) == (9, "left", "B", "1", "1", "S", False)
    assert index.place(13) == (13, "ST-3", "ST", None, "3", "STANDING", False)
    assert index.grades == ("VIP", "R", "S", "STANDING")
    section = index.section("B")
    assert section is not None
    assert section.grades == ("R", "S")
    assert [(run.first, run.count) for run in index.runs(section)] == [(7, 2), (9, 2)]


def test_unknown_things_are_not_found() -> None:
    index = PlanIndex(small_hall())
    assert index.ordinal("A-1-4") is None
    assert index.section("Z") is None
    for ordinal in (-1, index.capacity):
        for look in (index.place, index.grade_at, index.section_at):
            with pytest.raises(IndexError):
                look(ordinal)


def test_an_aisle_ends_a_run_and_a_wheelchair_place_is_in_none() -> None:
    xs = (10.0, 20.0, 30.0, 45.0, 55.0, 65.0, 75.0)
    with_aisle = Row("1", "R", tuple("1234567"), xs, (10.0,) * 7, accessible=(5,))
    short = Row("2", "R", ("1", "2"), (10.0, 45.0), (20.0, 20.0))
    index = PlanIndex(plan(reserved("A", with_aisle, short)))
    runs = index.runs(index.sections[0])
    assert runs == (
        Run(0, 0, "R", 0, 3),
        Run(0, 0, "R", 3, 2),
        Run(0, 0, "R", 6, 1),
        Run(0, 1, "R", 7, 1),
        Run(0, 1, "R", 8, 1),
    )
    assert index.place(5).accessible


def test_positions_and_the_middle_of_a_grade() -> None:
    index = PlanIndex(small_hall())
    assert (index.x[0], index.y[0]) == (10.0, 10.0)
    assert (index.x[13], index.y[13]) == (50.0, 90.0)
    assert index.grade_centres["VIP"] == (20.0, 10.0)
