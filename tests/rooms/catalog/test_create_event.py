"""Plans and events go into the store whole, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from tests.rooms.catalog.conftest import NOW, TABLES
from tests.rooms.catalog.plans import plan, small_hall, standing
from ticketing.base import ids
from ticketing.base.clock import ManualClock
from ticketing.base.db import Database
from ticketing.base.ids import looks_like_id
from ticketing.catalog import create_event as module
from ticketing.catalog import sql
from ticketing.catalog.create_event import InvalidEvent, NewEvent, NewPrice, NewVenue, create_event, describe
from ticketing.catalog.load import open_plan
from ticketing.catalog.model import GradeStyle, Localized, PriceGrade, SaleStatus
from ticketing.catalog.sample import add_sample_shows, sample_shows
from ticketing.catalog.save_plan import save_plan

HOUR = 3_600_000
VENUE = NewVenue(Localized("작은 극장", "Small hall"), Localized("서울", "Seoul"), "Asia/Seoul")


def show(version: str, **more: Any) -> NewEvent:
    new = NewEvent(
        plan_version=version,
        name=Localized("첫 공연 🎉", "First show"),
        description=Localized("줄\n바꿈", ""),
        starts_at=NOW + 100 * HOUR,
        on_sale_at=NOW - HOUR,
        off_sale_at=NOW + 99 * HOUR,
        prices=(
            NewPrice("VIP", 198_000, Localized("VIP석", "VIP"), "#ABCDEF"),
            NewPrice("R", 0),
            NewPrice("S", 143_000),
            NewPrice("STANDING", 121_000),
        ),
    )
    return replace(new, **more)


async def rows(db: Database) -> list[int]:
    async with db.read() as conn:
        return [(await conn.execute(select(func.count()).select_from(table))).scalar_one() for table in TABLES]


async def test_a_plan_is_stored_once_however_often_it_is_saved(any_db: Database, clock: ManualClock) -> None:
    first = await save_plan(any_db, clock, small_hall())
    again = await save_plan(any_db, clock, small_hall())
    assert (first.is_new, again.is_new) == (True, False)
    assert (first.id, first.version) == (again.id, again.version)
    other = await save_plan(any_db, clock, plan(standing("A", 1)))
    assert other.version != first.version
    assert await rows(any_db) == [0, 2, 0, 0]
    async with any_db.read() as conn:
        stored = await sql.find_plan(conn, first.version)
        assert await sql.find_plan(conn, "nothing") is None
    assert stored is not None
    assert stored.capacity == 14
    assert open_plan(stored.document) == small_hall()


async def test_an_event_comes_back_as_it_was_made(any_db: Database, clock: ManualClock) -> None:
    styled = replace(small_hall(), styles=(GradeStyle("R", "#123456"), GradeStyle("S", "red")))
    saved = await save_plan(any_db, clock, styled)
    event = await create_event(any_db, clock, VENUE, show(saved.version, poster="/posters/1.webp", waiting_room=True))
    async with any_db.read() as conn:
        assert await sql.find_event(conn, event.id) == event
        assert await sql.find_event(conn, "evt_aaaaaaaa") is None
        assert await sql.find_events(conn, starts_after=NOW, limit=5) == [event]
        assert await sql.find_events(conn, starts_after=event.starts_at, limit=5) == []
    assert looks_like_id(event.id)
    assert event.doors_at == event.starts_at
    assert event.prices[:3] == (
        PriceGrade("VIP", Localized("VIP석", "VIP"), 198_000, "#abcdef"),
        PriceGrade("R", Localized.same("R"), 0, "#123456"),
        PriceGrade("S", Localized.same("S"), 143_000, module.PALETTE[2]),
    )
    assert event.status(NOW) is SaleStatus.ON_SALE
    assert describe(event)["prices"] == {"VIP": "198000 KRW", "R": "0 KRW", "S": "143000 KRW", "STANDING": "121000 KRW"}
    json.dumps(describe(event))


async def test_a_second_event_uses_the_same_venue(any_db: Database, clock: ManualClock) -> None:
    saved = await save_plan(any_db, clock, small_hall())
    first = await create_event(any_db, clock, VENUE, show(saved.version))
    second = await create_event(any_db, clock, first.venue.id, show(saved.version, starts_at=NOW + 99 * HOUR))
    assert second.venue == first.venue
    assert await rows(any_db) == [1, 1, 2, 8]
    async with any_db.read() as conn:
        assert await sql.find_events(conn, starts_after=0, limit=5) == [second, first]
        assert await sql.find_events(conn, starts_after=0, limit=1) == [second]


@pytest.mark.parametrize(
    ("change", "where", "words"),
    [
        ({"plan_version": "nope"}, "plan_version", "Import the plan first"),
        ({"name": Localized("", "x")}, "name.ko", "printable"),
        ({"name": Localized("x", "y" * 201)}, "name.en", "200"),
        ({"description": Localized("\x00", "")}, "description.ko", "printable"),
        ({"on_sale_at": NOW + 99 * HOUR}, "on_sale_at", "not before off_sale_at"),
        ({"off_sale_at": NOW + 101 * HOUR}, "off_sale_at", "not before starts_at"),
        ({"doors_at": NOW + 101 * HOUR}, "doors_at", "not before starts_at"),
        ({"starts_at": 1_790_000_000}, "starts_at", "milliseconds"),
        ({"max_per_person": 0}, "max_per_person", "1 to 100"),
        ({"max_per_person": 101}, "max_per_person", "1 to 100"),
        ({"currency": "won"}, "currency", "ISO 4217"),
        ({"poster": "javascript:alert(1)"}, "poster", "https"),
        ({"prices": ()}, "prices", "grade 'VIP' of the plan has no price"),
    ],
)
async def test_each_mistake_is_named_and_nothing_is_written(
    db: Database, clock: ManualClock, change: dict[str, Any], where: str, words: str
) -> None:
    saved = await save_plan(db, clock, small_hall())
    with pytest.raises(InvalidEvent) as caught:
        await create_event(db, clock, VENUE, replace(show(saved.version), **change))
    assert any(p.where == where and words in str(p) for p in caught.value.problems), str(caught.value)
    assert await rows(db) == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ("price", "words"),
    [
        (NewPrice("X", 1), "the plan has no grade 'X'. It has VIP, R, S, STANDING"),
        (NewPrice("R", 1), "grade 'R' is priced twice"),
        (NewPrice("R", -1), "amount is -1"),
        (NewPrice("R", 1.5), "amount is 1.5"),  # type: ignore[arg-type]
        (NewPrice("R", True), "amount is True"),
        (NewPrice("R", 1, color="blue"), "no colour"),
        (NewPrice("R", 1, name=Localized(" ", "R")), "prices[4].name.ko"),
    ],
)
async def test_prices_fit_the_plan(db: Database, clock: ManualClock, price: NewPrice, words: str) -> None:
    saved = await save_plan(db, clock, small_hall())
    new = show(saved.version)
    with pytest.raises(InvalidEvent) as caught:
        await create_event(db, clock, VENUE, replace(new, prices=(*new.prices, price)))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("venue", "where"),
    [
        ("ven_unknown", "venue"),
        (replace(VENUE, time_zone="Seoul"), "venue.time_zone"),
        (replace(VENUE, time_zone="Asia"), "venue.time_zone"),
        (replace(VENUE, time_zone="../../etc/passwd"), "venue.time_zone"),
        (replace(VENUE, time_zone=""), "venue.time_zone"),
        (replace(VENUE, name=Localized("", "")), "venue.name.ko"),
        (replace(VENUE, address=Localized("", "")), "venue.address.en"),
    ],
)
async def test_the_house_is_real(db: Database, clock: ManualClock, venue: NewVenue | str, where: str) -> None:
    saved = await save_plan(db, clock, small_hall())
    with pytest.raises(InvalidEvent) as caught:
        await create_event(db, clock, venue, show(saved.version))
    assert where in [p.where for p in caught.value.problems]
    assert caught.value.document()["code"] == "invalid_event"
    assert await rows(db) == [0, 1, 0, 0]


async def test_a_failure_half_way_leaves_nothing(any_db: Database, clock: ManualClock) -> None:
    saved = await save_plan(any_db, clock, small_hall())
    event = await create_event(any_db, clock, VENUE, show(saved.version))
    before = await rows(any_db)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids, "new_id", lambda prefix: event.id if prefix == "evt" else "ven_another")
        with pytest.raises(IntegrityError):
            await create_event(any_db, clock, VENUE, show(saved.version))
    assert await rows(any_db) == before


async def test_the_sample_shows(any_db: Database, clock: ManualClock) -> None:
    entered = await add_sample_shows(any_db, clock)
    assert [event.status(NOW).value for event in entered] == ["on_sale", "announced", "on_sale", "announced"]
    assert len(entered) == len(sample_shows(NOW)) == 4
    assert {price.grade: price.amount for price in entered[0].prices}["VIP"] == 198_000
    assert await rows(any_db) == [2, 2, 4, 17]
    again = await add_sample_shows(any_db, clock)
    assert {event.id for event in again} == {event.id for event in entered}
    # When all of them are over, new ones are entered.
    clock.advance(400 * 24 * 3600)
    fresh = await add_sample_shows(any_db, clock)
    assert {event.id for event in fresh}.isdisjoint(event.id for event in entered)
    assert await rows(any_db) == [4, 2, 8, 34]
