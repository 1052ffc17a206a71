"""The houses that ship with the platform: right in number, and drawn so that nothing overlaps."""

from __future__ import annotations

from itertools import combinations
from math import hypot

import pytest

from ticketing.catalog.arena import arena
from ticketing.catalog.bowl import PITCH, Straight, block, trim
from ticketing.catalog.check_plan import check_plan
from ticketing.catalog.document import encode_plan
from ticketing.catalog.index import PlanIndex
from ticketing.catalog.model import Localized, SeatPlan, SectionKind
from ticketing.catalog.theatre import theatre

HOUSES = {"arena": arena, "theatre": theatre}


@pytest.fixture(scope="module", params=sorted(HOUSES))
def house(request: pytest.FixtureRequest) -> SeatPlan:
    plan: SeatPlan = HOUSES[request.param]()
    return plan


def test_the_numbers_are_exact() -> None:
    assert arena().capacity == 15_000
    assert theatre().capacity == 600


@pytest.mark.parametrize("capacity", [4_000, 9_999, 50_000, 120_000])
def test_an_arena_of_any_size_is_exact_and_valid(capacity: int) -> None:
    plan = arena(capacity)
    assert plan.capacity == capacity
    assert list(check_plan(plan)) == []


@pytest.mark.parametrize("capacity", [-1, 0, 3_999, 120_001])
def test_sizes_that_no_arena_has(capacity: int) -> None:
    with pytest.raises(ValueError, match="an arena has"):
        arena(capacity)


def test_a_house_can_be_sold(house: SeatPlan) -> None:
    assert list(check_plan(house)) == []


def test_a_house_is_the_same_every_time(house: SeatPlan) -> None:
    again = HOUSES["arena" if house.capacity > 600 else "theatre"]()
    assert encode_plan(again).version == encode_plan(house).version


def test_no_two_seats_overlap(house: SeatPlan) -> None:
    assert house.seat_size is not None
    cells: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for section in house.sections:
        for row in section.rows:
            for x, y in zip(row.x, row.y, strict=True):
                cells.setdefault((int(x // PITCH), int(y // PITCH)), []).append((x, y))
    for (cx, cy), points in cells.items():
        around = [
            p for dx in (0, 1) for dy in (-1, 0, 1) if (dx, dy) > (0, 0) for p in cells.get((cx + dx, cy + dy), [])
        ]
        pairs = [*combinations(points, 2), *((p, q) for p in points for q in around)]
        for p, q in pairs:
            assert hypot(p[0] - q[0], p[1] - q[1]) >= house.seat_size, (p, q)


def inside(point: tuple[float, float], outline: tuple[tuple[float, float], ...]) -> bool:
    x, y = point
    found = False
    for (x1, y1), (x2, y2) in zip(outline, outline[1:] + outline[:1], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            found = not found
    return found


def test_every_seat_is_inside_its_own_section_and_in_no_other(house: SeatPlan) -> None:
    boxes = {
        s.id: (min(x for x, _ in s.outline), min(y for _, y in s.outline),
               max(x for x, _ in s.outline), max(y for _, y in s.outline))
        for s in house.sections
    }  # fmt: skip
    for section in house.sections:
        for row in section.rows:
            for point in list(zip(row.x, row.y, strict=True))[:: max(1, len(row.x) // 4)]:
                for other in house.sections:
                    left, top, right, bottom = boxes[other.id]
                    near = left <= point[0] <= right and top <= point[1] <= bottom
                    assert (near and inside(point, other.outline)) == (other is section), (point, other.id)


def test_each_row_is_one_run_and_counts_from_one(house: SeatPlan) -> None:
    index = PlanIndex(house)
    for section in index.sections:
        ordinary = [row for row in index.rows if row.section == section.position and row.first not in index.accessible]
        assert [run.count for run in index.runs(section)] == [len(row.numbers) for row in ordinary]
    assert all(row.numbers == tuple(str(n + 1) for n in range(len(row.numbers))) for row in index.rows)


def test_there_are_places_for_wheelchairs_and_names_in_two_languages(house: SeatPlan) -> None:
    accessible = sum(len(row.accessible) for section in house.sections for row in section.rows)
    assert accessible >= house.capacity // 150
    assert len({section.name.ko for section in house.sections}) == len(house.sections)
    assert all(section.name.ko != section.name.en for section in house.sections)
    assert {style.grade for style in house.styles} == set(house.grades())


def test_the_arena_has_floor_tiers_and_standing() -> None:
    plan = arena()
    standing = [section for section in plan.sections if section.kind is SectionKind.STANDING]
    assert sum(section.capacity for section in standing) == 2_200
    assert {section.id[0] for section in plan.sections if section.id.isdigit()} == {"1", "2", "3"}
    assert {"A", "B", "C"} <= {section.id for section in plan.sections}
    assert plan.grades() == ("STANDING", "VIP", "R", "S", "A")


def test_trimming_takes_the_back_row_evenly_and_no_more_than_there_is() -> None:
    side = Straight((0, 0), (1, 0), (0, 1), 112)
    draft = block(side, "A", Localized.same("A"), 0, ["R", "R"])
    assert [len(row.seats) for row in draft.rows] == [10, 10]
    trim([draft], 3)
    assert [len(row.seats) for row in draft.rows] == [10, 7]
    with pytest.raises(ValueError, match="more seats"):
        trim([draft], 18)
    trim([draft], 17)
    assert draft.count() == 0
