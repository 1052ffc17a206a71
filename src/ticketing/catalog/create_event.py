"""Put a show on the calendar: a venue, a stored plan, a price for each grade, a sale window."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base import ids
from ticketing.base.clock import Clock, rfc3339
from ticketing.base.db import Database
from ticketing.base.errors import Unprocessable

from . import sql
from .check_plan import MAX_NAME, is_label
from .load import open_plan
from .model import Event, Localized, PriceGrade, SaleWindow, SeatPlan, Venue
from .problems import PlanProblem

MAX_PER_PERSON = 100
MAX_AMOUNT = 1_000_000_000_000
MAX_DESCRIPTION = 20_000
# Outside these years an instant is most likely in seconds, or a slip of the pen.
_EARLIEST, _LATEST = 946_684_800_000, 4_102_444_800_000
PALETTE = ("#7b42bc", "#1c7ed6", "#2b8a3e", "#e8890c", "#d6336c", "#0b7285", "#5c940d", "#862e9c")
"""Colours for grades to which nobody gave one."""

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class NewVenue:
    """A house to be entered; the zone is an IANA name such as Asia/Seoul."""

    name: Localized
    address: Localized
    time_zone: str


@dataclass(frozen=True, slots=True)
class NewPrice:
    """A price to be entered; without a name it is called as its grade, without a colour it gets one."""

    grade: str
    amount: int
    name: Localized | None = None
    color: str | None = None


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A show to be entered. Instants are UTC milliseconds, amounts minor units of `currency`."""

    plan_version: str
    name: Localized
    description: Localized
    starts_at: int
    on_sale_at: int
    off_sale_at: int
    prices: tuple[NewPrice, ...]
    doors_at: int | None = None
    max_per_person: int = 4
    currency: str = "KRW"
    waiting_room: bool = False
    poster: str | None = None


