"""Facts about money: twice, late, contradictory and in any order, and the books still add up."""

from __future__ import annotations

import itertools

import pytest

from tests.rooms.orders.conftest import PRICE, Desk
from ticketing.orders import sql
from ticketing.orders.model import OrderState
from ticketing.payments.gateway import Captured, Declined, Voided
from ticketing.payments.model import EntryKind, PaymentStatus

BOB = "acc_bbbbbbbbbbbbbbbb"


async def kinds(desk: Desk, order_id: str) -> list[str]:
    return [entry.kind.value for entry in await desk.ledger(order_id)]


async def ticketed(desk: Desk, order_id: str) -> None:
    moved = await desk.db.transact(
        lambda conn: sql.move(conn, [order_id], [OrderState.PAID], OrderState.TICKETED, desk.clock.now_ms())
    )
    assert moved == 1


async def test_money_for_reserved_seats_pays_the_order(desk: Desk) -> None:
    order_id = await desk.place(0, 1)
    assert (await desk.state(order_id), await desk.sold()) == (("reserved", None), [0, 1])
    await desk.pay(order_id)
    assert await desk.state(order_id) == ("paid", None)
    assert await kinds(desk, order_id) == ["capture_requested", "captured"]
    assert (await desk.money(order_id)).kept == 2 * PRICE
    assert (await desk.waiting()).count("issue") == 1


@pytest.mark.parametrize("echoes", [1, 3])
async def test_the_same_capture_told_again_changes_nothing(desk: Desk, echoes: int) -> None:
    order_id = await desk.place(0)
    await desk.pay(order_id)
    before = (await desk.ledger(order_id), await desk.waiting(), await desk.state(order_id))
    for _ in range(echoes):
        await desk.pay(order_id)
    assert (await desk.ledger(order_id), await desk.waiting(), await desk.state(order_id)) == before


@pytest.mark.parametrize("with_tickets", [False, True])
async def test_a_second_capture_is_owed_back_and_the_order_keeps_its_seats(desk: Desk, with_tickets: bool) -> None:
    order_id = await desk.place(0)
    await desk.pay(order_id, "cap_1")
    if with_tickets:
        await ticketed(desk, order_id)
    for _ in range(3):
        await desk.pay(order_id, "cap_2")
    money = await desk.money(order_id)
    assert (money.captured, money.refund_due, money.kept) == (2 * PRICE, PRICE, PRICE)
    assert [refund.amount for refund in money.open_refunds] == [PRICE], "owed once, however often it was told"
    assert (await desk.state(order_id))[0] == ("ticketed" if with_tickets else "paid")
    assert await desk.sold() == [0]
    assert (await desk.waiting()).count("refund") == 1


@pytest.mark.parametrize(
    ("outcome", "state", "reason", "kind"),
    [
        (Declined("card_declined"), "declined", "payment_declined", EntryKind.DECLINED),
        (Voided(), "expired", "payment_expired", EntryKind.VOIDED),
    ],
)
async def test_no_money_frees_the_seats_and_the_persons_count(
    desk: Desk, outcome: Declined | Voided, state: str, reason: str, kind: EntryKind
) -> None:
    order_id = await desk.place(0, 1)
    assert await desk.people() == {"acc_aaaaaaaaaaaaaaaa": 2}
    for _ in range(2):
        await desk.settle(order_id, outcome)
    assert await desk.state(order_id) == (state, reason)
    assert (await desk.sold(), await desk.people()) == ([], {})
    assert await kinds(desk, order_id) == ["capture_requested", kind.value]
    waiting = await desk.waiting()
    assert (waiting.count("notice"), waiting.count("issue"), waiting.count("refund")) == (1, 0, 0)
    assert waiting.count("seats") == 2, "one when they were taken, one when they were freed"


@pytest.mark.parametrize("outcome", [Declined("card_declined"), Voided()])
async def test_a_no_after_the_yes_is_not_believed(desk: Desk, outcome: Declined | Voided) -> None:
    order_id = await desk.place(0)
    await desk.pay(order_id)
    before = (await desk.ledger(order_id), await desk.waiting())
    await desk.settle(order_id, outcome)
    assert (await desk.ledger(order_id), await desk.waiting()) == before
    assert (await desk.state(order_id), await desk.sold()) == (("paid", None), [0])


@pytest.mark.parametrize("outcome", [Declined("card_declined"), Voided()])
async def test_late_money_takes_the_seats_again_while_they_are_free(desk: Desk, outcome: Declined | Voided) -> None:
    order_id = await desk.place(0, 1)
    await desk.settle(order_id, outcome)
    await desk.pay(order_id)
    assert await desk.state(order_id) == ("paid", None)
    assert (await desk.sold(), await desk.people()) == ([0, 1], {"acc_aaaaaaaaaaaaaaaa": 2})
    assert (await desk.money(order_id)).kept == 2 * PRICE
    assert (await desk.waiting()).count("issue") == 1
    assert (await desk.waiting()).count("refund") == 0


