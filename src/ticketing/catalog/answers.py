"""The public shapes of the catalogue, as OpenAPI describes them."""

from __future__ import annotations

import msgspec

from .model import SaleStatus, SectionKind


class Names(msgspec.Struct):
    """A name in both languages."""

    ko: str
    en: str


class PriceOut(msgspec.Struct):
    """What a place of a grade costs, in minor units."""

    grade: str
    name: Names
    amount: int
    color: str


class VenueOut(msgspec.Struct, omit_defaults=True):
    """A house; its address only in the detail."""

    name: Names
    address: Names | None = None
    time_zone: str | None = None


class SectionOut(msgspec.Struct):
    """A part of the house."""

    id: str
    name: Names
    kind: SectionKind
    grades: list[str]
    capacity: int


class EventOut(msgspec.Struct, omit_defaults=True, kw_only=True):
    """An event in the list."""

    id: str
    name: Names
    venue: VenueOut
    starts_at: str
    on_sale_at: str
    off_sale_at: str
    status: SaleStatus
    waiting_room: bool
    currency: str
    prices: list[PriceOut]
    poster: str | None = None


class EventDetailOut(EventOut, omit_defaults=True, kw_only=True):
    """An event with everything that a page about it needs."""

    doors_at: str
    description: Names
    max_per_person: int
    capacity: int
    sections: list[SectionOut]
    plan_version: str
    plan_url: str


class EventsAnswer(msgspec.Struct):
    """The shape of the list (it is sent from pre-encoded bytes)."""

    server_time: str
    events: list[EventOut]


class EventAnswer(EventDetailOut, omit_defaults=True, kw_only=True):
    """The shape of the detail (it is sent from pre-encoded bytes)."""

    server_time: str


class ShapeAnswer(msgspec.Struct, omit_defaults=True):
    """A decoration: rect from its top left corner, circle and text by their centre, polygon by its points."""

    kind: str
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0
    radius: float = 0
    rotation: float = 0
    points: list[list[float]] = []
    text: str = ""
    color: str | None = None


class RowAnswer(msgspec.Struct, omit_defaults=True):
    """Seats side by side; `ids` only when they are not section-row-number."""

    name: str
    grade: str
    numbers: list[str]
    x: list[float]
    y: list[float]
    ids: list[str] | None = None
    accessible: list[int] = []
    label: str | None = None


class PlanSectionAnswer(msgspec.Struct, omit_defaults=True):
    """A section with where to draw it."""

    id: str
    name: Names
    kind: SectionKind
    capacity: int
    outline: list[list[float]]
    rows: list[RowAnswer]
    label: list[float] | None = None
    grade: str | None = None


class GradeColorAnswer(msgspec.Struct):
    """The colour in which the plan's author drew a grade."""

    grade: str
    color: str


class PlanAnswer(msgspec.Struct, omit_defaults=True):
    """The seat plan; `seat_size` is the diameter of a seat in plan units."""

    version: str
    name: str
    width: float
    height: float
    shapes: list[ShapeAnswer]
    sections: list[PlanSectionAnswer]
    seat_size: float = 0
    grades: list[GradeColorAnswer] = []