class InvalidEvent(Unprocessable):
    """422 `invalid_event`: what is wrong with it, all at once; nothing was written."""

    def __init__(self, problems: list[PlanProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "invalid_event",
            "\n".join(map(str, problems)),
            problems=[{"where": p.where, "what": p.what, "cure": p.cure} for p in problems],
        )


def describe(event: Event) -> dict[str, object]:
    """A summary of an event, ready for JSON or a table."""
    return {
        "id": event.id,
        "name": event.name.document(),
        "venue": event.venue.name.document(),
        "starts_at": rfc3339(event.starts_at),
        "on_sale_at": rfc3339(event.sale.on_sale_at),
        "off_sale_at": rfc3339(event.sale.off_sale_at),
        "max_per_person": event.max_per_person,
        "plan_version": event.plan_version,
        "prices": {price.grade: f"{price.amount} {event.currency}" for price in event.prices},
    }


async def create_event(db: Database, clock: Clock, venue: NewVenue | str, new: NewEvent) -> Event:
    """Check and store an event, and its venue unless that is the id of a stored one.

    Raises:
        InvalidEvent: with every problem and its cure.
        DatabaseAway: nothing was stored.
    """
    async with db.read() as conn:
        stored = await sql.find_plan(conn, new.plan_version)
        known = await sql.find_venue(conn, venue) if isinstance(venue, str) else None
    plan = None if stored is None else open_plan(stored.document)
    problems = [*_house_problems(venue, known, plan, new), *_event_problems(new)]
    if plan is not None:
        problems += _price_problems(new, plan)
    if problems or plan is None or stored is None:
        raise InvalidEvent(problems)
    event_id, now = ids.new_id("evt"), clock.now_ms()
    house = known or _house(venue)
    event = Event(
        id=event_id,
        venue=house,
        plan_id=stored.id,
        plan_version=stored.version,
        name=new.name,
        description=new.description,
        starts_at=new.starts_at,
        doors_at=new.starts_at if new.doors_at is None else new.doors_at,
        sale=SaleWindow(new.on_sale_at, new.off_sale_at),
        max_per_person=new.max_per_person,
        currency=new.currency,
        waiting_room=new.waiting_room,
        prices=tuple(_prices(new, plan)),
        poster=new.poster,
    )

    async def work(conn: AsyncConnection) -> None:
        if known is None:
            await sql.insert_venue(conn, house, now)
        await sql.insert_event(conn, event, now)

    await db.transact(work)
    return event


def _house(venue: NewVenue | str) -> Venue:
    if isinstance(venue, str):
        raise TypeError("the id of an unknown venue")
    return Venue(ids.new_id("ven"), venue.name, venue.address, venue.time_zone)


def _house_problems(
    venue: NewVenue | str, known: Venue | None, plan: SeatPlan | None, new: NewEvent
) -> Iterator[PlanProblem]:
    if plan is None:
        what = f"no plan has version {new.plan_version[:40]!r}"
        yield PlanProblem("plan_version", what, "Import the plan first and use the version that it prints")
    if isinstance(venue, str):
        if known is None:
            yield PlanProblem("venue", f"no venue has id {venue[:40]!r}", "Use a stored id, or describe a new venue")
        return
    yield from _text_problems("venue.name", venue.name, MAX_NAME)
    yield from _text_problems("venue.address", venue.address, 300)
    try:
        ZoneInfo(venue.time_zone)
    except (KeyError, ValueError, OSError):
        what = f"no time zone is called {venue.time_zone[:64]!r}"
        yield PlanProblem("venue.time_zone", what, "Use an IANA name such as Asia/Seoul")


def _text_problems(where: str, text: Localized, longest: int) -> Iterator[PlanProblem]:
    for language, words in text.document().items():
        if not is_label(words, longest):
            what = "empty, too long, or with unprintable characters or outer blanks"
            yield PlanProblem(f"{where}.{language}", what, f"Use 1 to {longest} printable characters")


def _event_problems(new: NewEvent) -> Iterator[PlanProblem]:
    yield from _text_problems("name", new.name, MAX_NAME)
    for language, words in new.description.document().items():
        if len(words) > MAX_DESCRIPTION or not words.replace("\n", "").isprintable():
            cure = f"Use up to {MAX_DESCRIPTION} printable characters and line breaks"
            yield PlanProblem(f"description.{language}", "too long or unprintable", cure)
    yield from _time_problems(new)
    if not 1 <= new.max_per_person <= MAX_PER_PERSON:
        yield PlanProblem("max_per_person", f"is {new.max_per_person}", f"Use 1 to {MAX_PER_PERSON}")
    if re.fullmatch(r"[A-Z]{3}", new.currency) is None:
        yield PlanProblem("currency", f"{new.currency[:8]!r} is no currency", "Use an ISO 4217 code such as KRW")
    poster = new.poster
    if poster is not None and (len(poster) > 500 or re.fullmatch(r"(https://|/)[\x21-\x7e]+", poster) is None):
        yield PlanProblem("poster", "not a usable address", "Use https://… or a path that begins with /")


def _time_problems(new: NewEvent) -> Iterator[PlanProblem]:
    doors = new.starts_at if new.doors_at is None else new.doors_at
    named = {"on_sale_at": new.on_sale_at, "off_sale_at": new.off_sale_at, "doors_at": doors}
    named["starts_at"] = new.starts_at
    strange = [name for name, instant in named.items() if not _EARLIEST <= instant <= _LATEST]
    for name in strange:
        yield PlanProblem(name, f"{named[name]} is not an instant of this century", "Use UTC milliseconds")
    if strange:
        return
    for earlier, later, may_be_equal in (
        ("on_sale_at", "off_sale_at", False),
        ("off_sale_at", "starts_at", True),
        ("doors_at", "starts_at", True),
    ):
        if named[earlier] > named[later] or (named[earlier] == named[later] and not may_be_equal):
            what = f"{rfc3339(named[earlier])} is not before {later}, {rfc3339(named[later])}"
            yield PlanProblem(earlier, what, f"Move {earlier} forward or {later} back")


def _price_problems(new: NewEvent, plan: SeatPlan) -> Iterator[PlanProblem]:
    grades = plan.grades()
    priced = [price.grade for price in new.prices]
    for grade in grades:
        if grade not in priced:
            yield PlanProblem("prices", f"grade {grade!r} of the plan has no price", f"Add a price for {grade}")
    for i, price in enumerate(new.prices):
        where = f"prices[{i}]"
        if price.grade not in grades:
            yield PlanProblem(where, f"the plan has no grade {price.grade[:40]!r}", f"It has {', '.join(grades)}")
        if price.grade in priced[:i]:
            yield PlanProblem(where, f"grade {price.grade[:40]!r} is priced twice", "Keep one price")
        if type(price.amount) is not int or not 0 <= price.amount <= MAX_AMOUNT:
            yield PlanProblem(where, f"amount is {price.amount}", "Use minor units: a whole number of 0 or more")
        if price.color is not None and _COLOR.fullmatch(price.color) is None:
            yield PlanProblem(where, f"{price.color[:20]!r} is no colour", "Use #rrggbb")
        if price.name is not None:
            yield from _text_problems(f"{where}.name", price.name, MAX_NAME)


def _prices(new: NewEvent, plan: SeatPlan) -> Iterator[PriceGrade]:
    drawn = {style.grade: style.color for style in plan.styles if _COLOR.fullmatch(style.color)}
    for i, price in enumerate(new.prices):
        color = price.color or drawn.get(price.grade) or PALETTE[i % len(PALETTE)]
        yield PriceGrade(price.grade, price.name or Localized.same(price.grade), price.amount, color.lower())