async def test_late_money_for_seats_that_are_gone_is_owed_back_whole(desk: Desk) -> None:
    late = await desk.place(0, 1)
    await desk.settle(late, Voided())
    faster = await desk.place(1, 2, account=BOB)
    for _ in range(2):
        await desk.pay(late)
    assert (await desk.state(late))[0] == "expired"
    assert await desk.sold() == [1, 2], "not even the seat that was free: all or none"
    assert await desk.people() == {BOB: 2}
    money = await desk.money(late)
    assert (money.status, money.refund_due, money.kept) == (PaymentStatus.REFUND_DUE, 2 * PRICE, 0)
    assert (await desk.state(faster))[0] == "reserved"
    waiting = await desk.waiting()
    assert (waiting.count("refund"), waiting.count("issue")) == (1, 0)
    assert waiting.count("notice") == 1, "that of the expiry; its 'you have not been charged' is not said once more"


async def test_late_money_of_one_who_bought_others_meanwhile_respects_the_cap(desk: Desk) -> None:
    late = await desk.place(0, 1)
    await desk.settle(late, Voided())
    await desk.place(2, 3, 4)
    await desk.pay(late)
    assert (await desk.state(late))[0] == "expired"
    assert (await desk.sold(), await desk.people()) == ([2, 3, 4], {"acc_aaaaaaaaaaaaaaaa": 3})
    assert (await desk.money(late)).refund_due == 2 * PRICE


@pytest.mark.parametrize(
    "outcome", [Captured("cap_1", PRICE - 1, "KRW"), Captured("cap_1", PRICE + 1, "KRW")], ids=["less", "more"]
)
async def test_another_amount_than_asked_buys_nothing_and_goes_back_whole(desk: Desk, outcome: Captured) -> None:
    order_id = await desk.place(0)
    await desk.settle(order_id, outcome)
    await desk.settle(order_id, outcome)
    assert (await desk.state(order_id))[0] == "cancelled"
    assert (await desk.sold(), await desk.people()) == ([], {})
    money = await desk.money(order_id)
    assert (money.captured, money.refund_due, money.kept) == (outcome.amount, outcome.amount, 0)
    waiting = await desk.waiting()
    assert (waiting.count("issue"), waiting.count("refund")) == (0, 1)


async def test_unknown_orders_are_left_out(desk: Desk) -> None:
    order_id = await desk.place(0)
    before = await desk.waiting()
    await desk.settle("ord_nobodyknows", Captured("cap_1", PRICE, "KRW"))
    await desk.settle("ord_nobodyknows", Declined("x"))
    await desk.db.transact(lambda conn: desk.settlement.settle(conn, {}))
    assert await desk.waiting() == before
    assert await desk.ledger("ord_nobodyknows") == []
    await desk.db.transact(
        lambda conn: desk.settlement.settle(
            conn, {"ord_nobodyknows": Voided(), order_id: Captured("cap_1", PRICE, "KRW")}
        )
    )
    assert (await desk.state(order_id))[0] == "paid", "and the others are settled"


async def test_each_order_of_a_batch_gets_its_own_outcome(desk: Desk) -> None:
    paid, declined, voided, odd = [await desk.place(n, account=f"acc_{n}{'a' * 15}") for n in range(4)]
    await desk.db.transact(
        lambda conn: desk.settlement.settle(
            conn,
            {
                paid: Captured("cap_1", PRICE, "KRW"),
                declined: Declined("no"),
                voided: Voided(),
                odd: Captured("cap_2", 1, "KRW"),
            },
        )
    )
    states = [(await desk.state(order_id))[0] for order_id in (paid, declined, voided, odd)]
    assert states == ["paid", "declined", "expired", "cancelled"]
    assert await desk.sold() == [0]


FACTS = [Captured("cap_1", PRICE, "KRW"), Captured("cap_2", PRICE, "KRW"), Declined("no"), Voided()]


@pytest.mark.parametrize(
    "told",
    list(itertools.permutations(FACTS)),
    ids=lambda facts: "-".join(f.reference if isinstance(f, Captured) else type(f).__name__ for f in facts),
)
async def test_whatever_is_told_in_whatever_order_the_money_adds_up(desk: Desk, told: tuple[Captured, ...]) -> None:
    order_id = await desk.place(0)
    for fact in (*told, *told):
        await desk.settle(order_id, fact)
    money = await desk.money(order_id)
    assert (await desk.state(order_id))[0] == "paid", "money was taken and the seat was free: it is theirs"
    assert (money.captured, money.refund_due, money.kept) == (2 * PRICE, PRICE, PRICE)
    assert (await desk.sold(), await desk.people()) == ([0], {"acc_aaaaaaaaaaaaaaaa": 1})


async def test_a_rolled_back_settlement_leaves_nothing(desk: Desk) -> None:
    order_id = await desk.place(0)
    before = (await desk.ledger(order_id), await desk.waiting())

    async def work(conn: object) -> None:
        await desk.settlement.settle(conn, {order_id: Captured("cap_1", PRICE, "KRW")})  # type: ignore[arg-type]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await desk.db.transact(work)
    assert (await desk.ledger(order_id), await desk.waiting()) == before
    assert (await desk.state(order_id))[0] == "reserved"
