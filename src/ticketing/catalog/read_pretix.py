"""Read a seating plan in the public JSON schema of pretix, as its editor exports it, older generations too.

A zone becomes a section, a category a grade. Positions add up: zone + row + seat. Areas become shapes.
Members that this reader does not know are passed over: a newer editor's plan still loads.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from statistics import median
from typing import Any

from .check_plan import MAX_ID, MAX_NAME, MAX_ROW_NAME, is_id
from .geometry import completed, fitted
from .json_source import JsonSource, Path, is_number
from .model import GradeStyle, Localized, Point, Row, SeatPlan, Section, SectionKind, Shape
from .pretix_areas import color_of, position, printable, read_area
from .problems import Spot

UNASSIGNED = "unassigned"
"""The grade of seats to which their author gave no category."""

DEFAULT_RADIUS = 10


@dataclass(slots=True)
class PretixPlan:
    """The plan, what a person should know about it, and where each row came from."""

    plan: SeatPlan
    notes: list[str]
    origins: dict[tuple[int, int], tuple[Path, int]]
    """(section, row) → path of the file's row, index of the first seat in it."""
    zones: list[int] = field(default_factory=list)
    """section → zone."""


@dataclass(slots=True)
class _Seat:
    index: int
    id: str
    number: str
    grade: str
    x: float
    y: float


class _Reader:
    def __init__(self, source: JsonSource) -> None:
        self.source = source
        self.noted: Counter[str] = Counter()
        self.categories: set[str] = set()
        self.radii: Counter[float] = Counter()
        self.taken: set[str] = set()

    def text(self, parent: dict[str, Any], path: Path, key: str, default: str | None = None) -> str:
        return unicodedata.normalize("NFC", self.source.text(parent, path, key, default)).strip()

    def seat_id(self, guid: str) -> str:
        if is_id(guid):
            return guid
        # Any text may be a seat_guid there; the same one always becomes the same id.
        self.noted["seat ids were too long or unusual and got an id made from them"] += 1
        return "g-" + base64.b32encode(hashlib.sha256(guid.encode(errors="replace")).digest()[:15]).decode().lower()

    def short(self, name: str) -> str:
        if len(name) > MAX_ROW_NAME:
            self.noted[f"row or seat names were cut to {MAX_ROW_NAME} characters"] += 1
        return name[:MAX_ROW_NAME].strip()

    def grade(self, category: str) -> str:
        if not category:
            self.noted[f"seats have no category: their grade is {UNASSIGNED!r}"] += 1
            return UNASSIGNED
        if category not in self.categories:
            self.noted[f"seats are in category {category[:40]!r}, which the file does not define"] += 1
        return category

    def seat(self, value: Any, path: Path, base: Point, index: int) -> _Seat:
        seat = self.source.object_at(value, path)
        guid = self.text(seat, path, "seat_guid")
        if not guid and isinstance(seat.get("seat_guid"), str):
            self.source.complain((*path, "seat_guid"), "the seat has no id", "Give each seat its own seat_guid")
        number = self.text(seat, path, "seat_number")
        if not number:
            self.noted["seats have no number and are counted within their row"] += 1
            number = str(index + 1)
        number = self.short(number)
        if is_number(seat.get("radius")) and seat["radius"] > 0:
            self.radii[float(seat["radius"])] += 1
        x, y = position(self.source, seat, path)
        grade = self.grade(self.text(seat, path, "category"))
        return _Seat(index, self.seat_id(guid) if guid else "", number, grade, base[0] + x, base[1] + y)

    def row(self, value: Any, path: Path, base: Point, index: int) -> list[tuple[int, Row]]:
        """The file's row as one row per stretch of one grade, each with the index of its first seat."""
        row = self.source.object_at(value, path)
        dx, dy = position(self.source, row, path, optional=True)
        origin = (base[0] + dx, base[1] + dy)
        name = self.short(self.text(row, path, "row_number"))
        if not name:
            self.noted["rows have no name and are counted within their zone"] += 1
            name = str(index + 1)
        label = self.text(row, path, "row_label", "").replace("%s", name)[:MAX_NAME].strip()
        seats = [
            self.seat(seat, (*path, "seats", i), origin, i)
            for i, seat in enumerate(self.source.array(row, path, "seats"))
        ]
        found = []
        for grade, group in groupby(seats, key=lambda seat: seat.grade):
            part = list(group)
            found.append(
                (
                    part[0].index,
                    Row(
                        name=name,
                        grade=grade,
                        numbers=tuple(seat.number for seat in part),
                        x=tuple(seat.x for seat in part),
                        y=tuple(seat.y for seat in part),
                        ids=tuple(seat.id for seat in part),
                        label=label or None,
                    ),
                )
            )
        return found

    def section_id(self, wanted: str, index: int) -> str:
        stem = "".join(c if is_id(f"x{c}x") else "-" for c in wanted)[: MAX_ID - 5].strip(" -") or f"zone-{index + 1}"
        stem = stem if is_id(stem) else f"zone-{index + 1}"
        found, count = stem, 1
        while found in self.taken:
            count += 1
            found = f"{stem}-{count}"
        self.taken.add(found)
        return found


