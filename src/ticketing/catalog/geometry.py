"""Plane geometry for plans: hulls, sizes, turning; completes plans whose authors drew only the seats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import cos, hypot, pi, radians, sin
from statistics import median

from .model import Point, Row, SeatPlan, Section, SectionKind, Shape, ShapeKind

DEFAULT_PITCH = 25.0
"""Distance of neighbouring seats when a plan has no pair to measure, in plan units."""


def turned(points: Iterable[Point], pivot: Point, degrees: float) -> tuple[Point, ...]:
    """Points turned clockwise (y points down) about a pivot."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    px, py = pivot
    return tuple((px + (x - px) * c - (y - py) * s, py + (x - px) * s + (y - py) * c) for x, y in points)


def rectangle(x: float, y: float, width: float, height: float) -> tuple[Point, ...]:
    """The corners of a rectangle, clockwise from the top left."""
    return ((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def ellipse(centre: Point, radius_x: float, radius_y: float, corners: int = 48) -> tuple[Point, ...]:
    """A polygon that looks like an ellipse."""
    steps = (2 * pi * i / corners for i in range(corners))
    return tuple((centre[0] + radius_x * cos(t), centre[1] + radius_y * sin(t)) for t in steps)


def hull(points: Iterable[Point]) -> tuple[Point, ...]:
    """The convex hull (monotone chain); fewer than three distinct points come back as they are."""
    ordered = sorted(set(points))
    if len(ordered) < 3:
        return tuple(ordered)

    def half(sequence: Iterable[Point]) -> list[Point]:
        chain: list[Point] = []
        for p in sequence:
            while len(chain) > 1 and _cross(chain[-2], chain[-1], p) <= 0:
                chain.pop()
            chain.append(p)
        return chain[:-1]

    return tuple(half(ordered) + half(reversed(ordered)))


def _cross(o: Point, a: Point, b: Point) -> float:
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])


def outline_of(points: Iterable[Point], margin: float) -> tuple[Point, ...]:
    """The hull of seats of a half-width `margin`; simple enough to draw thousands."""
    around = hull(points)
    return hull((x + dx, y + dy) for x, y in around for dx in (-margin, margin) for dy in (-margin, margin))


def middle(points: Sequence[Point]) -> Point:
    """The mean of some points."""
    return (sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points))


def pitch_of(rows: Iterable[Row]) -> float:
    """The usual distance of two neighbours, in plan units."""
    usual: list[float] = []
    for row in rows:
        gaps = [hypot(row.x[i + 1] - row.x[i], row.y[i + 1] - row.y[i]) for i in range(len(row.x) - 1)]
        if gaps:
            usual.append(median(gaps))
    found = median(usual) if usual else 0.0
    return found or DEFAULT_PITCH


def shifted(plan: SeatPlan, dx: float, dy: float) -> SeatPlan:
    """The same plan, moved."""

    def moved(points: Iterable[Point]) -> tuple[Point, ...]:
        return tuple((x + dx, y + dy) for x, y in points)

    return replace(
        plan,
        shapes=tuple(replace(s, x=s.x + dx, y=s.y + dy, points=moved(s.points)) for s in plan.shapes),
        sections=tuple(
            replace(
                section,
                outline=moved(section.outline),
                label=(section.label[0] + dx, section.label[1] + dy) if section.label else None,
                rows=tuple(
                    replace(row, x=tuple([x + dx for x in row.x]), y=tuple([y + dy for y in row.y]))
                    for row in section.rows
                ),
            )
            for section in plan.sections
        ),
    )


def extent(plan: SeatPlan) -> tuple[Point, Point] | None:
    """The smallest and the largest corner of all seats, outlines and shapes; None for an empty plan."""
    xs: list[float] = []
    ys: list[float] = []
    for section in plan.sections:
        for row in section.rows:
            xs += (min(row.x), max(row.x))
            ys += (min(row.y), max(row.y))
        xs += [x for x, _ in section.outline]
        ys += [y for _, y in section.outline]
    for shape in plan.shapes:
        for x, y in _corners(shape):
            xs.append(x)
            ys.append(y)
    return ((min(xs), min(ys)), (max(xs), max(ys))) if xs else None


def _corners(shape: Shape) -> tuple[Point, ...]:
    if shape.kind is ShapeKind.POLYGON:
        return shape.points
    if shape.kind is ShapeKind.RECT:
        return rectangle(shape.x, shape.y, shape.width, shape.height)
    r = shape.radius
    return rectangle(shape.x - r, shape.y - r, 2 * r, 2 * r)


def fitted(plan: SeatPlan) -> SeatPlan:
    """The plan with everything on its canvas: moved if something hangs over the left or top, widened if needed."""
    found = extent(plan)
    if found is None:
        return plan
    (left, top), (right, bottom) = found
    margin = pitch_of(row for section in plan.sections for row in section.rows)
    dx, dy = (margin - left if left < 0 else 0.0), (margin - top if top < 0 else 0.0)
    moved = shifted(plan, dx, dy) if dx or dy else plan
    width = plan.width if right + dx <= plan.width else right + dx + margin
    height = plan.height if bottom + dy <= plan.height else bottom + dy + margin
    return replace(moved, width=width, height=height)


def completed(plan: SeatPlan) -> SeatPlan:
    """The plan with outlines, labels and seat size filled in where its author gave none."""
    pitch = pitch_of(row for section in plan.sections for row in section.rows)

    def complete(section: Section) -> Section:
        outline, label = section.outline, section.label
        seats = [point for row in section.rows for point in zip(row.x, row.y, strict=True)]
        if not outline and seats:
            outline = outline_of(seats, pitch * 0.75)
        if label is None and (seats or outline):
            label = middle(seats or outline)
        rows = tuple(_plain_ids(section.id, row) for row in section.rows)
        return replace(section, outline=outline, label=label, rows=rows)

    size = plan.seat_size if plan.seat_size is not None else round(pitch * 0.8, 2)
    return replace(plan, sections=tuple(map(complete, plan.sections)), seat_size=size)


def _plain_ids(section_id: str, row: Row) -> Row:
    # Ids that say nothing new are left out: equal plans then have equal documents, and small ones.
    if row.ids is None or row.ids != replace(row, ids=None).seat_ids(section_id):
        return row
    return replace(row, ids=None)


def standing_block(plan: SeatPlan) -> SeatPlan:
    """The plan with a box for each standing section that has no outline, in a line under everything else."""
    bare = [s for s in plan.sections if s.kind is SectionKind.STANDING and not s.outline]
    if not bare:
        return plan
    found = extent(plan)
    (left, _), (right, bottom) = found if found else ((0.0, 0.0), (0.0, 0.0))
    gap = pitch_of(row for section in plan.sections for row in section.rows)
    width = max(8 * gap, (right - left - gap * (len(bare) - 1)) / len(bare))
    boxes = {
        section.id: rectangle(left + i * (width + gap), bottom + 2 * gap, width, 8 * gap)
        for i, section in enumerate(bare)
    }
    sections = tuple(replace(s, outline=boxes[s.id]) if s.id in boxes else s for s in plan.sections)
    return replace(plan, sections=sections)
