"""A busy house that is honest is clean: what is under way is told with its amounts, and is no breach."""

from __future__ import annotations

import pytest

from tests.rooms.admin.house import PRICE, House, account_id, order_id
from ticketing.admin.fsck.books import Books, snapshot
from ticketing.admin.fsck.check import UnknownEvent
from ticketing.admin.fsck.outbox import _ORDER_TOPICS, _OTHER_TOPICS
from ticketing.base import alerts
from ticketing.orders import messages
from ticketing.payments.gateway import StatementPage, Unknown


async def test_a_busy_house_is_clean_and_tells_what_is_under_way(house: House) -> None:
    report = await house.check()
    assert report.breaches == []
    assert report.unchecked == []
    assert report.exit_code == 0
    moving = {kind: (tally.count, tally.amounts["KRW"]) for kind, tally in report.in_flight.items()}
    assert moving == {
        "awaiting_payment": (2, 3 * PRICE),
        "taken_not_booked": (1, PRICE),
        "awaiting_tickets": (1, PRICE),
        "refund_due": (2, 80_000 + PRICE),
        "given_back_not_booked": (1, PRICE),
        "refund_to_be_closed": (1, 0),
        "seats_on_their_way_to_valkey": (1, 0),
        "orders_in_queue": (1, 0),
    }
    (money,) = report.money
    # seated 2, inside 1, twice 2, refunded, paid, cancelled, late, closing; the guest came free.
    assert (money.captured, money.tickets, money.awaiting_tickets) == (10 * PRICE, 4 * PRICE, PRICE)
    assert (money.refunded, money.refund_due, money.fees) == (2 * PRICE + 90_000, PRICE + 80_000, 30_000)
    assert money.difference == 0
    assert report.figures["orders"] == 14
    assert report.checked == [
        "schema", "outbox", "double sales", "places", "orders", "provider", "people", "money", "queue", "holds",
    ]  # fmt: skip


async def test_one_event_alone(house: House) -> None:
    assert (await house.check(event_id=house.event.id)).exit_code == 0
    # Another event's troubles are not this one's.
    busy = house.event.id
    await house.open()
    await house.sql("UPDATE orders SET state = 'paid' WHERE id = :id", id=order_id("seated"))
    assert (await house.check(event_id=house.event.id)).breaches == []
    found = await house.check(event_id=busy)
    assert {breach.ids["event_id"] for breach in found.breaches} == {busy}
    with pytest.raises(UnknownEvent):
        await house.check(event_id="evt_nowhere")


async def test_what_is_under_way_for_too_long_is_a_breach(house: House) -> None:
    house.clock.advance(301)
    late = {breach.ids["order_id"]: breach.code for breach in (await house.check()).breaches if "topic" in breach.ids}
    assert late == dict.fromkeys(map(order_id, ("paid", "cancelled", "late", "closing")), "takes_too_long")
    # An order may wait for its payment as long as the payment window says, and then for the grace.
    house.clock.advance(900)
    late = {breach.ids["order_id"]: breach.code for breach in (await house.check()).breaches if "topic" in breach.ids}
    assert late.keys() >= {order_id("paying"), order_id("taken")}


async def test_the_grace_is_the_callers_to_choose(house: House) -> None:
    codes = {breach.code for breach in (await house.check(grace_seconds=3, payment_window_seconds=0)).breaches}
    assert codes >= {"takes_too_long", "hold_overdue"}
    house.clock.advance(3000)
    assert "takes_too_long" not in {b.code for b in (await house.check(grace_seconds=4000)).breaches}


async def test_a_piece_at_a_time_finds_all_orders_and_all_strays(house: House) -> None:
    whole = {name: order_id(name) for name in house.ordinals}
    for stray in ("ord_", "ord_m", "ord_zzz"):
        await house.sql(
            "INSERT INTO ledger (order_id, event_id, kind, reference, amount, currency, detail, at)"
            " VALUES (:o, 'evt', 'captured', 'r', 1, 'KRW', '', 1)",
            o=stray,
        )
    for size in (1, 2, 3, 5, 14, 15):
        async with house.db.read() as conn:
            pieces = [piece async for piece in Books(conn).pieces(size)]
        assert [case for piece in pieces for case in piece.cases] == sorted(whole.values())
        assert [row.order_id for piece in pieces for row in piece.stray_entries] == ["ord_", "ord_m", "ord_zzz"]
        assert sum(len(case.seats) for piece in pieces for case in piece.cases.values()) == 16


async def test_the_books_are_read_at_one_moment(house: House) -> None:
    """Issuing tickets in the middle of the check must not look like half of it."""

    async def state(conn_books: Books) -> str:
        return str((await conn_books.rows("SELECT state FROM orders WHERE id = :id", id=order_id("paid")))[0].state)

    async with snapshot(house.db) as conn, house.db.read() as plain:
        assert await state(Books(conn)) == "paid"
        assert await state(Books(plain)) == "paid"
        await house.sql("UPDATE orders SET state = 'ticketed' WHERE id = :id", id=order_id("paid"))
        assert await state(Books(conn)) == "paid"
        if house.db.dialect == "mysql":
            # The control: the product's own isolation level would have shown both moments in one check.
            assert await state(Books(plain)) == "ticketed"
    # Both connections go back to the pool as the product wants them.
    async with house.db.read() as one, house.db.read() as other:
        for conn in (one, other):
            assert await isolation(Books(conn)) in ({"READ-COMMITTED"}, None)


