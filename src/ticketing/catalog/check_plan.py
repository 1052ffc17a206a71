"""Can this plan be sold and drawn? Collects every breach instead of stopping at the first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import isfinite

from .model import Point, Row, SeatPlan, Section, SectionKind
from .problems import Finding, Spot

MAX_PLACES = 200_000
MAX_SECTIONS = 2_000
MAX_SHAPES = 5_000
MAX_POINTS = 2_000
MAX_LENGTH = 1_000_000.0
"""Plan units: the widest plan, and so the furthest coordinate."""
MAX_ID = 64
MAX_ROW_NAME = 32
MAX_NAME = 200

_ID = re.compile(r"[\w(](?:[\w .:/+#()&'*-]{0,62}[\w.:/+#()&'*-])?")


def is_id(text: str) -> bool:
    """Whether a text can be a seat or section id: 1 to 64 letters, digits and ` .:/+#()&'*-_`, no outer blanks."""
    return _ID.fullmatch(text) is not None


def is_label(text: str, longest: int) -> bool:
    """Whether a text is 1 to `longest` printable characters without outer blanks."""
    return 0 < len(text) <= longest and text.isprintable() and text == text.strip()


def check_plan(plan: SeatPlan) -> Iterator[Finding]:
    """Every broken rule of a plan, lazily: names, limits, finite geometry, unique ids."""
    whole = Spot()
    if not is_label(plan.name, MAX_NAME):
        yield Finding(whole, "name", "the plan has no usable name", f"Give it 1 to {MAX_NAME} printable characters")
    for field, length in (("width", plan.width), ("height", plan.height)):
        if not (isfinite(length) and 0 < length <= MAX_LENGTH):
            yield Finding(whole, field, f"{field} is {length}", f"Use a number above 0 and up to {MAX_LENGTH:.0f}")
    if len(plan.sections) > MAX_SECTIONS:
        yield Finding(whole, "sections", f"{len(plan.sections)} sections", f"Merge some: {MAX_SECTIONS} are allowed")
    if plan.capacity < 1:
        yield Finding(whole, "sections", "the plan has no place to sell", "Add a section with seats or a capacity")
    if plan.capacity > MAX_PLACES:
        # Their ids are not looked at: that alone could take minutes.
        yield Finding(whole, "sections", f"{plan.capacity} places", f"Split the plan: {MAX_PLACES} are allowed")
        return
    yield from _shapes(plan)
    seen: dict[str, Spot] = {}
    for position, section in enumerate(plan.sections):
        spot = Spot(section=position)
        if section.id in seen:
            yield Finding(spot, "id", f"section id {section.id!r} is used twice", "Rename one", seen[section.id])
        seen.setdefault(section.id, spot)
        yield from _section(section, spot, plan)
    yield from _unique_seats(plan)


def _shapes(plan: SeatPlan) -> Iterator[Finding]:
    if len(plan.shapes) > MAX_SHAPES:
        yield Finding(Spot(), "shapes", f"{len(plan.shapes)} shapes", f"Drop some: {MAX_SHAPES} are allowed")
        return
    for position, shape in enumerate(plan.shapes):
        spot = Spot(shape=position)
        values = (shape.x, shape.y, shape.width, shape.height, shape.radius, shape.rotation)
        if not all(isfinite(value) and abs(value) <= MAX_LENGTH for value in values):
            yield Finding(spot, "x", "a measure is not a usable number", f"Use numbers up to {MAX_LENGTH:.0f}")
        if min(shape.width, shape.height, shape.radius) < 0:
            yield Finding(spot, "width", "a size is negative", "Use 0 or more")
        if len(shape.points) > MAX_POINTS or not _usable(shape.points):
            yield Finding(spot, "points", "points are unusable", f"Use up to {MAX_POINTS} pairs of finite numbers")
        if len(shape.text) > MAX_NAME or not shape.text.replace("\n", " ").isprintable():
            yield Finding(spot, "text", "the text is unusable", f"Use up to {MAX_NAME} printable characters")


def _section(section: Section, spot: Spot, plan: SeatPlan) -> Iterator[Finding]:
    if not is_id(section.id):
        yield Finding(
            spot, "id", f"{section.id[:80]!r} cannot be a section id", f"Use 1 to {MAX_ID} letters, digits, - or _"
        )
    if not (is_label(section.name.ko, MAX_NAME) and is_label(section.name.en, MAX_NAME)):
        yield Finding(spot, "name", "the section has no usable name", "Give ko and en printable names")
    points = (*section.outline, *([section.label] if section.label else []))
    if len(points) > MAX_POINTS or not _usable(points):
        yield Finding(spot, "outline", "the outline is unusable", f"Use up to {MAX_POINTS} pairs of finite numbers")
    if section.kind is SectionKind.STANDING:
        yield from _standing(section, spot)
        return
    if section.grade is not None:
        yield Finding(spot, "grade", "a reserved section has one grade for all", "Give each row its grade instead")
    seats = sum(len(row.numbers) for row in section.rows)
    if section.capacity != seats:
        yield Finding(
            spot, "capacity", f"capacity {section.capacity}, but {seats} seats", "Leave it out, or count again"
        )
    if not seats:
        yield Finding(spot, "rows", "a reserved section has no seats", "Add rows, or make it standing")
    for position, row in enumerate(section.rows):
        yield from _row(row, Spot(spot.section, position), plan)


def _standing(section: Section, spot: Spot) -> Iterator[Finding]:
    if section.capacity < 1:
        yield Finding(spot, "capacity", f"capacity is {section.capacity}", "Use a whole number of 1 or more")
    if section.grade is None or not is_label(section.grade, MAX_ID):
        yield Finding(spot, "grade", "a standing section needs a price grade", "Name it, for example STANDING")
    if section.rows:
        yield Finding(spot, "rows", "a standing section has rows", "Remove them, or make it reserved")


def _row(row: Row, spot: Spot, plan: SeatPlan) -> Iterator[Finding]:
    if not is_label(row.name, MAX_ROW_NAME):
        yield Finding(
            spot, "row", f"{row.name[:80]!r} cannot be a row name", f"Use 1 to {MAX_ROW_NAME} printable characters"
        )
    if not is_label(row.grade, MAX_ID):
        yield Finding(spot, "grade", f"{row.grade[:80]!r} cannot be a grade", "Name a price grade, for example R")
    if row.label is not None and not is_label(row.label, MAX_NAME):
        yield Finding(spot, "label", "the row's label is unusable", f"Use 1 to {MAX_NAME} printable characters")
    count = len(row.numbers)
    if not count:
        yield Finding(spot, "numbers", "the row has no seats", "Add seats, or remove the row")
    parts: tuple[tuple[str, Sequence[object] | None], ...] = (("x", row.x), ("y", row.y), ("ids", row.ids))
    for field, values in parts:
        if values is not None and len(values) != count:
            yield Finding(spot, field, f"{len(values)} {field} for {count} seats", "Give each seat exactly one")
            return
    if any(not 0 <= i < count for i in row.accessible) or len(set(row.accessible)) != len(row.accessible):
        cure = f"Use each index 0 to {count - 1} once"
        yield Finding(spot, "accessible", "accessible names no seat of this row", cure)
    yield from _seats(row, spot, plan)


def _seats(row: Row, spot: Spot, plan: SeatPlan) -> Iterator[Finding]:
    for seat, number in enumerate(row.numbers):
        if not is_label(number, MAX_ROW_NAME):
            yield Finding(
                Spot(spot.section, spot.row, seat),
                "number",
                f"{number[:80]!r} cannot be a seat number",
                f"Use 1 to {MAX_ROW_NAME} printable characters",
            )
    for field, coordinates, bound in (("x", row.x, plan.width), ("y", row.y, plan.height)):
        # min and max may step over a NaN, a sum may not.
        if coordinates and not (isfinite(sum(coordinates)) and min(coordinates) >= 0 and max(coordinates) <= bound):
            for seat, value in enumerate(coordinates):
                if not (isfinite(value) and 0 <= value <= bound):
                    where = Spot(spot.section, spot.row, seat)
                    yield Finding(where, field, f"{field} is {value}", f"Use a number from 0 to {bound:g}")


def _unique_seats(plan: SeatPlan) -> Iterator[Finding]:
    seen: dict[str, Spot] = {}
    for s, section in enumerate(plan.sections):
        if section.kind is SectionKind.STANDING:
            spot = Spot(s)
            for seat_id in section.seat_ids():
                yield from _seat_id(seat_id, spot, seen)
            continue
        for r, row in enumerate(section.rows):
            for i, seat_id in enumerate(row.seat_ids(section.id)):
                yield from _seat_id(seat_id, Spot(s, r, i), seen)


def _seat_id(seat_id: str, spot: Spot, seen: dict[str, Spot]) -> Iterator[Finding]:
    if _ID.fullmatch(seat_id) is None:
        yield Finding(
            spot,
            "seat_id",
            f"{seat_id[:80]!r} cannot be a seat id",
            f"Shorten the section, row or number, or give the seat an id of 1 to {MAX_ID} letters, digits, - or _",
        )
    elif seat_id in seen:
        yield Finding(spot, "seat_id", f"seat id {seat_id!r} is used twice", "Give each seat its own id", seen[seat_id])
    seen.setdefault(seat_id, spot)


def _usable(points: Sequence[Point]) -> bool:
    return all(isfinite(x) and isfinite(y) and abs(x) <= MAX_LENGTH and abs(y) <= MAX_LENGTH for x, y in points)
