"""A hall of any size, for rehearsals: blocks of rows in front of a stage, and a standing area."""

from __future__ import annotations

from .model import GradeStyle, Localized, Row, SeatPlan, Section, SectionKind

STYLES = (GradeStyle("R", "#1c7ed6"), GradeStyle("S", "#2b8a3e"), GradeStyle("STANDING", "#d6336c"))
SMALLEST, LARGEST = 20, 4_000
_BLOCK, _ROW = 100, 20
_PITCH, _DEPTH = 10.0, 14.0


def hall(capacity: int) -> SeatPlan:
    """A plan of exactly `capacity` places, 20 to 4,000; a tenth of them standing.

    Raises:
        ValueError: for another capacity.
    """
    if not SMALLEST <= capacity <= LARGEST:
        raise ValueError(f"a hall has {SMALLEST} to {LARGEST} places, not {capacity}")
    standing = capacity // 10
    seats = capacity - standing
    blocks = -(-seats // _BLOCK)
    sections = [_block(n, min(_BLOCK, seats - n * _BLOCK), blocks) for n in range(blocks)]
    depth = _BLOCK // _ROW * _DEPTH + 60
    outline = ((10.0, 10.0), (_ROW * _PITCH, 10.0), (_ROW * _PITCH, 60.0), (10.0, 60.0))
    sections.append(
        Section("F", Localized("스탠딩", "Standing"), SectionKind.STANDING, standing, (), "STANDING", outline)
    )
    width = max(1, blocks) * (_ROW * _PITCH + 20) + 20
    return SeatPlan(f"Hall {capacity:,}", width, 80 + depth, tuple(sections), (), STYLES, 8.0)


def _block(n: int, seats: int, blocks: int) -> Section:
    grade = "R" if n < (blocks + 1) // 2 else "S"
    left, rows = 20 + n * (_ROW * _PITCH + 20), []
    for at in range(0, seats, _ROW):
        count = min(_ROW, seats - at)
        numbers = tuple(str(i + 1) for i in range(count))
        x = tuple(left + i * _PITCH for i in range(count))
        y = (80 + at // _ROW * _DEPTH,) * count
        rows.append(Row(str(at // _ROW + 1), grade, numbers, x, y))
    name = f"B{n + 1}"
    return Section(name, Localized(f"{n + 1}구역", f"Block {n + 1}"), SectionKind.RESERVED, seats, tuple(rows))
