"""Cancel: tickets void, seats back, money owed by the rules of the purchase; never half of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.rooms.orders.conftest import DAY, PRICE, Desk
from ticketing.base.errors import Conflict, NotFound
from ticketing.base.outbox import OutboxRow
from ticketing.orders import messages
from ticketing.orders.cancel import Cancellation
from ticketing.orders.model import CONSUMER_STANDARD, RefundPolicy, RefundTier
from ticketing.orders.policy import write_policy
from ticketing.orders.sql import orders
from ticketing.payments.gateway import Declined
from ticketing.tickets import sql as ticket_sql
from ticketing.tickets.issue import Issue

ALICE, BOB = "acc_aaaaaaaaaaaaaaaa", "acc_bbbbbbbbbbbbbbbb"


@pytest.fixture
def cancellation(desk: Desk) -> Cancellation:
    return Cancellation(desk.db, desk.catalog, desk.clock, ticket_sql.void_tickets)


async def bought(desk: Desk, *seats: int) -> str:
    """An order with tickets."""
    order_id = await desk.place(*seats)
    await desk.pay(order_id, f"cap-{order_id}")
    row = OutboxRow(0, messages.encode(messages.OrderEvent(order_id)), 0, 0)
    await desk.db.transact(lambda conn: Issue(desk.db, desk.clock)(conn, [row]))
    assert (await desk.state(order_id))[0] == "ticketed"
    return order_id


async def tickets(desk: Desk, order_id: str) -> list[tuple[str, str, int | None]]:
    table = ticket_sql.tickets
    rows = await desk.db.fetch(select(table).where(table.c.order_id == order_id).order_by(table.c.seat_id))
    return [(row.seat_id, row.status, row.live) for row in rows]


async def everything(desk: Desk, order_id: str) -> tuple[Any, ...]:
    return (
        await desk.state(order_id),
        await desk.sold(),
        await desk.people(),
        await desk.ledger(order_id),
        await desk.waiting(),
        await tickets(desk, order_id),
    )


async def test_all_of_it_in_one_commit(desk: Desk, cancellation: Cancellation) -> None:
    order_id = await bought(desk, 0, 1)
    await cancellation.cancel(order_id, ALICE)
    assert await desk.state(order_id) == ("cancelled", "cancelled_by_buyer")
    assert (await desk.sold(), await desk.people()) == ([], {})
    assert [(status, live) for _, status, live in await tickets(desk, order_id)] == [("void", None)] * 2
    money = await desk.money(order_id)
    assert (money.refund_due, money.fees, money.kept) == (2 * PRICE, 0, 0)
    waiting = await desk.waiting()
    assert (waiting.count("refund"), waiting.count("seats")) == (1, 2)


async def test_seats_can_be_sold_and_cancelled_again_and_again(desk: Desk, cancellation: Cancellation) -> None:
    for _ in range(3):
        order_id = await bought(desk, 0)
        await cancellation.cancel(order_id, ALICE)
    assert await desk.people() == {}


@pytest.mark.parametrize(("days", "fee"), [(30, 0), (8, 10_000), (2, 30_000), (0.5, 90_000)])
async def test_the_fee_is_kept_by_the_ladder(desk: Desk, cancellation: Cancellation, days: float, fee: int) -> None:
    order_id = await bought(desk, 0)
    desk.clock.advance((30 - days) * DAY)
    await cancellation.cancel(order_id, ALICE)
    money = await desk.money(order_id)
    assert (money.refund_due, money.fees, money.kept) == (PRICE - fee, fee, 0)


async def test_the_rules_are_those_of_the_purchase(desk: Desk, cancellation: Cancellation) -> None:
    order_id = await bought(desk, 0)
    strict = write_policy(RefundPolicy((RefundTier(0, 50),), 0, 0))
    assert strict != write_policy(CONSUMER_STANDARD)
    await desk.db.transact(lambda conn: conn.execute(update(orders).values(policy=strict)))
    desk.clock.advance(1)
    await cancellation.cancel(order_id, ALICE)
    assert (await desk.money(order_id)).fees == PRICE // 2


async def test_twice_is_once(desk: Desk, cancellation: Cancellation) -> None:
    order_id = await bought(desk, 0)
    await cancellation.cancel(order_id, ALICE)
    before = await everything(desk, order_id)
    await cancellation.cancel(order_id, ALICE)
    assert await everything(desk, order_id) == before


async def test_ten_at_once_are_one(desk: Desk, cancellation: Cancellation) -> None:
    order_id = await bought(desk, 0, 1)
    await asyncio.gather(*(cancellation.cancel(order_id, ALICE) for _ in range(10)))
    assert (await desk.money(order_id)).refund_due == 2 * PRICE
    assert await desk.people() == {}
    assert (await desk.waiting()).count("refund") == 1


@pytest.mark.parametrize("who", [BOB, "", "acc_aaaaaaaaaaaaaaaA"])
async def test_only_ones_own(desk: Desk, cancellation: Cancellation, who: str) -> None:
    order_id = await bought(desk, 0)
    before = await everything(desk, order_id)
    with pytest.raises(NotFound):
        await cancellation.cancel(order_id, who)
    with pytest.raises(NotFound):
        await cancellation.cancel("ord_nobodyknows", ALICE)
    assert await everything(desk, order_id) == before


async def refused(desk: Desk, cancellation: Cancellation, order_id: str, words: str) -> None:
    before = await everything(desk, order_id)
    with pytest.raises(Conflict, match=words) as error:
        await cancellation.cancel(order_id, ALICE)
    assert error.value.code == "not_cancellable"
    assert await everything(desk, order_id) == before, "a refusal leaves nothing behind"


async def test_not_while_the_money_is_on_its_way(desk: Desk, cancellation: Cancellation) -> None:
    await refused(desk, cancellation, await desk.place(0), "reserved")


async def test_not_what_was_declined(desk: Desk, cancellation: Cancellation) -> None:
    order_id = await desk.place(0)
    await desk.settle(order_id, Declined("no"))
    await refused(desk, cancellation, order_id, "declined")


async def test_not_after_the_show_began(desk: Desk, cancellation: Cancellation) -> None:
    order_id = await bought(desk, 0)
    desk.clock.advance(30 * DAY)
    await refused(desk, cancellation, order_id, "has begun")


async def test_not_after_one_of_them_went_through_the_gate(desk: Desk, cancellation: Cancellation) -> None:
    order_id = await bought(desk, 0, 1)

    async def admit(conn: AsyncConnection) -> None:
        first = (await conn.execute(select(ticket_sql.tickets.c.id).limit(1))).scalar_one()
        assert await ticket_sql.admit(conn, first, "acc_gate", desk.clock.now_ms())

    await desk.db.transact(admit)
    await refused(desk, cancellation, order_id, "used at the gate")
    assert sorted(status for _, status, _ in await tickets(desk, order_id)) == ["used", "valid"]
