"""Tables and statements of the catalogue room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    insert,
    select,
)
from sqlalchemy.dialects.mysql import LONGBLOB, MEDIUMTEXT
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base.db import Database, Millis, table

from .model import Event, Localized, PriceGrade, SaleWindow, Venue

ID = String(40)
_LongText = Text().with_variant(MEDIUMTEXT(), "mysql", "mariadb")

venues = table(
    "venues",
    Column("id", ID, primary_key=True),
    Column("name_ko", String(200), nullable=False),
    Column("name_en", String(200), nullable=False),
    Column("address_ko", String(300), nullable=False),
    Column("address_en", String(300), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("created_at", Millis, nullable=False),
)

seat_plans = table(
    "seat_plans",
    Column("id", ID, primary_key=True),
    Column("version", String(32), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("venue_id", ID, ForeignKey("venues.id"), nullable=True),
    Column("capacity", Integer, nullable=False),
    # The public document, gzip: what goes over the wire is what is stored.
    Column("document", LargeBinary().with_variant(LONGBLOB(), "mysql", "mariadb"), nullable=False),
    Column("created_at", Millis, nullable=False),
)

events = table(
    "events",
    Column("id", ID, primary_key=True),
    Column("venue_id", ID, ForeignKey("venues.id"), nullable=False),
    Column("plan_id", ID, ForeignKey("seat_plans.id"), nullable=False),
    Column("plan_version", String(32), nullable=False),
    Column("name_ko", String(200), nullable=False),
    Column("name_en", String(200), nullable=False),
    Column("description_ko", _LongText, nullable=False),
    Column("description_en", _LongText, nullable=False),
    Column("starts_at", Millis, nullable=False),
    Column("doors_at", Millis, nullable=False),
    Column("on_sale_at", Millis, nullable=False),
    Column("off_sale_at", Millis, nullable=False),
    Column("max_per_person", Integer, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("waiting_room", Boolean, nullable=False),
    Column("cancelled", Boolean, nullable=False),
    Column("poster", String(500), nullable=True),
    Column("created_at", Millis, nullable=False),
    Index("ix_events_starts_at", "starts_at"),
)

event_prices = table(
    "event_prices",
    # Keyed by position: under some collations of MySQL the grades "r" and "R" would be one.
    Column("event_id", ID, ForeignKey("events.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("grade", String(64), nullable=False),
    Column("name_ko", String(200), nullable=False),
    Column("name_en", String(200), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("color", String(7), nullable=False),
)


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A stored plan; `document` is the gzipped public JSON."""

    id: str
    version: str
    name: str
    capacity: int
    document: bytes


async def insert_plan(db: Database, conn: AsyncConnection, plan: PlanRow, venue_id: str | None, now_ms: int) -> bool:
    """Add a plan; False when its version was already there (a plan never changes)."""
    known = select(seat_plans.c.id).where(seat_plans.c.version == plan.version)
    if (await conn.execute(known)).one_or_none() is not None:
        return False
    # Someone else may add it at this moment: that is as good.
    statement = db.insert_ignore(seat_plans).values(
        id=plan.id,
        version=plan.version,
        name=plan.name,
        venue_id=venue_id,
        capacity=plan.capacity,
        document=plan.document,
        created_at=now_ms,
    )
    return (await conn.execute(statement)).rowcount > 0


async def find_plan(conn: AsyncConnection, version: str) -> PlanRow | None:
    """The plan of a version."""
    columns = (seat_plans.c.id, seat_plans.c.version, seat_plans.c.name, seat_plans.c.capacity, seat_plans.c.document)
    row = (await conn.execute(select(*columns).where(seat_plans.c.version == version))).one_or_none()
    return None if row is None else PlanRow(row.id, row.version, row.name, row.capacity, bytes(row.document))


async def insert_venue(conn: AsyncConnection, venue: Venue, now_ms: int) -> None:
    """Add a venue."""
    await conn.execute(
        insert(venues).values(
            id=venue.id,
            name_ko=venue.name.ko,
            name_en=venue.name.en,
            address_ko=venue.address.ko,
            address_en=venue.address.en,
            time_zone=venue.time_zone,
            created_at=now_ms,
        )
    )


