"""Plans of the pretix editor load as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rooms.catalog.plans import FOLDER, encoded, pretix_document
from tests.rooms.catalog.test_import_json import spoiled
from ticketing.catalog.import_plan import import_bytes, import_plan
from ticketing.catalog.index import PlanIndex
from ticketing.catalog.model import Localized, ShapeKind
from ticketing.catalog.problems import ImportFailed
from ticketing.catalog.read_pretix import UNASSIGNED


def load(document: object) -> Any:
    return import_bytes("saal.json", encoded(document))


def test_an_export_loads_unchanged() -> None:
    found = import_plan(FOLDER / "pretix_hall.json")
    assert found.format == "pretix"
    assert found.notes == ()
    plan = found.plan
    assert plan.name == "Kleiner Saal"
    assert [(s.id, s.name, s.capacity) for s in plan.sections] == [
        ("parkett", Localized.same("Parkett"), 14),
        ("Empore", Localized.same("Empore"), 5),
    ]
    assert {style.grade: style.color for style in plan.styles} == {"Parkett": "#7f4a91", "Rand": "rgb(65, 204, 44)"}
    assert plan.seat_size == 24
    assert (plan.width, plan.height) == (400, 300)


def test_seat_guids_stay_and_positions_add_up() -> None:
    plan = import_plan(FOLDER / "pretix_hall.json").plan
    index = PlanIndex(plan)
    place = index.ordinal("parkett-1-2")
    assert place is not None
    # zone (20, 10) + row (40, 120) + seat (25, 0)
    assert (index.x[place], index.y[place]) == (85.0, 130.0)
    assert index.place(place)[2:6] == ("parkett", "1", "2", "Parkett")
    # A row without a position stands where its zone does.
    empore = index.ordinal("empore-a-0")
    assert empore is not None
    assert (index.x[empore], index.y[empore]) == (50.0, 232.0)


def test_a_row_of_two_categories_is_two_rows_of_one_name() -> None:
    rows = import_plan(FOLDER / "pretix_hall.json").plan.sections[0].rows
    assert [(row.name, row.grade, row.numbers) for row in rows[:3]] == [
        ("1", "Rand", ("1",)),
        ("1", "Parkett", ("2", "3", "4", "5")),
        ("1", "Rand", ("6",)),
    ]
    assert {row.label for row in rows} == {"Reihe 1", "Reihe 2"}


def test_areas_become_shapes_where_the_editor_drew_them() -> None:
    shapes = import_plan(FOLDER / "pretix_hall.json").plan.shapes
    kinds = [shape.kind for shape in shapes]
    assert kinds == [
        ShapeKind.RECT, ShapeKind.TEXT, ShapeKind.CIRCLE, ShapeKind.TEXT,
        ShapeKind.POLYGON, ShapeKind.POLYGON, ShapeKind.POLYGON,
    ]  # fmt: skip
    stage, words, circle, entrance, ellipse, polygon, rectangle = shapes
    assert (stage.x, stage.y, stage.width, stage.height, stage.color) == (40, 20, 180, 40, "#cccccc")
    assert (words.x, words.y, words.text, words.height) == (100, 40, "BÜHNE", 18)
    assert (circle.x, circle.y, circle.radius) == (30, 210, 15)
    # Turned by 90 degrees about (20, 10): 60 to the right and 20 down becomes 20 to the left and 60 down.
    assert (round(entrance.x), round(entrance.y), entrance.rotation) == (0, 70, 90)
    assert max(abs(x - 300) for x, _ in ellipse.points) < 23
    assert polygon.points == ((300, 100), (300, 140), (279.5, 140))
    assert rectangle.points[0] == (300, 160)
    assert all(shape.rotation == 0 for shape in shapes if shape.kind is not ShapeKind.TEXT)


def test_the_first_generation_of_the_schema_loads() -> None:
    document = {
        "name": "Old hall",
        "categories": [{"name": "Stalls", "color": "red"}],
        "zones": [
            {
                "name": "Main",
                "displayed": True,
                "position": {"x": 0, "y": 0},
                "rows": [
                    {
                        "row_number": "0",
                        "number_of_seats": 1,
                        "seats_spacing": 30,
                        "position": {"x": 50, "y": 25},
                        "seats": [
                            {"seat_guid": "0-0", "seat_number": "0", "position": {"x": 0, "y": 0}, "category": "Stalls"}
                        ],
                    }
                ],
                "areas": [{"width": 100, "height": 20, "position": {"x": 1, "y": 2}, "text": "Stage", "color": "#eee"}],
            }
        ],
    }
    plan = load(document).plan
    assert list(plan.sections[0].seat_ids()) == ["0-0"]
    box, words = plan.shapes
    assert (box.kind, box.width, box.height) == (ShapeKind.RECT, 100, 20)
    assert (words.text, words.x, words.y) == ("Stage", 51, 12)
    assert plan.width > 50


def seats(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["zones"][0]["rows"][0]["seats"]
    return found


@pytest.mark.parametrize(
    ("change", "note", "check"),
    [
        (
            lambda d: seats(d)[0].update(category=""),
            f"1 seats have no category: their grade is {UNASSIGNED!r}",
            lambda plan: UNASSIGNED in plan.grades(),
        ),
        (
            lambda d: seats(d)[0].update(category="Gone"),
            "1 seats are in category 'Gone', which the file does not define",
            lambda plan: "Gone" in plan.grades(),
        ),
        (
            lambda d: d["zones"][0]["rows"][0].update(row_number=""),
            "1 rows have no name and are counted within their zone",
            lambda plan: plan.sections[0].rows[0].name == "1",
        ),
        (
            lambda d: seats(d)[3].update(seat_number=""),
            "1 seats have no number and are counted within their row",
            lambda plan: plan.sections[0].rows[1].numbers == ("2", "3", "4", "5"),
        ),
        (
            lambda d: seats(d)[0].update(seat_guid="x" * 190),
            "1 seat ids were too long or unusual and got an id made from them",
            lambda plan: next(plan.sections[0].seat_ids()).startswith("g-"),
        ),
        (
            lambda d: seats(d)[0].update(seat_number="9" * 40),
            "1 row or seat names were cut to 32 characters",
            lambda plan: plan.sections[0].rows[0].numbers == ("9" * 32,),
        ),
    ],
)
def test_what_the_editor_allows_loads_with_a_note(
    change: Callable[[dict[str, Any]], None], note: str, check: Callable[[Any], bool]
) -> None:
    document = pretix_document()
    change(document)
    found = load(document)
    assert found.notes == (note,)
    assert check(found.plan)


def test_zones_of_one_name_stay_two_sections_and_unknown_members_are_passed_over() -> None:
    document = pretix_document()
    document["zones"][1].update(zone_id="parkett", glow=True)
    document["zones"][0]["rows"][0]["seats"][0]["status"] = "sold"
    document["zones"][0]["areas"][0]["shape"] = "hexagon"
    assert [s.id for s in load(document).plan.sections] == ["parkett", "parkett-2"]


def test_a_plan_that_hangs_over_its_canvas_is_moved_onto_it() -> None:
    document = pretix_document()
    document["zones"][0]["position"] = {"x": -500, "y": -700}
    plan = load(document).plan
    xs = [x for s in plan.sections for r in s.rows for x in r.x]
    ys = [y for s in plan.sections for r in s.rows for y in r.y]
    assert min(xs) >= 0 <= min(ys)
    assert max(xs) <= plan.width
    assert max(ys) <= plan.height


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        (lambda d: d.pop("name"), "$", "'name' is missing"),
        (lambda d: d.pop("categories"), "$", "'categories' is missing"),
        (lambda d: seats(d)[1].pop("seat_guid"), "$.zones[0].rows[0].seats[1]", "'seat_guid' is missing"),
        (lambda d: seats(d)[1].update(seat_guid=""), "$.zones[0].rows[0].seats[1].seat_guid", "has no id"),
        (lambda d: seats(d)[1].pop("position"), "$.zones[0].rows[0].seats[1]", "'position' is missing"),
        (lambda d: seats(d)[1].update(position={"x": 1}), "$.zones[0].rows[0].seats[1].position", "'y' is missing"),
        (
            lambda d: seats(d)[4].update(seat_guid="parkett-1-2"),
            "$.zones[0].rows[0].seats[4].seat_guid",
            "'parkett-1-2' is used twice, first at saal.json:",
        ),
        (lambda d: d["zones"][0].update(rows=3), "$.zones[0].rows", "expected a list"),
        (lambda d: d.update(zones=[]), "$", "no place to sell"),
    ],
)
def test_each_mistake_is_named_with_its_path(change: Callable[[dict[str, Any]], None], path: str, words: str) -> None:
    document = pretix_document()
    change(document)
    with pytest.raises(ImportFailed) as caught:
        load(document)
    assert any(p.where.endswith(f" {path}") and words in p.what for p in caught.value.problems), str(caught.value)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_spoiled_plan_loads_or_is_refused_in_words(data: st.DataObject) -> None:
    content = spoiled(data, pretix_document())
    try:
        found = import_bytes("x.json", content)
    except ImportFailed as error:
        assert error.problems  # noqa: PT017 - either outcome is right, a third one is not
    else:
        assert import_bytes("x.json", found.encoded.body).version == found.version
