"""Two seats, from the list of shows through the gate: in Korean by keyboard alone, in English by clicking the map."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser import keyboard, qr, seat_map
from tests.browser.conftest import Arrive
from tests.browser.house import STAFF, House
from tests.browser.visitor import DESKTOP, Visitor
from tests.stack import PASSWORD
from ticketing.accounts.model import Role
from ticketing.catalog.arena import arena

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def codes_on(visitor: Visitor) -> list[str]:
    """The codes of the tickets on the page: each is read off the screen and must be the one that is written there."""
    codes = []
    for ticket in await visitor.see("ticket").all():
        await ticket.scroll_into_view_if_needed()
        await expect(ticket.locator("img")).to_have_js_property("complete", True)
        await ticket.locator('[data-testid="show-code"]').click()
        written = await ticket.locator('[data-testid="ticket-code"]').inner_text()
        assert await qr.read(ticket) == [written]
        codes.append(written)
    return codes


async def at_the_gate(gate: Visitor, code: str, light: str) -> None:
    await gate.see("gate-code").fill(code)
    await gate.see("gate-check").click()
    await expect(gate.see("gate-result", result=light)).to_be_visible()
    await expect(gate.see("gate-code")).to_have_value("")


async def goes_through_the_gate_once(arrive: Arrive, codes: list[str], lang: str, words: tuple[str, str]) -> None:
    gate = await arrive(lang=lang)
    gate.watch.allow(409)
    await gate.sign_in(STAFF[Role.GATE], "/gate")
    for code in codes:
        await at_the_gate(gate, code, "green")
        await expect(gate.see("gate-result")).to_contain_text(words[0])
        await at_the_gate(gate, code, "amber")
        await expect(gate.see("gate-result")).to_contain_text(words[1])


async def test_in_korean_by_keyboard_alone(house: House, arrive: Arrive) -> None:
    event = await house.show("자판으로 보는 연극", "A play by keyboard")
    alice = await arrive(lang="ko", size=DESKTOP)
    page, press = alice.page, keyboard.press
    await alice.go("/")

    await press(page, alice.see("event-card", event=event.id))
    await press(page, alice.see("go-to-seats"))
    await alice.at(f"/events/{event.id}/seats")

    await keyboard.tab_to(page, alice.see("section").first)
    await keyboard.arrow_to(page, "ArrowDown", alice.see("section", section="1C"))
    await page.keyboard.press("Enter")
    await expect(page.locator("#list-section")).to_be_focused()
    await keyboard.tab_to(page, alice.see("row").first)
    await keyboard.arrow_to(page, "ArrowDown", alice.see("row", row="D"))
    await page.keyboard.press("Enter")
    await keyboard.arrow_to(page, "ArrowRight", alice.see("seat", seat="1C-D-8"))
    await page.keyboard.press("Space")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    assert await alice.chosen() == ["1C-D-8", "1C-D-9"]
    await press(page, alice.see("hold"))

    # Not signed in: to sign up and back, with the choice as it was.
    await alice.at("/sign-in")
    await press(page, alice.see("sign-in-mode"))
    await keyboard.type_into(page, alice.see("name"), "김하늘")
    await keyboard.type_into(page, alice.see("email"), alice.email)
    await keyboard.type_into(page, alice.see("password"), PASSWORD)
    await page.keyboard.press("Enter")
    await alice.at(f"/events/{event.id}/seats")
    await expect(alice.see("selected-seat")).to_have_count(2)
    assert await alice.chosen() == ["1C-D-8", "1C-D-9"]

    await press(page, alice.see("hold"))
    await alice.at("/checkout")
    await expect(alice.see("item")).to_have_count(2)
    assert 400 < await alice.seconds_left() <= 420
    await expect(alice.see("total")).to_have_text("₩308,000")
    await press(page, alice.see("pay"))
    await alice.at("/orders/[^/?]+")
    await alice.order_becomes("ticketed")
    await expect(page.locator("h1")).to_have_text("예매가 끝났습니다")
    await expect(page.locator("html")).to_have_attribute("lang", "ko")

    codes = await codes_on(alice)
    assert len(set(codes)) == 2
    assert house.captures(alice.order_id) == [("capture", 308_000)]
    await goes_through_the_gate_once(arrive, codes, "ko", ("입장하세요", "이미 입장한 티켓"))
    await page.reload()
    await expect(alice.see("ticket", status="used")).to_have_count(2)


async def test_in_english_by_clicking_the_map_of_an_arena(house: House, arrive: Arrive) -> None:
    event = await house.show("아레나 공연", "Arena show", plan=arena())
    alice = await arrive(lang="en", size=DESKTOP)
    page = alice.page
    await alice.go("/")
    await alice.see("sign-in-link").click()
    await alice.fill_sign_up()
    await alice.at("/")

    await alice.see("event-card", event=event.id).click()
    await expect(page.locator("h1")).to_have_text("Arena show")
    await alice.see("go-to-seats").click()
    x, y = await seat_map.middle(page)
    await page.mouse.click(x, y)  # The block under the pointer comes near.
    await seat_map.come_closer(alice, x, y)
    seats = [await seat_map.click_free_seat(alice, taken_word="Taken") for _ in range(2)]
    await expect(page.get_by_text("Hold 2 seats")).to_be_visible()

    await alice.see("hold").click()
    await alice.at("/checkout")
    await expect(alice.see("item")).to_have_count(2)
    for seat in seats:
        await expect(alice.see("item", seat=seat)).to_be_visible()
    assert 400 < await alice.seconds_left() <= 420
    await alice.pay()
    await alice.order_becomes("ticketed")
    await expect(page.locator("h1")).to_have_text("You are going")

    codes = await codes_on(alice)
    assert len(set(codes)) == 2
    await goes_through_the_gate_once(arrive, codes[:1], "en", ("Come in", "Already used"))
    await alice.go("/tickets")
    await expect(alice.see("ticket", status="valid")).to_have_count(1)
    await expect(alice.see("ticket", status="used")).to_have_count(1)
