"""What the buyer reads when the money goes another way: declined, silent, pending; and when she gives tickets back."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.house import House
from tests.browser.visitor import PHONE, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def ordered(house: House, arrive: Arrive, seat: str, card: str, lang: str = "ko") -> Visitor:
    """Somebody on the page of a fresh order."""
    event = await house.show("결제 이야기", "About money")
    alice = await arrive(at=house, lang=lang, size=PHONE)
    await alice.sign_up()
    await alice.hold_in_list(event.id, seat)
    await alice.pay(card)
    return alice


async def test_a_declined_card_costs_nothing_and_frees_the_seat(house: House, arrive: Arrive) -> None:
    alice = await ordered(house, arrive, "1C-I-8", "tok_declined", "en")
    await alice.order_becomes("declined")
    await expect(alice.page.locator("h1")).to_have_text("Your card was declined")
    await expect(alice.see("order-status")).to_contain_text("You were not charged")
    assert house.captures(alice.order_id) == []
    await alice.see("choose-again").click()
    await alice.see("tab-list").click()
    await alice.press_in_list("1C-I-8")
    await alice.see("hold").click()
    await alice.at("/checkout")
    await alice.pay()
    await alice.order_becomes("ticketed")


@pytest.mark.slow
async def test_a_slow_provider_is_told_as_it_is(house: House, arrive: Arrive) -> None:
    """Three buyers at once: an answer that is lost, a callback that never comes, a callback that comes."""
    silent, waiting, called = await asyncio.gather(
        ordered(house, arrive, "1C-J-8", "tok_timeout_captured"),
        ordered(house, arrive, "1C-J-8", "tok_pending_no_callback", "en"),
        ordered(house, arrive, "1C-J-8", "tok_pending_callback"),
    )

    async def pending(one: Visitor, title: str) -> None:
        await expect(one.see("order-status", status="reserved", payment="pending")).to_be_visible()
        await expect(one.page.locator("h1")).to_have_text(title)

    await asyncio.gather(pending(silent, "좌석이 확정되었습니다"), pending(waiting, "The seats are yours"))
    await asyncio.gather(*(one.order_becomes("ticketed", 45_000) for one in (silent, waiting, called)))
    for one in (silent, waiting, called):
        assert [kind for kind, _ in house.captures(one.order_id)] == ["capture"]
        await expect(one.see("ticket", status="valid")).to_have_count(1)


@pytest.mark.slow
async def test_while_nobody_knows_the_page_warns_against_paying_again(hasty_house: House, arrive: Arrive) -> None:
    alice = await ordered(hasty_house, arrive, "1C-J-8", "tok_timeout_nothing")
    await expect(alice.see("order-status", status="reserved", payment="unknown")).to_be_visible(timeout=20_000)
    await expect(alice.page.locator("h1")).to_have_text("결제 결과를 확인하고 있습니다")
    await expect(alice.see("order-status")).to_contain_text("다시 결제하지 마세요")
    await expect(alice.page.locator("[aria-current=step]")).to_contain_text("결제")


async def test_cancelling_shows_what_comes_back_and_gives_it_back(house: House, arrive: Arrive) -> None:
    alice = await ordered(house, arrive, "1C-K-8", "tok_ok")
    await alice.order_becomes("ticketed")
    await alice.see("cancel-order").click()
    await expect(alice.page.get_by_role("dialog")).to_contain_text("예매를 취소할까요?")
    refund = await alice.see("refund-amount").inner_text()
    await alice.page.keyboard.press("Escape")  # A change of mind costs nothing.
    await expect(alice.see("order-status", status="ticketed")).to_be_visible()

    await alice.see("cancel-order").click()
    await alice.see("cancel-confirm").click()
    await alice.order_becomes("refunded")
    await expect(alice.see("order-status")).to_contain_text("환불되었습니다")
    await expect(alice.see("ticket", status="void")).to_have_count(1)
    await alice.page.locator(".ledger summary").click()
    line = alice.page.locator(".ledger li").filter(has_text="환불").filter(has_not_text="요청")
    await expect(line).to_contain_text(refund)
    movements = house.captures(alice.order_id)
    assert [kind for kind, _ in movements] == ["capture", "refund"]
    assert movements[0][1] == movements[1][1]
    await alice.go("/tickets")
    await expect(alice.see("order", status="refunded")).to_contain_text("환불됨")
    await expect(alice.see("cancel-order")).to_have_count(0)
