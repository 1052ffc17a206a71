"""A theatre: curved stalls in three blocks before a proscenium, a balcony behind and above."""

from __future__ import annotations

from math import pi

from .bowl import PITCH, ROW_DEPTH, SEAT_SIZE, WHEELCHAIR_PITCH, Arc, BlockDraft, RowDraft, frame, seats_along, trim
from .model import GradeStyle, Localized, SeatPlan, Shape, ShapeKind

CAPACITY = 600
STYLES = (
    GradeStyle("VIP", "#7b42bc"),
    GradeStyle("R", "#1c7ed6"),
    GradeStyle("S", "#2b8a3e"),
    GradeStyle("A", "#e8890c"),
)
_WIDTH, _HEIGHT = 640.0, 560.0
_CENTRE = (_WIDTH / 2, -60.0)
_STALLS_FRONT = 230.0
_STALLS = ["VIP"] * 5 + ["R"] * 5 + ["S"] * 4
_BALCONY_FRONT = _STALLS_FRONT + len(_STALLS) * ROW_DEPTH + 60
_BALCONY = ["S"] * 2 + ["A"] * 3
_HALF_ANGLE = pi / 6
_AISLE = 14.0
_BLOCKS = (
    ("L", "왼쪽", "left", 0.0, 0.28),
    ("C", "가운데", "centre", 0.28, 0.72),
    ("R", "오른쪽", "right", 0.72, 1.0),
)


def theatre() -> SeatPlan:
    """A plan of exactly 600 seats with rows A, B, C … and wheelchair places in the last row of the stalls."""
    stalls = _level("1", "1층", "Stalls", _STALLS_FRONT, _STALLS, accessible=True)
    balcony = _level("2", "2층", "Balcony", _BALCONY_FRONT, _BALCONY, accessible=False)
    trim(balcony, sum(block.count() for block in stalls + balcony) - CAPACITY)
    return SeatPlan(
        name="Theatre 600",
        width=_WIDTH,
        height=_HEIGHT,
        sections=tuple(block.section() for block in stalls + balcony),
        shapes=_shapes(),
        styles=STYLES,
        seat_size=SEAT_SIZE,
    )


def _level(level: str, ko: str, en: str, front: float, grades: list[str], *, accessible: bool) -> list[BlockDraft]:
    found = []
    first, whole = pi / 2 + _HALF_ANGLE, 2 * _HALF_ANGLE
    for letter, side_ko, side_en, begin, end in _BLOCKS:
        # Angles fall from left to right, so that seat 1 is on the left of those who face the stage.
        side = Arc(_CENTRE, front, first - begin * whole, first - end * whole)
        outline = frame(side, -ROW_DEPTH / 2, (len(grades) - 0.5) * ROW_DEPTH, _AISLE / 2 - 2)
        block = BlockDraft(f"{level}{letter}", Localized(f"{ko} {side_ko}", f"{en} {side_en}"), outline)
        for i, grade in enumerate(grades):
            last = accessible and letter == "C" and i == len(grades) - 1
            seats = seats_along(side, i * ROW_DEPTH, _AISLE, WHEELCHAIR_PITCH if last else PITCH)
            block.rows.append(RowDraft(chr(ord("A") + i), grade, seats, last))
        found.append(block)
    return found


def _shapes() -> tuple[Shape, ...]:
    x = _WIDTH / 2
    stage = ((x - 170, 30.0), (x + 170, 30.0), (x + 130, 120.0), (x - 130, 120.0))
    return (
        Shape(ShapeKind.POLYGON, points=stage, color="#343a40"),
        Shape(ShapeKind.TEXT, x=x, y=75, height=24, text="STAGE", color="#ffffff"),
    )