async def find_venue(conn: AsyncConnection, venue_id: str) -> Venue | None:
    """A venue by id."""
    row = (await conn.execute(select(venues).where(venues.c.id == venue_id))).one_or_none()
    return None if row is None else _venue(row)


async def insert_event(conn: AsyncConnection, event: Event, now_ms: int) -> None:
    """Add an event with its prices."""
    await conn.execute(
        insert(events).values(
            id=event.id,
            venue_id=event.venue.id,
            plan_id=event.plan_id,
            plan_version=event.plan_version,
            name_ko=event.name.ko,
            name_en=event.name.en,
            description_ko=event.description.ko,
            description_en=event.description.en,
            starts_at=event.starts_at,
            doors_at=event.doors_at,
            on_sale_at=event.sale.on_sale_at,
            off_sale_at=event.sale.off_sale_at,
            max_per_person=event.max_per_person,
            currency=event.currency,
            waiting_room=event.waiting_room,
            cancelled=event.sale.cancelled,
            poster=event.poster,
            created_at=now_ms,
        )
    )
    await conn.execute(
        insert(event_prices),
        [
            {
                "event_id": event.id,
                "position": position,
                "grade": price.grade,
                "name_ko": price.name.ko,
                "name_en": price.name.en,
                "amount": price.amount,
                "color": price.color,
            }
            for position, price in enumerate(event.prices)
        ],
    )


async def find_events(conn: AsyncConnection, *, starts_after: int, limit: int) -> list[Event]:
    """Events that start later than an instant, the next one first."""
    chosen = select(events).where(events.c.starts_at > starts_after)
    rows = (await conn.execute(chosen.order_by(events.c.starts_at, events.c.id).limit(limit))).all()
    return await _complete(conn, rows)


async def find_event(conn: AsyncConnection, event_id: str) -> Event | None:
    """An event by id, however old."""
    rows = (await conn.execute(select(events).where(events.c.id == event_id))).all()
    found = await _complete(conn, rows)
    return found[0] if found else None


async def _complete(conn: AsyncConnection, rows: Sequence[Any]) -> list[Event]:
    if not rows:
        return []
    wanted_venues = {row.venue_id for row in rows}
    found_venues = (await conn.execute(select(venues).where(venues.c.id.in_(wanted_venues)))).all()
    by_venue = {row.id: _venue(row) for row in found_venues}
    wanted = select(event_prices).where(event_prices.c.event_id.in_([row.id for row in rows]))
    prices: dict[str, list[PriceGrade]] = {}
    for row in (await conn.execute(wanted.order_by(event_prices.c.event_id, event_prices.c.position))).all():
        price = PriceGrade(row.grade, Localized(row.name_ko, row.name_en), row.amount, row.color)
        prices.setdefault(row.event_id, []).append(price)
    return [_event(row, by_venue[row.venue_id], prices.get(row.id, ())) for row in rows]


def _venue(row: Any) -> Venue:
    return Venue(row.id, Localized(row.name_ko, row.name_en), Localized(row.address_ko, row.address_en), row.time_zone)


def _event(row: Any, venue: Venue, prices: Iterable[PriceGrade]) -> Event:
    return Event(
        id=row.id,
        venue=venue,
        plan_id=row.plan_id,
        plan_version=row.plan_version,
        name=Localized(row.name_ko, row.name_en),
        description=Localized(row.description_ko, row.description_en),
        starts_at=row.starts_at,
        doors_at=row.doors_at,
        sale=SaleWindow(row.on_sale_at, row.off_sale_at, bool(row.cancelled)),
        max_per_person=row.max_per_person,
        currency=row.currency,
        waiting_room=bool(row.waiting_room),
        prices=tuple(prices),
        poster=row.poster,
    )


async def events_with_line(conn: AsyncConnection, now_ms: int) -> list[str]:
    """Ids of events with a waiting line whose sale is not over."""
    where = (events.c.waiting_room, events.c.off_sale_at > now_ms, events.c.cancelled.is_(False))
    return [row.id for row in await conn.execute(select(events.c.id).where(*where))]
