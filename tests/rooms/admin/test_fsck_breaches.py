"""Each breach is planted, named with its ids, put right where that is safe, and gone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rooms.admin.house import House, order_id
from tests.rooms.admin.plants import Plant
from tests.rooms.admin.plants_in_database import IN_DATABASE
from tests.rooms.admin.plants_in_stores import IN_STORES
from ticketing.admin.fsck.report import Breach, Report


def named(report: Report, plant: Plant, ids: dict[str, Any]) -> list[Breach]:
    """Breaches of the planted kind that name these ids."""
    return [
        breach
        for breach in report.breaches
        if (breach.invariant, breach.code) == (plant.invariant, plant.code) and breach.ids.items() >= ids.items()
    ]


async def untouchable(house: House) -> list[Any]:
    """What no repair may ever write."""
    return [
        await house.rows("SELECT * FROM tickets ORDER BY id"),
        await house.rows("SELECT * FROM ledger ORDER BY id"),
        await house.rows("SELECT * FROM orders ORDER BY id"),
        await house.rows("SELECT * FROM order_seats ORDER BY order_id, seat_id"),
        list(house.provider.lines),
    ]


async def prove(house: House, plant: Plant) -> None:
    """Named with exit code 1; after the repair clean, or still named. (Before, the house is clean: test_fsck_clean.)"""
    await plant.plant(house)
    ids = plant.ids(house)
    found = await house.check()
    assert found.exit_code == 1
    assert len(named(found, plant, ids)) == 1, found.document()["breaches"]

    before = await untouchable(house)
    done = await house.fix(found)
    assert await untouchable(house) == before
    if plant.revive:
        assert not any(repair.done for repair in done)
        assert named(await house.check(), plant, ids), "it was put right without being asked to"
        done = await house.fix(found, revive=True)
    again = await house.check()
    if plant.cured:
        assert again.breaches == [], again.document()["breaches"]
        assert again.exit_code == 0
        assert any(repair.done for repair in done)
    else:
        assert named(again, plant, ids)
        assert again.exit_code == 1


@pytest.mark.parametrize("plant", IN_DATABASE, ids=str)
async def test_a_breach_in_the_database(sqlite_house: House, plant: Plant) -> None:
    await prove(sqlite_house, plant)


@pytest.mark.slow
@pytest.mark.parametrize("plant", IN_DATABASE, ids=str)
async def test_a_breach_in_the_database_on_mariadb(mariadb_house: House, plant: Plant) -> None:
    await prove(mariadb_house, plant)


@pytest.mark.parametrize("plant", IN_STORES, ids=str)
async def test_a_breach_in_another_store(sqlite_house: House, plant: Plant) -> None:
    await prove(sqlite_house, plant)


@pytest.mark.parametrize(("table", "code"), [("order_seats", "seat_sold_twice"), ("tickets", "seat_ticketed_twice")])
async def test_a_seat_sold_twice_once_the_unique_key_is_gone(sqlite_house: House, table: str, code: str) -> None:
    house = sqlite_house
    await without_unique_key(house, table)
    found = await house.check()
    assert [(b.invariant, b.code, b.ids["table"]) for b in found.breaches] == [("I1", "unique_key_missing", table)]

    seat = house.seats[house.ordinals["inside"][0]]
    values = "live = 1" if table == "order_seats" else "live = 1, status = 'valid'"
    await house.sql(f"UPDATE {table} SET {values}, seat_id = :s WHERE order_id = :o", s=seat, o=order_id("refunded"))  # noqa: S608
    (double,) = [breach for breach in (await house.check()).breaches if breach.code == code]
    assert double.invariant == "I1"
    assert double.ids["seat_id"] == seat
    assert double.ids["order_ids"] == [order_id("inside"), order_id("refunded")]
    if table == "tickets":
        assert len(double.ids["ticket_ids"]) == 2
    # Nobody but people may decide who keeps the seat.
    await house.fix(await house.check())
    assert code in {breach.code for breach in (await house.check()).breaches}


async def test_the_other_unique_keys_are_missed_too(sqlite_house: House) -> None:
    await without_unique_key(sqlite_house, "ledger")
    (breach,) = (await sqlite_house.check()).breaches
    assert (breach.invariant, breach.code, breach.ids["table"]) == ("I3", "unique_key_missing", "ledger")
    assert breach.ids["columns"] == ["order_id", "kind", "reference"]


async def test_mariadb_tells_of_a_dropped_key(mariadb_house: House) -> None:
    house = mariadb_house
    await house.sql("ALTER TABLE order_seats DROP INDEX uq_order_seats_one_owner")
    try:
        codes = {(b.code, b.ids["table"]) for b in (await house.check()).breaches}
    finally:
        await house.sql(
            "ALTER TABLE order_seats ADD CONSTRAINT uq_order_seats_one_owner UNIQUE (event_id, seat_id, live)"
        )
    assert codes == {("unique_key_missing", "order_seats")}
    assert (await house.check()).breaches == []


async def without_unique_key(house: House, table: str) -> None:
    """Make the table anew without its UNIQUE constraint: SQLite cannot drop one."""
    ((made,),) = await house.rows("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :t", t=table)
    head, _, tail = made.partition(", \n\tCONSTRAINT uq_")
    assert tail, made
    rest = tail.partition(")")[2]
    await house.sql(f"ALTER TABLE {table} RENAME TO old_{table}")
    await house.sql(head + rest)
    await house.sql(f"INSERT INTO {table} SELECT * FROM old_{table}")  # noqa: S608
    await house.sql(f"DROP TABLE old_{table}")


async def test_orders_that_wait_in_the_queue_for_long(sqlite_house: House) -> None:
    assert "orders_wait_in_queue" not in {b.code for b in (await sqlite_house.check()).breaches}
    late = [b for b in (await sqlite_house.check(grace_seconds=0.0)).breaches if b.code == "orders_wait_in_queue"]
    assert [(b.invariant, b.ids["depth"]) for b in late] == [("I2", 1)]


async def test_dead_letters_say_whether_the_order_got_through(sqlite_house: House) -> None:
    house = sqlite_house
    bodies = [
        b'{"order_id":"%s","event_id":"%s"}' % (name.encode(), event.encode())
        for name, event in ((order_id("paid"), house.event.id), ("ord_lost", house.event.id), ("ord_x", "evt_none"))
    ]
    await house.queue.send(bodies)
    taken = await house.queue.receive(10, 0)
    await house.queue.release(taken, 0)
    while (await house.queue.stats()).dead < 4:
        await house.queue.receive(10, 0.05)
    told = {b.ids["order_id"]: b.detail for b in (await house.check()).breaches if b.code == "dead_letter"}
    assert "in the books all the same" in told[order_id("paid")]
    assert "waits for ever" in told["ord_lost"]
    assert "event does not exist" in told["ord_x"]
    narrowed = await house.check(event_id=house.event.id)
    assert {b.ids["order_id"] for b in narrowed.breaches} == {order_id("paid"), "ord_lost"}


async def test_a_person_is_only_counted_within_the_event(house: House) -> None:
    """Seats of two events are two counts; the same account may have the cap in each."""
    first = house.event
    await house.open()
    await house.order("second", "ticketed", seats=4)
    await house.sql("UPDATE orders SET account_id = 'acc_seated' WHERE id = :o", o=order_id("second"))
    await house.sql("UPDATE event_people SET account_id = 'acc_seated' WHERE account_id = 'acc_second'")
    found = {b.code for b in (await house.check(event_id=house.event.id)).breaches}
    assert "people_count_wrong" not in found
    assert "cap_exceeded" not in found
    assert (await house.check(event_id=first.id)).breaches == []
