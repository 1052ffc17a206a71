"""The payment provider fails in each of its ways. Every order still ends once, as the provider's books say."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.drills.sale import Sale, crowd_in
from tests.drills.site import NothingHappened
from ticketing.payments.sandbox.behaviour import BEHAVIOURS

# How an order ends, by card. Refund errors first: `crowd_in` cancels every n-th order, and there are n cards.
ENDS = {
    "tok_refund_error": "refunded",
    "tok_ok": "ticketed",
    "tok_declined": "declined",
    "tok_insufficient_funds": "declined",
    "tok_slow": "ticketed",
    "tok_timeout_captured": "ticketed",
    "tok_timeout_nothing": "expired",
    "tok_error_captured": "ticketed",
    "tok_error": "ticketed",
    "tok_pending_callback": "ticketed",
    "tok_pending_callback_twice": "ticketed",
    "tok_pending_no_callback": "ticketed",
    "tok_pending_declined": "declined",
    "tok_drop_connection": "ticketed",
    "tok_of_nobody": "declined",
}
# These keep the caller waiting until its patience ends, 8 s.
SILENT = ("tok_timeout_captured", "tok_timeout_nothing")
AT_THE_PROVIDER = {
    "ticketed": "captured",
    "refunded": "captured",
    "declined": "declined",
    "expired": "voided",
}


def test_every_behaviour_of_the_provider_is_drilled() -> None:
    assert ENDS.keys() - {"tok_of_nobody"} == BEHAVIOURS.keys()


async def sell(sale: Sale, cards: list[str]) -> dict[str, str]:
    """Sell a hundred orders over some cards; gives the card of each order."""
    await crowd_in(sale, [cards[number % len(cards)] for number in range(100)], cancel_every=len(cards))
    return {order_id: exchange.request["payment"]["token"] for order_id, exchange in sale.history.accepted().items()}


@pytest.mark.parametrize(
    "cards",
    [
        pytest.param([card for card in ENDS if card not in SILENT], id="all-but-silent"),
        pytest.param(list(ENDS), id="all", marks=pytest.mark.slow),
    ],
)
async def test_each_card_ends_as_the_provider_says(sale: Sale, cards: list[str]) -> None:
    # Long enough for one silent call and those that wait behind it, short enough for a drill.
    sale.site.start_worker(TICKETING_PAYMENT_WINDOW_SECONDS="12", TICKETING_HOLD_SECONDS="12")
    card_of = await sell(sale, cards)
    verdict = await sale.end_well()
    assert verdict.facts["accepted"] == 100

    shown = {
        order_id: (await person.get(f"/api/orders/{order_id}")).json()["status"]
        for order_id, person in sale.orders.items()
    }
    assert {(card_of[order_id], status) for order_id, status in shown.items()} == {(card, ENDS[card]) for card in cards}
    # An order that expired was closed by the provider's own word: no late capture can come.
    for order_id, status in shown.items():
        assert await sale.provider.status(order_id) == AT_THE_PROVIDER[status], order_id


@pytest.mark.slow
async def test_a_window_shorter_than_the_silence_never_guesses(sale: Sale) -> None:
    """With five seconds to pay, orders behind silent cards may expire; money and seats still agree for each."""
    sale.site.start_worker(TICKETING_PAYMENT_WINDOW_SECONDS="5", TICKETING_HOLD_SECONDS="5")
    await sell(sale, ["tok_ok", *SILENT, "tok_pending_no_callback"])
    verdict = await sale.end_well()
    assert verdict.facts["accepted"] == 100
    assert verdict.facts["expired"] >= 25, verdict


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["error", "slow", "silent"])
async def test_the_whole_provider_is_out_of_order_for_a_while(sale: Sale, mode: str) -> None:
    await sale.provider.misbehave(mode)
    sale.site.start_worker()
    selling = asyncio.create_task(crowd_in(sale, ["tok_ok"] * 100))
    try:
        await asked_for(sale, 10)
        await asyncio.sleep(1.0)  # the fault lasts a while longer
        left = await sale.site.unfinished(sale.event_id)
        if not left.get("orders"):
            raise NothingHappened(f"no order waited for its money while the provider was {mode}: {left}")
        await sale.provider.misbehave("none")
        await selling
    finally:
        selling.cancel()
    verdict = await sale.end_well()
    assert (verdict.facts["ticketed"], verdict.facts["captures"]) == (100, 100)


@pytest.mark.slow
async def test_the_provider_is_killed_half_way_and_comes_back(sale: Sale) -> None:
    site = sale.site
    site.start_worker()
    cards = ["tok_ok", "tok_pending_callback", "tok_pending_no_callback", "tok_declined"]
    selling = asyncio.create_task(crowd_in(sale, [cards[number % 4] for number in range(100)]))
    try:
        await asked_for(sale, 10)
        site.kill("provider")
        left = await site.unfinished(sale.event_id)
        if not left.get("orders"):
            raise NothingHappened(f"no order was waiting for its money when the provider died: {left}")
        await asyncio.sleep(3.0)
        await asyncio.to_thread(site.start_provider)
        await selling
    finally:
        selling.cancel()
    verdict = await sale.end_well()
    assert (verdict.facts["ticketed"], verdict.facts["declined"], verdict.facts["captures"]) == (75, 25, 75)


async def asked_for(sale: Sale, count: int, timeout: float = 30.0) -> None:
    """Wait until a worker has gone to the provider with so many orders."""
    deadline = time.monotonic() + timeout
    while await sale.site.count("outbox WHERE topic = 'capture' AND attempts > 0") < count:
        assert time.monotonic() < deadline, "nobody went to the provider"
        await asyncio.sleep(0.02)