async def isolation(books: Books) -> set[str] | None:
    if books.conn.dialect.name == "sqlite":
        return None
    levels = await books.rows("SHOW VARIABLES LIKE '%isolation'")
    return {str(row[1]) for row in levels if row[0] in ("transaction_isolation", "tx_isolation")}


async def test_orders_that_come_in_while_the_provider_is_asked_are_no_strangers(house: House) -> None:
    """The provider's books are newer than the snapshot of ours: what only it knows is looked up again."""
    pages = house.provider.statement

    async def busy(after: str | None = None) -> StatementPage | Unknown:
        if "booked" not in house.ordinals:
            await house.order("booked", "ticketed")
            await house.capture("booked")
            await house.issue("booked")
            await house.order("asked", "reserved")
            await house.message("capture", {"order_id": order_id("asked")})
            house.provider.took("asked")
            await house.sql("UPDATE orders SET state = 'paid' WHERE id = :o", o=order_id("taken"))
            await house.book("taken", "captured", reference="cap_taken")
            await house.sql("DELETE FROM outbox WHERE topic = 'capture' AND payload LIKE '%ord_taken%'")
            await house.message("issue", {"order_id": order_id("taken")})
            await house.valkey.execute("SETRANGE", house.key("seats"), house.ordinals["booked"][0], "33")
            for name in ("booked", "asked"):
                await house.valkey.execute("HSET", house.key("bought"), account_id(name), 1)
        return await pages(after)

    house.provider.statement = busy  # type: ignore[method-assign]
    report = await house.check()
    assert "booked" in house.ordinals
    assert report.breaches == []
    # All of it was after the snapshot of our books, and is in the next one.
    assert report.figures["orders"] == 14
    again = await house.check()
    assert (again.breaches, again.figures["orders"]) == ([], 16)


async def test_a_sale_between_two_readings_is_not_a_difference(sqlite_house: House) -> None:
    """A seat that is sold and marked while we look at it: seen differently once, and the same afterwards."""
    house = sqlite_house
    sneaky = _MarksWhileRead(house)
    house.valkey.execute = sneaky.execute  # type: ignore[method-assign]
    report = await house.check()
    assert sneaky.read >= 2, "one look was believed"
    assert report.breaches == []
    # The control: the same difference, when it stays, is a breach.
    sneaky.again = True
    assert {breach.code for breach in (await house.check()).breaches} == {"unsold_seat_marked_sold"}


class _MarksWhileRead:
    """Answers the first reading of the seats with one more sold than the database knows of."""

    def __init__(self, house: House) -> None:
        self._execute = house.valkey.execute
        self._key = house.key("seats")
        self.read = 0
        self.again = False

    async def execute(self, *command: object) -> object:
        answer = await self._execute(*command)
        if command == ("GET", self._key) and isinstance(answer, bytes):
            self.read += 1
            if self.read == 1 or self.again:
                return answer[:400] + b"3" + answer[401:]
        return answer


async def test_news_on_its_way_explains_a_difference_only_within_the_grace(sqlite_house: House) -> None:
    house = sqlite_house
    await house.sql("UPDATE outbox SET created_at = created_at - 400000 WHERE topic = 'seats'")
    found = [(b.code, b.ids.get("account_id")) for b in (await house.check()).breaches]
    assert found.count(("sold_seat_not_marked", None)) == 2
    assert ("bought_count_wrong", account_id("paying")) in found


async def test_what_waits_in_the_outbox_for_its_turn_is_under_way(house: House) -> None:
    """An order that the queue did not take, a slot that is to be freed, an alert."""
    placed = {"order_id": "ord_on_its_way", "event_id": house.event.id, "amounts": [PRICE, PRICE], "currency": "KRW"}
    await house.message("placed", placed)
    await house.message("visit", {"order_id": order_id("paid")})
    await house.message("alert", {"subject": "s", "text": "t"})
    report = await house.check()
    assert report.breaches == []
    tally = report.in_flight["orders_in_outbox"]
    assert (tally.count, tally.amounts["KRW"]) == (1, 2 * PRICE)
    house.clock.advance(301)
    late = [breach for breach in (await house.check()).breaches if breach.ids.get("order_id") == "ord_on_its_way"]
    assert [breach.code for breach in late] == ["takes_too_long"]


def test_every_topic_of_the_rooms_is_known() -> None:
    written = {value for name, value in vars(messages).items() if name.isupper()} | {alerts.TOPIC}
    assert written == {*_ORDER_TOPICS, *_OTHER_TOPICS}
