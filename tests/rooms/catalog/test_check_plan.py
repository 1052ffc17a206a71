"""Plans that must not be sold are told everything that is wrong with them."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest

from tests.rooms.catalog.plans import plan, reserved, row, small_hall, standing
from ticketing.catalog.check_plan import MAX_PLACES, MAX_SECTIONS, check_plan, is_id
from ticketing.catalog.model import Localized, Row, SeatPlan, Section, SectionKind, Shape, ShapeKind
from ticketing.catalog.problems import Spot


def complaints(house: SeatPlan) -> list[tuple[Spot, str]]:
    return [(finding.spot, finding.field) for finding in check_plan(house)]


def test_a_good_plan_has_no_problem() -> None:
    assert complaints(small_hall()) == []


@pytest.mark.parametrize(
    ("house", "spot", "field"),
    [
        (replace(small_hall(), name=" "), Spot(), "name"),
        (replace(small_hall(), width=nan), Spot(), "width"),
        (replace(small_hall(), height=0), Spot(), "height"),
        (plan(), Spot(), "sections"),
        (plan(standing("A", 0)), Spot(0), "capacity"),
        (plan(standing("A", -5), standing("B", 9)), Spot(0), "capacity"),
        (plan(standing("A", 1, grade="")), Spot(0), "grade"),
        (plan(replace(standing("A", 1), rows=(row("1", "R", 1),))), Spot(0), "rows"),
        (plan(replace(reserved("A", row("1", "R", 1)), grade="R")), Spot(0), "grade"),
        (plan(replace(reserved("A", row("1", "R", 1)), capacity=7)), Spot(0), "capacity"),
        (plan(reserved("A"), standing("B", 1)), Spot(0), "rows"),
        (plan(standing("A/../..\n", 1)), Spot(0), "id"),
        (plan(standing("A", 1), standing("A", 1)), Spot(1), "id"),
        (plan(replace(standing("A", 1), name=Localized("", "x"))), Spot(0), "name"),
        (plan(replace(standing("A", 1), outline=((0, inf),))), Spot(0), "outline"),
        (plan(reserved("A", row("", "R", 1))), Spot(0, 0), "row"),
        (plan(reserved("A", row("1", "", 1))), Spot(0, 0), "grade"),
        (plan(reserved("A", row("1", "R", 1, label="\x00"))), Spot(0, 0), "label"),
        (plan(reserved("A", row("1", "R", 2, accessible=(2,)))), Spot(0, 0), "accessible"),
        (plan(reserved("A", row("1", "R", 2, ids=("a",)))), Spot(0, 0), "ids"),
        (plan(reserved("A", row("1", "R", 2, ids=("a", "b" * 65)))), Spot(0, 0, 1), "seat_id"),
        (plan(reserved("A", row("1", "R", 2, ids=("a", "a")))), Spot(0, 0, 1), "seat_id"),
        (plan(reserved("A", Row("1", "R", ("1",), (nan,), (1,)))), Spot(0, 0, 0), "x"),
        (plan(reserved("A", Row("1", "R", ("1", "2"), (1, 2), (1, 2000)))), Spot(0, 0, 1), "y"),
        (plan(reserved("A", Row("1", "R", ("",), (1,), (1,)))), Spot(0, 0, 0), "number"),
        (plan(standing("A", 1), shapes=(Shape(ShapeKind.CIRCLE, radius=nan),)), Spot(shape=0), "x"),
        (plan(standing("A", 1), shapes=(Shape(ShapeKind.RECT, width=-1),)), Spot(shape=0), "width"),
        (plan(standing("A", 1), shapes=(Shape(ShapeKind.POLYGON, points=((nan, 1),)),)), Spot(shape=0), "points"),
        (plan(standing("A", 1), shapes=(Shape(ShapeKind.TEXT, text="\ud800"),)), Spot(shape=0), "text"),
    ],
)
def test_each_rule_finds_its_breach(house: SeatPlan, spot: Spot, field: str) -> None:
    assert (spot, field) in complaints(house)


def test_all_problems_are_found_at_once() -> None:
    house = plan(standing("A", 0, grade=""), reserved("B", Row("1", "", ("",), (nan,), (nan,))))
    assert len(complaints(house)) >= 6


def test_a_reserved_seat_and_a_standing_place_may_not_share_an_id() -> None:
    house = plan(reserved("A", row("1", "R", 1, ids=("B-2",))), standing("B", 3))
    findings = list(check_plan(house))
    assert [(f.spot, f.first) for f in findings] == [(Spot(1), Spot(0, 0, 0))]


def test_limits_are_told_before_millions_of_ids_are_made() -> None:
    assert complaints(plan(standing("A", 10**9))) == [(Spot(), "sections")]
    assert complaints(plan(standing("A", MAX_PLACES))) == []
    many = plan(*(standing(f"S{i}", 1) for i in range(MAX_SECTIONS + 1)))
    assert complaints(many) == [(Spot(), "sections")]


@pytest.mark.parametrize("good", ["A", "1층 가구역-3-12", "a.b:c/d+e#f(g)&'h", "é" * 64])
def test_ids_may_be_words_of_any_language(good: str) -> None:
    assert is_id(good)


@pytest.mark.parametrize("bad", ["", " A", "A ", "-A", "a\nb", "a\u200bb", 'a"b', "a,b", "é" * 65, "\ud800"])
def test_ids_may_not_trick_people_or_stores(bad: str) -> None:
    assert not is_id(bad)


def test_kinds_are_the_words_of_the_api() -> None:
    assert [kind.value for kind in SectionKind] == ["reserved", "standing"]
    assert Section("A", Localized.same("A"), SectionKind.STANDING, 2, grade="X").grades() == ("X",)
