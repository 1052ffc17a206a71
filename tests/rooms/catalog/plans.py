"""Small plans and files for the tests of this room."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ticketing.catalog.model import Localized, Row, SeatPlan, Section, SectionKind

FOLDER = Path(__file__).parent / "plans"


def row(name: str, grade: str, count: int, *, y: float = 10, **more: Any) -> Row:
    """Seats 1..count, ten units apart."""
    numbers = tuple(str(n) for n in range(1, count + 1))
    return Row(name, grade, numbers, tuple(10.0 * n for n in range(1, count + 1)), (y,) * count, **more)


def reserved(section_id: str, *rows: Row) -> Section:
    """A reserved section of these rows."""
    name = Localized.same(f"Section {section_id}")
    return Section(section_id, name, SectionKind.RESERVED, sum(len(r.numbers) for r in rows), rows)


def standing(section_id: str, capacity: int, grade: str = "STANDING") -> Section:
    """A standing section."""
    return Section(
        section_id, Localized.same(section_id), SectionKind.STANDING, capacity, grade=grade, label=(50.0, 90.0)
    )


def plan(*sections: Section, **more: Any) -> SeatPlan:
    """A plan on a canvas of 1000 by 1000."""
    return SeatPlan("Small hall", 1000, 1000, sections, **more)


def small_hall() -> SeatPlan:
    """Two rows of A, one with two grades in B, three standing places."""
    return plan(
        reserved("A", row("1", "VIP", 3), row("2", "R", 4, y=20)),
        reserved("B", row("1", "R", 2, y=40), row("1", "S", 2, y=40, ids=("left", "right"))),
        standing("ST", 3),
    )


def own_document() -> dict[str, Any]:
    """A plan in our own JSON, as a person would write it."""
    return {
        "name": "손으로 쓴 극장",
        "width": 200,
        "height": 120,
        "sections": [
            {
                "id": "A",
                "name": {"ko": "가구역", "en": "Section A"},
                "kind": "reserved",
                "rows": [
                    {"name": 1, "grade": "R", "numbers": [1, 2, 3], "x": [10, 20, 30], "y": [10, 10, 10]},
                    {"name": "2", "grade": "S", "numbers": ["1", "2"], "x": [10, 20], "y": [25, 25.5]},
                ],
            },
            {"id": "ST", "name": "스탠딩", "kind": "standing", "capacity": 40, "grade": "STANDING"},
        ],
    }


def pretix_document() -> dict[str, Any]:
    """The pretix export among the fixtures, to be spoiled."""
    document: dict[str, Any] = json.loads((FOLDER / "pretix_hall.json").read_text(encoding="utf-8"))
    return document


def encoded(document: object) -> bytes:
    """A document as a person's editor saves it: one thing per line."""
    return json.dumps(document, ensure_ascii=False, indent=1).encode()
