"""From seat id to ordinal and back: what holds, orders and maps look up, all in constant time.

Ordinals run 0..n-1 in plan order (sections, rows, seats), so each section is one contiguous range.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import hypot
from typing import NamedTuple

from .model import Localized, Point, Row, SeatPlan, Section, SectionKind

# Neighbours further apart than this many usual gaps of their row have an aisle between them.
AISLE = 1.4
# Shorter rows do not show what is usual: they are judged by their section.
_TELLING = 3


class Place(NamedTuple):
    """One seat, or one standing place (`row` is None there)."""

    ordinal: int
    seat_id: str
    section: str
    row: str | None
    number: str
    grade: str
    accessible: bool


@dataclass(frozen=True, slots=True)
class SectionRange:
    """The ordinals [first, first + capacity) of a section."""

    position: int
    id: str
    name: Localized
    kind: SectionKind
    grades: tuple[str, ...]
    first: int
    capacity: int

    @property
    def end(self) -> int:
        """One past the last ordinal."""
        return self.first + self.capacity


@dataclass(frozen=True, slots=True)
class RowRange:
    """The ordinals [first, first + len(numbers)) of a row."""

    section: int
    name: str
    grade: str
    first: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Seats in which every two successive ordinals are neighbours: one row, one grade, no aisle between.

    Wheelchair places are in no run, so that nobody is given one without asking for it.
    """

    section: int
    row: int
    grade: str
    first: int
    count: int


class PlanIndex:
    """Look-ups over one plan. Immutable once built; safe to share between tasks.

    Attributes:
        capacity: places in all.
        seat_ids: ordinal → seat id.
        sections: in plan order.
        rows: reserved rows in plan order.
        grades: grade names in order of first appearance.
        x, y: ordinal → position in plan units; a standing place is at its section's label.
        accessible: ordinals of wheelchair places.
        grade_centres: grade → mean position of its places.
    """

    def __init__(self, plan: SeatPlan) -> None:
        self.grades = plan.grades()
        grade_number = {grade: number for number, grade in enumerate(self.grades)}
        ids: list[str] = []
        sections: list[SectionRange] = []
        rows: list[RowRange] = []
        runs: list[tuple[Run, ...]] = []
        accessible: set[int] = set()
        self.x, self.y = array("d"), array("d")
        self._grade, self._row, self._section = array("H"), array("l"), array("H")
        for position, section in enumerate(plan.sections):
            first = len(ids)
            sections.append(
                SectionRange(
                    position, section.id, section.name, section.kind, section.grades(), first, section.capacity
                )
            )
            runs.append(tuple(_section_runs(section.rows, position, len(rows), first)))
            ids.extend(section.seat_ids())
            self._section.extend([position] * section.capacity)
            if section.grade is not None:
                self._add_standing(section, grade_number[section.grade])
            for row in section.rows:
                seat = len(self._row)
                self._grade.extend([grade_number[row.grade]] * len(row.numbers))
                self._row.extend([len(rows)] * len(row.numbers))
                self.x.extend(row.x)
                self.y.extend(row.y)
                accessible.update(seat + i for i in row.accessible)
                rows.append(RowRange(position, row.name, row.grade, seat, row.numbers))
        self.seat_ids = tuple(ids)
        self.capacity = len(ids)
        self.sections = tuple(sections)
        self.rows = tuple(rows)
        self.accessible = frozenset(accessible)
        self.grade_centres = self._centres()
        self._runs = tuple(runs)
        self._ordinal = {seat_id: ordinal for ordinal, seat_id in enumerate(ids)}
        self._section_by_id = {section.id: section for section in sections}

    def _add_standing(self, section: Section, grade: int) -> None:
        x, y = section.label or (0.0, 0.0)
        self.x.extend([x] * section.capacity)
        self.y.extend([y] * section.capacity)
        self._grade.extend([grade] * section.capacity)
        self._row.extend([-1] * section.capacity)

    def _centres(self) -> dict[str, Point]:
        sums = [[0.0, 0.0, 0] for _ in self.grades]
        for grade, x, y in zip(self._grade, self.x, self.y, strict=True):
            total = sums[grade]
            total[0] += x
            total[1] += y
            total[2] += 1
        return {grade: (sx / n, sy / n) for grade, (sx, sy, n) in zip(self.grades, sums, strict=True)}

    def ordinal(self, seat_id: str) -> int | None:
        """The ordinal of a seat id; None when the plan has no such seat."""
        return self._ordinal.get(seat_id)

    def section(self, section_id: str) -> SectionRange | None:
        """A section by id; None when the plan has no such section."""
        return self._section_by_id.get(section_id)

    def section_at(self, ordinal: int) -> SectionRange:
        """The section of an ordinal. Raises IndexError outside 0..capacity-1."""
        return self.sections[self._section[self._checked(ordinal)]]

    def grade_at(self, ordinal: int) -> str:
        """The price grade of an ordinal. Raises IndexError outside 0..capacity-1."""
        return self.grades[self._grade[self._checked(ordinal)]]

    def place(self, ordinal: int) -> Place:
        """All about one place. Raises IndexError outside 0..capacity-1."""
        self._checked(ordinal)
        section = self.sections[self._section[ordinal]]
        row_number = self._row[ordinal]
        if row_number < 0:
            row_name, number = None, str(ordinal - section.first + 1)
        else:
            row = self.rows[row_number]
            row_name, number = row.name, row.numbers[ordinal - row.first]
        grade = self.grades[self._grade[ordinal]]
        return Place(ordinal, self.seat_ids[ordinal], section.id, row_name, number, grade, ordinal in self.accessible)

    def runs(self, section: SectionRange) -> tuple[Run, ...]:
        """The runs of a section in plan order; none for standing sections."""
        return self._runs[section.position]

    def _checked(self, ordinal: int) -> int:
        if not 0 <= ordinal < self.capacity:
            raise IndexError(f"ordinal {ordinal} is outside 0..{self.capacity - 1}")
        return ordinal


def _gaps(row: Row) -> list[float]:
    """The distance from each seat to the next."""
    return [hypot(row.x[i + 1] - row.x[i], row.y[i + 1] - row.y[i]) for i in range(len(row.x) - 1)]


def _middle(gaps: list[float]) -> float:
    return sorted(gaps)[len(gaps) // 2] if gaps else 0.0


def _section_runs(rows: Sequence[Row], section: int, first_row: int, first: int) -> Iterator[Run]:
    """Cut the rows of a section at their aisles and at their wheelchair places."""
    gaps = [_gaps(row) for row in rows]
    usual = _middle([gap for row_gaps in gaps for gap in row_gaps])
    for i, (row, row_gaps) in enumerate(zip(rows, gaps, strict=True)):
        widest = AISLE * (_middle(row_gaps) if len(row_gaps) >= _TELLING else usual)
        yield from _row_runs(row, row_gaps, widest, Run(section, first_row + i, row.grade, first, 0))
        first += len(row.numbers)


def _row_runs(row: Row, gaps: list[float], widest: float, model: Run) -> list[Run]:
    count = len(row.numbers)
    apart = set(row.accessible)
    found: list[Run] = []
    start = 0
    for i in range(count):
        if i in apart:
            if i > start:
                found.append(replace(model, first=model.first + start, count=i - start))
            start = i + 1
        elif i + 1 == count or (gaps[i] > widest and i + 1 not in apart):
            found.append(replace(model, first=model.first + start, count=i + 1 - start))
            start = i + 1
    return found
