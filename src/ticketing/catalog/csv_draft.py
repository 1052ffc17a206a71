"""Seats of a spreadsheet on their way into a plan: order within rows, a grid where nobody said where they are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby

from .geometry import DEFAULT_PITCH
from .model import Localized, Row, Section, SectionKind
from .problems import Spot

_ROW_GAP = 30.0


@dataclass(slots=True)
class SeatDraft:
    """One line of a reserved section; x and y are None until somebody says where the seat is."""

    line: int
    number: str
    grade: str
    seat_id: str
    x: float | None
    y: float | None
    accessible: bool


@dataclass(slots=True)
class SectionDraft:
    """All lines of one section; `line` is the first."""

    line: int
    kind: SectionKind
    capacity: int = 0
    grade: str | None = None
    rows: dict[str, list[SeatDraft]] = field(default_factory=dict)


def lay_out(draft: SectionDraft, top: float) -> float:
    """Put seats on a grid below `top`, rows in file order, numbers rising; the top of the next section."""
    for seats in draft.rows.values():
        seats.sort(key=lambda seat: _natural(seat.number))
    everyone = [seat for row in draft.rows.values() for seat in row]
    longest = max(len(row) for row in draft.rows.values())
    numbers = [int(seat.number) if re.fullmatch(r"[0-9]{1,9}", seat.number) else -1 for seat in everyone]
    first = min(numbers)
    # Where the numbers say so, missing ones become gaps (aisles) and seats stand behind each other.
    by_number = first >= 0 and max(numbers) - first < 2 * longest
    for depth, seats in enumerate(draft.rows.values()):
        for i, seat in enumerate(seats):
            column = int(seat.number) - first if by_number else i
            seat.x = DEFAULT_PITCH * (column + 1)
            seat.y = top + depth * _ROW_GAP
    return top + len(draft.rows) * _ROW_GAP + 2 * DEFAULT_PITCH


def _natural(number: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(d), "") if d else (-1, t) for d, t in re.findall(r"([0-9]{1,9})|([^0-9]+)", number))


def _along(seats: list[SeatDraft]) -> list[SeatDraft]:
    """Seats in the order in which they stand side by side, whatever the order of the lines."""
    xs, ys = [seat.x or 0.0 for seat in seats], [seat.y or 0.0 for seat in seats]
    if max(xs) - min(xs) >= max(ys) - min(ys):
        return sorted(seats, key=lambda seat: seat.x or 0.0)
    return sorted(seats, key=lambda seat: seat.y or 0.0)


def section_of(name: str, draft: SectionDraft, position: int, lines: dict[Spot, int]) -> Section:
    rows: list[Row] = []
    for row_name, seats in draft.rows.items():
        for grade, group in groupby(_along(seats), key=lambda seat: seat.grade):
            part = list(group)
            lines[Spot(position, len(rows))] = part[0].line
            lines.update((Spot(position, len(rows), i), seat.line) for i, seat in enumerate(part))
            rows.append(
                Row(
                    name=row_name,
                    grade=grade,
                    numbers=tuple(seat.number for seat in part),
                    x=tuple(seat.x or 0.0 for seat in part),
                    y=tuple(seat.y or 0.0 for seat in part),
                    ids=tuple(seat.seat_id or f"{name}-{row_name}-{seat.number}" for seat in part),
                    accessible=tuple(i for i, seat in enumerate(part) if seat.accessible),
                )
            )
    return Section(
        id=name,
        name=Localized.same(name),
        kind=draft.kind,
        capacity=draft.capacity or sum(len(row.numbers) for row in rows),
        rows=tuple(rows),
        grade=draft.grade,
    )
