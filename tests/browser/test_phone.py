"""With a thumb on a phone: from the list of shows to the ticket, and never a page that is wider than the screen."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.house import House
from tests.browser.seat_map import middle
from tests.browser.visitor import PHONE
from ticketing.catalog.arena import arena

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize(("lang", "motion"), [("ko", True), ("en", False)])
async def test_two_seats_by_touch(house: House, arrive: Arrive, lang: str, motion: bool) -> None:
    event = await house.show("손끝으로 고르는 공연", "A show at your fingertips", plan=arena())
    alice = await arrive(lang=lang, size=PHONE, touch=True, motion=motion)
    page = alice.page
    await alice.sign_up()
    assert await alice.too_wide() == []
    await alice.see("event-card", event=event.id).tap()
    await expect(alice.see("go-to-seats")).to_be_visible()
    assert await alice.too_wide() == []
    await alice.see("go-to-seats").tap()

    # A finger on a small block brings it near; then there are seats to hit.
    await expect(alice.see("seat-map")).to_be_visible()
    x, y = await middle(page)
    await page.touchscreen.tap(x, y)
    if motion:
        await page.wait_for_timeout(500)  # The flight takes 320 ms; a finger that comes sooner would stop it.
    for dx in range(-60, 90, 30):
        if await alice.see("selected-seat").count() >= 2:
            break
        x, y = await middle(page)
        await page.touchscreen.tap(x + dx, y)
    await expect(alice.see("selected-seat")).to_have_count(2)
    assert await alice.too_wide() == []

    await alice.see("hold").tap()
    await alice.at("/checkout")
    await expect(alice.see("item")).to_have_count(2)
    assert await alice.too_wide() == []
    await alice.pay()
    await alice.order_becomes("ticketed")
    await expect(alice.see("ticket", status="valid")).to_have_count(2)
    assert await alice.too_wide() == []


async def test_standing_places_by_touching_their_area(house: House, arrive: Arrive) -> None:
    event = await house.show("서서 보는 공연", "A standing show", plan=arena())
    alice = await arrive(lang="en", size=PHONE, touch=True)
    await alice.sign_up()
    await alice.go(f"/events/{event.id}/seats")
    await alice.see("tab-list").tap()
    await alice.see("section", section="STA").tap()
    await alice.see("hold-standing").tap()
    await alice.at("/checkout")
    await expect(alice.see("item")).to_have_count(2)
    await expect(alice.see("item").first).to_contain_text("Standing A, no. ")
    await alice.pay()
    await alice.order_becomes("ticketed")


async def test_the_best_two_at_one_press(house: House, arrive: Arrive) -> None:
    event = await house.show("바로 잡는 공연", "The best two", plan=arena())
    alice = await arrive(size=PHONE, touch=True)
    await alice.sign_up()
    await alice.go(f"/events/{event.id}/seats")
    await alice.see("tab-best").tap()
    await alice.page.get_by_role("radio", name="VIP").check()
    await alice.see("best-available").tap()
    await alice.at("/checkout")
    await expect(alice.see("item")).to_have_count(2)
    seats = sorted([await item.get_attribute("data-seat") or "" for item in await alice.see("item").all()])
    (block, row, first), (other_block, other_row, second) = (seat.split("-") for seat in seats)
    assert (block, row) == (other_block, other_row)
    assert abs(int(first) - int(second)) == 1
