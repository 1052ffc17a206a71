"""An arena for a concert with the stage at one end: standing and seats on the floor, three tiers around it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from math import sqrt

from .bowl import PITCH, ROW_DEPTH, SEAT_SIZE, BlockDraft, Straight, block, frame, horseshoe, split, trim
from .model import GradeStyle, Localized, Point, SeatPlan, Section, SectionKind, Shape, ShapeKind

STYLES = (
    GradeStyle("VIP", "#7b42bc"),
    GradeStyle("STANDING", "#d6336c"),
    GradeStyle("R", "#1c7ed6"),
    GradeStyle("S", "#2b8a3e"),
    GradeStyle("A", "#e8890c"),
)
SMALLEST, LARGEST = 4_000, 120_000
_TIER_GAP = 40.0
_FLOOR_MARGIN = 44.0
# Deeper tiers are wider at the back, so they are cut into more blocks to keep rows walkable.
_SEATS_PER_BLOCK_ROW = 19


@dataclass(frozen=True, slots=True)
class _Size:
    """The measures of one arena, in plan units."""

    half_width: float
    half_height: float
    corner: float
    tiers: tuple[int, ...]
    standing: int

    @property
    def depth(self) -> float:
        return sum(self.tiers) * ROW_DEPTH + (len(self.tiers) - 1) * _TIER_GAP


def arena(capacity: int = 15_000) -> SeatPlan:
    """A plan of exactly `capacity` places, 4,000 to 120,000; the default is a large indoor arena.

    Floor and rows grow with the capacity; seats beyond it are taken from the back row of the top tier.

    Raises:
        ValueError: for a capacity that this kind of house does not have.
    """
    if not SMALLEST <= capacity <= LARGEST:
        raise ValueError(f"an arena has {SMALLEST} to {LARGEST} places, not {capacity}")
    size = _measures(capacity, 8)
    blocks, standing = _house(size)
    while _total(blocks, standing) < capacity:
        size = _measures(capacity, size.tiers[-1] + 1)
        blocks, standing = _house(size)
    top = [draft for draft in blocks if draft.id.startswith(str(len(size.tiers))) and draft.id.isdigit()]
    trim(top, _total(blocks, standing) - capacity)
    width, height, centre = _canvas(size)
    return SeatPlan(
        name=f"Arena {capacity:,}",
        width=width,
        height=height,
        sections=(*standing, *(draft.section() for draft in blocks)),
        shapes=_shapes(size, centre),
        styles=STYLES,
        seat_size=SEAT_SIZE,
    )


def _total(blocks: list[BlockDraft], standing: list[Section]) -> int:
    return sum(draft.count() for draft in blocks) + sum(section.capacity for section in standing)


def _measures(capacity: int, top_rows: int) -> _Size:
    # Twice the places: 1.41 times as long and 1.41 times as deep.
    scale = sqrt(capacity / 15_000)
    first, second = round(13 * scale), round(11 * scale)
    standing = round(1_100 * scale * scale / 50) * 50
    return _Size(330 * scale, 430 * scale, 190 * scale, (first, second, top_rows), standing)


def _canvas(size: _Size) -> tuple[float, float, Point]:
    edge = size.depth + 60
    width = 2 * (size.half_width + edge)
    top = 130.0
    height = top + 2 * size.half_height + edge
    return round(width, 2), round(height, 2), (round(width / 2, 2), round(top + size.half_height, 2))


def _house(size: _Size) -> tuple[list[BlockDraft], list[Section]]:
    _, _, centre = _canvas(size)
    blocks, standing = _floor(size, centre)
    front = 0.0
    for number, rows in enumerate(size.tiers, 1):
        blocks += _tier(size, centre, number, rows, front)
        front += rows * ROW_DEPTH + _TIER_GAP
    return blocks, standing


def _tier(size: _Size, centre: Point, number: int, rows: int, front: float) -> list[BlockDraft]:
    numbers = count(1)
    found = []
    middle = front + rows * ROW_DEPTH / 2
    for part, side in enumerate(horseshoe(centre, size.half_width, size.half_height, size.corner)):
        for piece in split(side, max(1, round(side.length(middle) / PITCH / _SEATS_PER_BLOCK_ROW))):
            name = f"{number}{next(numbers):02d}"
            found.append(
                block(
                    piece,
                    name,
                    Localized(f"{number}층 {name}구역", f"Level {number}, Block {name}"),
                    front,
                    _grades(number, rows, far=part in (1, 2, 3)),
                    accessible_back=number == 1,
                )
            )
    return found


def _grades(tier: int, rows: int, *, far: bool) -> list[str]:
    """The grade of each row: dearer near the stage and in front."""
    if tier == 1:
        near = rows // 2
        return ["R" if i < (near if far else rows) else "S" for i in range(rows)]
    if tier == 2:
        return ["A" if far and i >= rows // 2 else "S" for i in range(rows)]
    return ["A"] * rows


def _floor(size: _Size, centre: Point) -> tuple[list[BlockDraft], list[Section]]:
    """Two standing pens at the catwalk, then two ranks of seats on the flat floor."""
    x, y = centre
    half = size.half_width - _FLOOR_MARGIN
    top, bottom = y - size.half_height + 40, y + size.half_height - _FLOOR_MARGIN
    pen = (bottom - top) * 0.34
    aisle = 40.0  # the catwalk runs between the pens
    standing = []
    for letter, left in (("A", x - half), ("B", x + aisle / 2)):
        wide = half - aisle / 2
        outline = ((left, top), (left + wide, top), (left + wide, top + pen), (left, top + pen))
        standing.append(
            Section(
                id=f"ST{letter}",
                name=Localized(f"스탠딩 {letter}구역", f"Standing {letter}"),
                kind=SectionKind.STANDING,
                capacity=size.standing,
                grade="STANDING",
                outline=tuple((round(px, 2), round(py, 2)) for px, py in outline),
                label=(round(left + wide / 2, 2), round(top + pen / 2, 2)),
            )
        )
    blocks = []
    letters = iter("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    rank_depth = (bottom - top - pen - 30) / 2
    rows = int((rank_depth - 24) // ROW_DEPTH)
    columns = max(3, round(2 * half / PITCH / 20))
    for rank in range(2):
        start = top + pen + 36 + rank * rank_depth
        # The last rank steps back from the round corners of the hall.
        reach = half if rank == 0 else half - size.corner * 0.3
        line = Straight((x - reach, start), (1, 0), (0, 1), 2 * reach)
        for piece in split(line, columns):
            letter = next(letters)
            name = Localized(f"플로어 {letter}구역", f"Floor {letter}")
            blocks.append(block(piece, letter, name, ROW_DEPTH / 2, ["VIP" if rank == 0 else "R"] * rows, aisle=16.0))
    return blocks, standing


def _shapes(size: _Size, centre: Point) -> tuple[Shape, ...]:
    x, y = centre
    top = y - size.half_height
    wide = size.half_width * 1.5
    catwalk = (y + size.half_height - top) * 0.16
    floor = _floor_outline(size, centre)
    return (
        Shape(ShapeKind.POLYGON, points=floor, color="#f1f3f5"),
        Shape(ShapeKind.RECT, x=x - wide / 2, y=top - 100, width=wide, height=110, color="#343a40"),
        Shape(ShapeKind.RECT, x=x - 14, y=top + 10, width=28, height=catwalk, color="#343a40"),
        Shape(ShapeKind.TEXT, x=x, y=top - 45, height=40, text="STAGE", color="#ffffff"),
    )


def _floor_outline(size: _Size, centre: Point) -> tuple[Point, ...]:
    around: list[Point] = []
    for side in horseshoe(centre, size.half_width, size.half_height, size.corner):
        half = frame(side, -20, -20, 0)
        around += half[: len(half) // 2]
    return tuple(around)
