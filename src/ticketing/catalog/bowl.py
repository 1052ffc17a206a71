"""Stands around a floor: rows that follow a straight side or a corner, cut into blocks by aisles.

Screen axes: y points down. A stand's front is at depth 0; depth grows away from the floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import cos, pi, sin
from typing import Protocol

from .model import Localized, Point, Row, Section, SectionKind

PITCH = 10.0
"""Distance of neighbouring seats: the unit of every generated house, about half a metre."""
WHEELCHAIR_PITCH = 20.0
"""A wheelchair place is as wide as two seats; the back row of some blocks has nothing else."""
ROW_DEPTH = 14.0
SEAT_SIZE = 8.0


class Side(Protocol):
    """Where a seat stands that is `share` of the way along a side and `depth` behind its front."""

    def length(self, depth: float) -> float:
        """Length of the row at a depth."""
        ...

    def at(self, along: float, depth: float) -> Point:
        """The point `along` units from the start of the row at a depth."""
        ...


@dataclass(frozen=True, slots=True)
class Straight:
    """From `start` in `direction`; `outward` points away from the floor (both unit vectors)."""

    start: Point
    direction: Point
    outward: Point
    span: float

    def length(self, depth: float) -> float:  # noqa: ARG002 - all its rows are equally long
        """Length of every row."""
        return self.span

    def at(self, along: float, depth: float) -> Point:
        """The point `along` units from the start of the row at a depth."""
        (x, y), (dx, dy), (ox, oy) = self.start, self.direction, self.outward
        return (x + dx * along + ox * depth, y + dy * along + oy * depth)


@dataclass(frozen=True, slots=True)
class Arc:
    """Around `centre` from angle `first` to `last` (radians, clockwise on screen when rising)."""

    centre: Point
    radius: float
    first: float
    last: float

    def length(self, depth: float) -> float:
        """Length of the row at a depth: rows grow outwards."""
        return abs(self.last - self.first) * (self.radius + depth)

    def at(self, along: float, depth: float) -> Point:
        """The point `along` units from the start of the row at a depth."""
        radius = self.radius + depth
        turn = along / radius if self.last > self.first else -along / radius
        angle = self.first + turn
        return (self.centre[0] + radius * cos(angle), self.centre[1] + radius * sin(angle))


def split(side: Straight | Arc, parts: int) -> list[Straight | Arc]:
    """Equal parts of a side, in order."""
    if isinstance(side, Arc):
        step = (side.last - side.first) / parts
        return [Arc(side.centre, side.radius, side.first + i * step, side.first + (i + 1) * step) for i in range(parts)]
    span = side.span / parts
    return [Straight(side.at(i * span, 0), side.direction, side.outward, span) for i in range(parts)]


def horseshoe(centre: Point, half_width: float, half_height: float, corner: float) -> list[Straight | Arc]:
    """A rounded rectangle open at the top: west side, corner, south side, corner, east side.

    Everyone looks at the floor, so each row counts from left to right for those who sit in it.
    """
    x, y = centre
    w, h, r = half_width, half_height, corner
    return [
        Straight((x - w, y - h), (0, 1), (-1, 0), 2 * h - r),
        Arc((x - w + r, y + h - r), r, pi, pi / 2),
        Straight((x - w + r, y + h), (1, 0), (0, 1), 2 * (w - r)),
        Arc((x + w - r, y + h - r), r, pi / 2, 0),
        Straight((x + w, y + h - r), (0, -1), (1, 0), 2 * h - r),
    ]


@dataclass(slots=True)
class RowDraft:
    """A row while the house is still being fitted to its capacity."""

    name: str
    grade: str
    seats: list[Point]
    accessible: bool = False


@dataclass(slots=True)
class BlockDraft:
    """A reserved section in the making; rows from front to back."""

    id: str
    name: Localized
    outline: tuple[Point, ...]
    rows: list[RowDraft] = field(default_factory=list)

    def count(self) -> int:
        """Seats so far."""
        return sum(len(row.seats) for row in self.rows)

    def section(self) -> Section:
        """The finished section."""
        rows = tuple(_row(row) for row in self.rows if row.seats)
        xs = [x for row in rows for x in row.x]
        ys = [y for row in rows for y in row.y]
        return Section(
            id=self.id,
            name=self.name,
            kind=SectionKind.RESERVED,
            capacity=len(xs),
            rows=rows,
            outline=self.outline,
            label=(sum(xs) / len(xs), sum(ys) / len(ys)),
        )


def _row(draft: RowDraft) -> Row:
    count = len(draft.seats)
    return Row(
        name=draft.name,
        grade=draft.grade,
        numbers=tuple(str(i + 1) for i in range(count)),
        x=tuple(round(x, 2) for x, _ in draft.seats),
        y=tuple(round(y, 2) for _, y in draft.seats),
        accessible=tuple(range(count)) if draft.accessible else (),
    )


def block(
    side: Straight | Arc,
    section_id: str,
    name: Localized,
    front: float,
    grades: Sequence[str],
    *,
    aisle: float = 12.0,
    accessible_back: bool = False,
) -> BlockDraft:
    """A block of `len(grades)` rows whose first row is `front` behind the side's front, half an aisle at each end.

    `accessible_back` makes the last row one of wheelchair places.
    """
    rows = []
    for i, grade in enumerate(grades):
        accessible = accessible_back and i == len(grades) - 1
        seats = seats_along(side, front + i * ROW_DEPTH, aisle, WHEELCHAIR_PITCH if accessible else PITCH)
        rows.append(RowDraft(str(i + 1), grade, seats, accessible))
    outline = frame(side, front - ROW_DEPTH / 2, front + (len(grades) - 0.5) * ROW_DEPTH, aisle / 2 - 2)
    return BlockDraft(section_id, name, outline, rows)


def seats_along(side: Straight | Arc, depth: float, aisle: float, pitch: float = PITCH) -> list[Point]:
    """As many seats as fit in the row at a depth, centred between half an aisle at each end."""
    free = side.length(depth) - aisle
    count = max(0, int(free // pitch))
    first = (side.length(depth) - (count - 1) * pitch) / 2
    return [side.at(first + i * pitch, depth) for i in range(count)]


def frame(side: Straight | Arc, front: float, back: float, inset: float) -> tuple[Point, ...]:
    """The outline of a block from depth `front` to `back`, drawn in `inset` from the side's ends."""
    steps = 1 if isinstance(side, Straight) else 8

    def edge(depth: float) -> list[Point]:
        length = side.length(depth) - 2 * inset
        return [side.at(inset + length * i / steps, depth) for i in range(steps + 1)]

    return tuple((round(x, 2), round(y, 2)) for x, y in edge(front) + edge(back)[::-1])


def trim(blocks: Sequence[BlockDraft], surplus: int) -> None:
    """Take `surplus` seats away, evenly from both ends of the back rows of the last blocks given.

    Raises:
        ValueError: when there are not that many seats.
    """
    if surplus > sum(block.count() for block in blocks):
        raise ValueError("more seats to take away than there are")
    while surplus:
        for draft in blocks:
            row = next((row for row in reversed(draft.rows) if row.seats), None)
            if row is None:
                continue
            # A pair at a time keeps the row centred on its block.
            taken = min(surplus, 2, len(row.seats))
            del row.seats[-1:]
            if taken == 2:
                del row.seats[:1]
            surplus -= taken
            if not surplus:
                return
