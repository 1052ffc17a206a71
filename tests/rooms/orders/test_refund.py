"""Refunds in batches: what goes wrong with one keeps no other buyer from their money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import select

from tests.rooms.orders.conftest import PRICE, Desk
from ticketing.accounts.model import Account, Role
from ticketing.accounts.sql import insert_account
from ticketing.base.outbox import Topic, outbox
from ticketing.notices.mailbox import MailboxTransport
from ticketing.notices.send import Notices
from ticketing.orders import messages
from ticketing.orders.refund import Refunds
from ticketing.payments.gateway import Captured, Gateway, Refunded, RefundOutcome

pytestmark = pytest.mark.usefixtures("logged")


@dataclass
class Provider:
    """A payment company that gives money back, but breaks for some orders."""

    broken: Mapping[str, Exception] = field(default_factory=dict)
    paid: list[tuple[str, int]] = field(default_factory=list)

    async def refund(self, order_id: str, refund_id: str, amount: int) -> RefundOutcome:
        if order_id in self.broken:
            raise self.broken[order_id]
        self.paid.append((order_id, amount))
        return Refunded(f"ref_{refund_id}")


async def owed(desk: Desk, count: int) -> list[str]:
    """Orders whose money was taken twice."""
    made = [await desk.place(n, account=f"acc_{n}") for n in range(count)]
    for order_id in made:
        await desk.pay(order_id, f"cap_1_{order_id}")
        await desk.pay(order_id, f"cap_2_{order_id}")
    return made


@pytest.mark.parametrize("which", [0, 1])
async def test_a_provider_that_breaks_for_one_refund_stops_no_other(desk: Desk, which: int) -> None:
    made = await owed(desk, 3)
    provider = Provider({made[which]: ZeroDivisionError("a bug of the adapter")})
    topic = Topic(messages.REFUND, desk.db, desk.clock, leased=Refunds(desk.db, cast("Gateway", provider), desk.clock))
    assert await topic.run_once() == 3
    assert provider.paid == [(order_id, PRICE) for order_id in made if order_id != made[which]]
    due = [(await desk.money(order_id)).refund_due for order_id in made]
    assert due == [PRICE if n == which else 0 for n in range(3)]
    (row,) = await desk.db.fetch(select(outbox).where(outbox.c.topic == messages.REFUND))
    assert messages.decode_order(row.payload).order_id == made[which]
    assert (row.attempts, row.last_error) == (1, "ZeroDivisionError('a bug of the adapter')")
    # And it is paid when the adapter is mended, the others not again.
    provider.broken = {}
    desk.clock.advance(60)
    assert await topic.run_once() == 1
    assert sorted(provider.paid) == sorted((order_id, PRICE) for order_id in made)


async def test_money_in_another_currency_closes_no_refund_and_says_nothing_of_it(desk: Desk) -> None:
    """The order would be "refunded" and its buyer told that nothing comes back, while the provider has their money."""
    order_id = await desk.place(0)
    await desk.settle(order_id, Captured("cap_odd", PRICE, "USD"))
    assert (await desk.state(order_id))[0] == "cancelled"
    provider = Provider()
    topic = Topic(messages.REFUND, desk.db, desk.clock, leased=Refunds(desk.db, cast("Gateway", provider), desk.clock))
    assert await topic.run_once() == 1
    assert provider.paid == []
    assert (await desk.state(order_id))[0] == "cancelled"
    (row,) = await desk.db.fetch(select(outbox).where(outbox.c.topic == messages.REFUND))
    assert "USD" in row.last_error, "tried again, then dead, and staff hear of it"
    mail = MailboxTransport(Path("/nowhere"), "no-reply@example.com", clock=desk.clock)
    account = Account("acc_aaaaaaaaaaaaaaaa", "fan@example.com", "Fan", Role.FAN, "ko")
    async with desk.db.write() as conn:
        await insert_account(conn, account, "no hash", desk.clock.now_ms())
    notices = Notices(desk.db, desk.catalog, mail, public_url="https://tickets.example.com")
    news = Topic(messages.NOTICE, desk.db, desk.clock, leased=notices)
    assert await news.run_once() == 1
    (row,) = await desk.db.fetch(select(outbox).where(outbox.c.topic == messages.NOTICE))
    assert row.last_error.startswith("LedgerError")
