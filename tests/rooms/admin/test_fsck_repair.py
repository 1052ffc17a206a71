"""What `--fix` must never do, whatever the report says: a report is old the moment it is made."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from tests.people import eventually
from tests.rooms.admin.house import PRICE, House, account_id, order_id
from ticketing.admin.fsck.report import Cure, Report, Scope


def told(house: House, code: str, cure: Cure, **ids: Any) -> Report:
    """A report of one breach, true or not."""
    report = Report(Scope(), house.now)
    report.breach("I6", code, "", cure=cure, event_id=house.event.id, **ids)
    return report


async def epoch_of(house: House) -> str:
    return str((await house.valkey.execute("HGET", house.key("meta"), "epoch")).decode())


async def test_a_seat_that_was_held_meanwhile_is_not_freed(sqlite_house: House) -> None:
    house = sqlite_house
    await house.valkey.execute("SETRANGE", house.key("seats"), 400, "1")
    await house.valkey.execute("SETRANGE", house.key("seats"), 401, "2")
    report = await house.check()
    assert {b.ids["ordinal"] for b in report.breaches} == {400, 401}
    # Between the check and the repair: somebody else put it right, and Bob took the seat.
    await house.valkey.execute("SETRANGE", house.key("seats"), 400, "0")
    await house.hold("bob", [400])
    (done,) = await house.fix(report)
    assert "freed 1 grey seats" in done.detail
    assert (await house.seat_state(400), await house.seat_state(401)) == (b"1", b"0")
    assert (await house.holds.read_hold(house.event.id, house.hold_id("bob")))["seats"] == "400"
    assert (await house.check()).breaches == []


async def test_nothing_is_freed_after_a_rebuild(sqlite_house: House) -> None:
    house = sqlite_house
    await house.valkey.execute("SETRANGE", house.key("seats"), 400, "1")
    report = await house.check()
    await house.valkey.execute("HSET", house.key("meta"), "epoch", "ep_another")
    (left,) = await house.fix(report)
    assert (left.done, await house.seat_state(400)) == (False, b"1")


async def test_a_live_hold_keeps_its_seat_when_the_seat_is_marked_anew(sqlite_house: House) -> None:
    house = sqlite_house
    await house.fix(told(house, "unsold_seat_marked_sold", Cure.MARK, ordinal=300, seat_id="x"))
    assert await house.seat_state(300) == b"1"
    sold = house.ordinals["seated"][0]
    await house.fix(told(house, "sold_seat_not_marked", Cure.MARK, ordinal=sold, seat_id="x"))
    assert await house.seat_state(sold) == b"3"


async def test_a_hold_gets_its_own_end_back(sqlite_house: House) -> None:
    house = sqlite_house
    held = await house.hold("bob", [400, 401])
    await house.valkey.execute("ZREM", house.key("expiry"), house.hold_id("bob"))
    await house.valkey.execute("HDEL", house.key("people"), account_id("bob"))
    await house.fix(await house.check())
    end = await house.valkey.execute("ZSCORE", house.key("expiry"), house.hold_id("bob"))
    assert int(float(end)) == held.expires_at
    assert int(await house.valkey.execute("HGET", house.key("people"), account_id("bob"))) == 2


@pytest.mark.parametrize(
    ("cure", "name", "topic"),
    [(Cure.CAPTURE, "paying", "capture"), (Cure.ISSUE, "paid", "issue"), (Cure.REFUND, "cancelled", "refund")],
)
async def test_a_message_is_written_once_and_only_while_it_is_needed(
    house: House, cure: Cure, name: str, topic: str
) -> None:
    async def waiting() -> int:
        ((n,),) = await house.rows("SELECT COUNT(*) FROM outbox WHERE topic = :t", t=topic)
        return int(n)

    await house.sql("DELETE FROM outbox WHERE topic = :t", t=topic)
    report = told(house, "nothing_moves_it", cure, order_id=order_id(name))
    assert [repair.done for repair in await house.fix(report)] == [True]
    assert [repair.done for repair in await house.fix(report)] == [False]
    assert await waiting() == 1
    if cure is not Cure.REFUND:
        await house.sql("DELETE FROM outbox WHERE topic = :t", t=topic)
        await house.sql("UPDATE orders SET state = 'declined' WHERE id = :o", o=order_id(name))
        assert [repair.done for repair in await house.fix(report)] == [False]
        assert await waiting() == 0


@pytest.mark.parametrize("people_first", [True, False])
async def test_a_recount_and_a_sale_at_the_same_time(mariadb_house: House, people_first: bool) -> None:
    """A sale writes seats, then the count; a cancellation might do it the other way round. Neither is lost."""
    house = mariadb_house
    await house.sql("UPDATE event_people SET seats = 9 WHERE account_id = 'acc_inside'")
    report = await house.check()
    steps = [
        "UPDATE order_seats SET live = 1 WHERE order_id = 'ord_declined'",
        "UPDATE event_people SET seats = seats + 1 WHERE account_id = 'acc_inside'",
    ]
    await house.sql("UPDATE orders SET account_id = 'acc_inside' WHERE id = 'ord_declined'")

    async def recount_waits() -> bool:
        # InnoDB renews this table only when nobody has read it for a tenth of a second.
        await asyncio.sleep(0.15)
        waits = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
        return await house.rows(waits) == [(1,)]

    sale = await house.db.engine.connect()
    try:
        begun = await sale.begin()
        if people_first:
            for step in reversed(steps):
                await sale.execute(text(step))
            fixing = asyncio.create_task(house.fix(report))
            await eventually(recount_waits)
            assert not fixing.done()
            await begun.commit()
            await fixing
        else:
            await sale.execute(text(steps[0]))
            await house.fix(report)
            await sale.execute(text(steps[1]))
            await begun.commit()
    finally:
        await sale.close()
    assert await house.rows("SELECT seats FROM event_people WHERE account_id = 'acc_inside'") == [(2,)]


async def test_money_is_left_to_people(house: House) -> None:
    """A capture beyond the order, and one for a declined order: told, and not touched."""
    await house.capture("seated", 2 * PRICE, "cap_more")
    house.provider.took("declined")
    report = await house.check()
    ledger = await house.rows("SELECT * FROM ledger ORDER BY id")
    outbox = await house.rows("SELECT * FROM outbox ORDER BY id")
    assert {b.code for b in report.breaches} >= {"charged_twice", "provider_knows_more"}
    assert await house.fix(report) == []
    assert await house.rows("SELECT * FROM ledger ORDER BY id") == ledger
    assert await house.rows("SELECT * FROM outbox ORDER BY id") == outbox