def read_pretix(source: JsonSource) -> PretixPlan:
    """The plan of a pretix export, completed. Raises ImportFailed with every structural problem."""
    reader = _Reader(source)
    root = source.object_at(source.root, ())
    name = reader.text(root, (), "name")
    styles = []
    for i, value in enumerate(source.array(root, (), "categories")):
        category = source.object_at(value, ("categories", i))
        grade = reader.text(category, ("categories", i), "name")
        reader.categories.add(grade)
        color = color_of(category)
        if grade and color:
            styles.append(GradeStyle(grade, color))
    found = PretixPlan(SeatPlan(name, 0, 0, ()), [], {})
    sections: list[Section] = []
    shapes: list[Shape] = []
    for i, value in enumerate(source.array(root, (), "zones")):
        section, areas = _zone(reader, value, i, len(sections), found)
        shapes += areas
        if section is not None:
            sections.append(section)
            found.zones.append(i)
    size = source.member(root, (), "size")
    width, height = (source.number(size, ("size",), side, 0.0) for side in ("width", "height"))
    source.settle()
    radius = median(reader.radii.elements()) if reader.radii else DEFAULT_RADIUS
    plan = SeatPlan(
        name=name or "Seating plan",
        width=width,
        height=height,
        sections=tuple(sections),
        shapes=tuple(shapes),
        styles=tuple({style.grade: style for style in styles}.values()),
        seat_size=2.0 * radius,
    )
    found.plan = fitted(completed(plan))
    found.notes = [f"{count} {note}" for note, count in reader.noted.items()]
    return found


def _zone(reader: _Reader, value: Any, index: int, place: int, found: PretixPlan) -> tuple[Section | None, list[Shape]]:
    source, path = reader.source, ("zones", index)
    zone = source.object_at(value, path)
    base = position(source, zone, path, optional=True)
    name = reader.text(zone, path, "name", "")
    zone_id = reader.text(zone, path, "zone_id", "")
    rows: list[Row] = []
    for i, row in enumerate(source.array(zone, path, "rows")):
        row_path = (*path, "rows", i)
        for first, part in reader.row(row, row_path, base, i):
            found.origins[(place, len(rows))] = (row_path, first)
            rows.append(part)
    shapes: list[Shape] = []
    for i, area in enumerate(source.array(zone, path, "areas", optional=True)):
        shapes += read_area(source, area, (*path, "areas", i), base)
    if not rows:
        return None, shapes
    section = Section(
        id=reader.section_id(zone_id or name, index),
        name=Localized.same(printable(name or zone_id) or f"Zone {index + 1}"),
        kind=SectionKind.RESERVED,
        capacity=sum(len(row.numbers) for row in rows),
        rows=tuple(rows),
    )
    return section, shapes


_FIELDS = {"seat_id": "seat_guid", "number": "seat_number", "grade": "category", "x": "position", "y": "position"}


def locate(source: JsonSource, found: PretixPlan, spot: Spot, field_name: str) -> str:
    """`file:line $.path` of a spot of a plan that `read_pretix` made."""
    if spot.section is None:
        return source.where(())
    if spot.row is None:
        return source.where(("zones", found.zones[spot.section]))
    row_path, first = found.origins[(spot.section, spot.row)]
    if spot.seat is None:
        return source.where((*row_path, "row_number" if field_name == "row" else "seats"))
    return source.where((*row_path, "seats", first + spot.seat, _FIELDS.get(field_name, field_name)))
