"""Captures and look-ups in batches: whatever a provider answers for one order, the others' answers are written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest
from sqlalchemy import select

from tests.rooms.orders.conftest import PRICE, Desk
from ticketing.base.outbox import Topic, outbox
from ticketing.orders import messages
from ticketing.orders.capture import Capture, Reconciler
from ticketing.payments.gateway import Captured, CaptureRequest, Declined, Gateway, LookupOutcome

pytestmark = pytest.mark.usefixtures("logged")

ODD = Captured("cap_odd", PRICE, "krw")
"""No ledger holds an entry in such a currency."""


@dataclass
class Provider:
    """A payment company: takes the money, but for some orders answers as told, or breaks."""

    told: Mapping[str, LookupOutcome | Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def capture(self, request: CaptureRequest) -> LookupOutcome:
        return await self.lookup(request.order_id)

    async def lookup(self, order_id: str) -> LookupOutcome:
        self.asked.append(order_id)
        answer = self.told.get(order_id, Captured(f"cap_{order_id}", PRICE, "KRW"))
        if isinstance(answer, Exception):
            raise answer
        return answer


async def placed(desk: Desk, count: int = 4) -> list[str]:
    """Orders that own their seats and wait for their money."""
    return [await desk.place(n, account=f"acc_{n}") for n in range(count)]


async def states(desk: Desk, order_ids: Sequence[str]) -> list[str]:
    return [(await desk.state(order_id))[0] for order_id in order_ids]


def capturing(desk: Desk, provider: Provider) -> Topic:
    capture = Capture(desk.db, cast("Gateway", provider), desk.settlement, desk.clock)
    return Topic(messages.CAPTURE, desk.db, desk.clock, leased=capture)


async def open_rows(desk: Desk) -> list[tuple[str, int, str | None]]:
    """Order, tries and last error of what is left to capture."""
    rows = await desk.db.fetch(select(outbox).where(outbox.c.topic == messages.CAPTURE))
    return [(messages.decode_order(row.payload).order_id, row.attempts, row.last_error) for row in rows]


async def test_an_answer_that_cannot_be_written_down_keeps_no_other_order_from_being_settled(desk: Desk) -> None:
    first, odd, declined, last = made = await placed(desk)
    provider = Provider({odd: ODD, declined: Declined("card_declined")})
    topic = capturing(desk, provider)
    assert await topic.run_once() == 4
    assert await states(desk, made) == ["paid", "reserved", "declined", "paid"]
    assert [(await desk.money(order_id)).kept for order_id in (first, odd, last)] == [PRICE, 0, PRICE]
    ((order_id, attempts, error),) = await open_rows(desk)
    assert (order_id, attempts) == (odd, 1)
    assert error is not None
    assert error.startswith("LedgerError")
    desk.clock.advance(60)
    provider.told = {}
    assert await topic.run_once() == 1
    assert await states(desk, [odd]) == ["paid"], "it is asked for again, and settled when its answer makes sense"


@pytest.mark.parametrize("which", range(3))
async def test_a_provider_that_breaks_for_one_order_leaves_the_others_answers_standing(desk: Desk, which: int) -> None:
    made = await placed(desk, 3)
    provider = Provider({made[which]: ZeroDivisionError("a bug of the adapter")})
    assert await capturing(desk, provider).run_once() == 3
    assert sorted(provider.asked) == sorted(made)
    assert await states(desk, made) == ["reserved" if n == which else "paid" for n in range(3)]
    assert await open_rows(desk) == [(made[which], 1, "ZeroDivisionError('a bug of the adapter')")]


async def test_the_reconciler_settles_the_others_of_one_that_cannot_be_written_down(desk: Desk) -> None:
    _, odd, declined, _ = made = await placed(desk)
    desk.clock.advance(61)
    provider = Provider({odd: ODD, declined: Declined("card_declined")})
    reconciler = Reconciler(desk.db, cast("Gateway", provider), desk.settlement, desk.clock)
    assert await reconciler.run_once() == 3
    assert await states(desk, made) == ["paid", "reserved", "declined", "paid"]
    assert [entry.kind.value for entry in await desk.ledger(odd)] == ["capture_requested"]
    provider.told = {}
    assert await reconciler.run_once() == 1
    assert await states(desk, [odd]) == ["paid"]


async def test_the_reconciler_settles_the_others_of_one_that_cannot_be_asked_about(desk: Desk) -> None:
    """The oldest are asked about first, again and again: whatever breaks there would break every round."""
    oldest, *others = made = await placed(desk, 3)
    desk.clock.advance(61)
    provider = Provider({oldest: ZeroDivisionError("a bug of the adapter")})
    assert await Reconciler(desk.db, cast("Gateway", provider), desk.settlement, desk.clock).run_once() == 2
    assert await states(desk, made) == ["reserved", *("paid" for _ in others)]
