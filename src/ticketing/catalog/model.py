"""Venues, seat plans, events, prices and the sale window: pure rules, no input or output.

Lengths are plan units (any unit: clients scale to fit), instants are UTC milliseconds since the epoch,
money is an integer number of minor units of the event's currency.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Localized:
    """One name in the two languages of the house."""

    ko: str
    en: str

    @classmethod
    def same(cls, text: str) -> Localized:
        """The same words in both languages."""
        return cls(text, text)

    def document(self) -> dict[str, str]:
        """`{"ko": …, "en": …}`."""
        return {"ko": self.ko, "en": self.en}


class SectionKind(StrEnum):
    """Whether a section is sold by seat or by head."""

    RESERVED = "reserved"
    STANDING = "standing"


class ShapeKind(StrEnum):
    """What a decoration (stage, wall, bar, label) is drawn as."""

    RECT = "rect"
    CIRCLE = "circle"
    POLYGON = "polygon"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Shape:
    """A decoration that is never sold.

    rect: (x, y) is its top left corner. circle, text: (x, y) is the centre. polygon: `points` says it all.
    A text's `height` is its font size. `rotation` is in degrees, clockwise, about (x, y), and only texts have one:
    readers turn rotated rectangles into polygons, so that no client has to guess the pivot.
    """

    kind: ShapeKind
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    radius: float = 0.0
    points: tuple[Point, ...] = ()
    text: str = ""
    rotation: float = 0.0
    color: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Seats side by side at one price grade; `numbers`, `x`, `y` (and `ids`) have one entry per seat.

    A physical row with two grades is two rows of the same name. `ids` is None when every seat id is
    section-row-number. `accessible` are indices of wheelchair places.
    """

    name: str
    grade: str
    numbers: tuple[str, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    ids: tuple[str, ...] | None = None
    accessible: tuple[int, ...] = ()
    label: str | None = None

    def seat_ids(self, section_id: str) -> tuple[str, ...]:
        """The id of each seat."""
        if self.ids is not None:
            return self.ids
        prefix = f"{section_id}-{self.name}-"
        return tuple([prefix + number for number in self.numbers])


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the house. A standing section has places 1..capacity at one grade, and no rows."""

    id: str
    name: Localized
    kind: SectionKind
    capacity: int
    rows: tuple[Row, ...] = ()
    grade: str | None = None
    outline: tuple[Point, ...] = ()
    label: Point | None = None

    def grades(self) -> tuple[str, ...]:
        """Grades sold here, in order of first appearance."""
        if self.grade is not None:
            return (self.grade,)
        return tuple(dict.fromkeys(row.grade for row in self.rows))

    def seat_ids(self) -> Iterator[str]:
        """Every place id in plan order."""
        if self.kind is SectionKind.STANDING:
            yield from (f"{self.id}-{n}" for n in range(1, self.capacity + 1))
            return
        for row in self.rows:
            yield from row.seat_ids(self.id)


@dataclass(frozen=True, slots=True)
class GradeStyle:
    """The colour in which a plan's author drew a grade (`#rrggbb`)."""

    grade: str
    color: str


@dataclass(frozen=True, slots=True)
class SeatPlan:
    """Everything that can be sold in a house, and how to draw it.

    `seat_size` is the diameter at which a seat looks right; `styles` are colour hints, not prices.
    """

    name: str
    width: float
    height: float
    sections: tuple[Section, ...]
    shapes: tuple[Shape, ...] = ()
    styles: tuple[GradeStyle, ...] = ()
    seat_size: float | None = None

    @property
    def capacity(self) -> int:
        """Places in all."""
        return sum(section.capacity for section in self.sections)

    def grades(self) -> tuple[str, ...]:
        """Grades of the whole plan, in order of first appearance."""
        return tuple(dict.fromkeys(grade for section in self.sections for grade in section.grades()))


@dataclass(frozen=True, slots=True)
class Venue:
    """A house; its zone is the one in which people read the clock there."""

    id: str
    name: Localized
    address: Localized
    time_zone: str


@dataclass(frozen=True, slots=True)
class PriceGrade:
    """What one place of a grade costs, in minor units."""

    grade: str
    name: Localized
    amount: int
    color: str


class SaleStatus(StrEnum):
    """Where an event is in its sale."""

    ANNOUNCED = "announced"
    ON_SALE = "on_sale"
    SOLD_OUT = "sold_out"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class SaleWindow:
    """From `on_sale_at` (included) to `off_sale_at` (excluded)."""

    on_sale_at: int
    off_sale_at: int
    cancelled: bool = False

    def status(self, now_ms: int, free: int | None = None) -> SaleStatus:
        """The phase at an instant; `free` is the number of free places, None when nobody knows."""
        if self.cancelled or now_ms >= self.off_sale_at:
            return SaleStatus.CLOSED
        if now_ms < self.on_sale_at:
            return SaleStatus.ANNOUNCED
        return SaleStatus.SOLD_OUT if free == 0 else SaleStatus.ON_SALE


@dataclass(frozen=True, slots=True)
class Event:
    """One show in one house, with its prices and its sale window."""

    id: str
    venue: Venue
    plan_id: str
    plan_version: str
    name: Localized
    description: Localized
    starts_at: int
    doors_at: int
    sale: SaleWindow
    max_per_person: int
    currency: str
    waiting_room: bool
    prices: tuple[PriceGrade, ...]
    poster: str | None = None

    def status(self, now_ms: int, free: int | None = None) -> SaleStatus:
        """The phase at an instant; `free` is the number of free places, None when nobody knows."""
        return self.sale.status(now_ms, free)
