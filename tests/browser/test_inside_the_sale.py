"""Inside a sale with a line: straight in when there is room, how long one may stay, the way out and the way back."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser import axe, line
from tests.browser.conftest import Arrive
from tests.browser.house import House
from tests.browser.visitor import PHONE
from tests.people import eventually, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_straight_in_then_out_which_frees_the_slot(house: House, arrive: Arrive) -> None:
    event = await line.show_with_line(house, "바로 들어가는 공연", "Straight in", cap=1)
    alice = await arrive(lang="en", size=PHONE, touch=True)
    await alice.sign_up()
    await alice.go(f"/events/{event.id}")
    await alice.see("go-to-line").click()
    await alice.at(f"/events/{event.id}/seats")
    await expect(alice.see("inside")).to_contain_text("You are inside")
    minutes, seconds = (await alice.see("inside-left").inner_text()).split(" ")[0].split(":")
    assert 14 * 60 < int(minutes) * 60 + int(seconds) <= 15 * 60
    assert await alice.too_wide() == []
    assert await axe.grave(alice.page) == []

    # Nobody else fits in, until she goes.
    bob = await house.fan("Bob")
    assert "pass" not in (await bob.join(event.id)).json()
    await alice.see("leave-sale").click()
    await expect(alice.page.locator("dialog[open]")).to_contain_text("Somebody else gets your place inside")
    await alice.see("leave-sale-confirm").click()
    await alice.at(f"/events/{event.id}")

    async def lets_bob_in() -> bool:
        return (await bob.claim(event.id)).status_code == 200

    await eventually(lets_bob_in, 20)


async def test_a_visit_that_ended_leads_back_to_the_line_with_the_choice_kept(house: House, arrive: Arrive) -> None:
    event = await line.show_with_line(house, "시간이 다 된 방문", "A visit that ended", cap=1)
    alice = await arrive(lang="en")
    alice.watch.allow(403, 409)
    await alice.sign_up()
    await alice.go(f"/events/{event.id}/line")
    await alice.at(f"/events/{event.id}/seats")
    await alice.see("tab-list").click()
    await alice.press_in_list("1C-C-8")
    # Her visit ends on another device.
    elsewhere = await sign_in(house.client, alice.email)
    assert (await elsewhere.delete(f"/api/events/{event.id}/queue")).status_code == 204
    await alice.see("hold").click()
    await alice.at(f"/events/{event.id}/line")
    await expect(alice.see("why")).to_contain_text("Your time inside ran out")
    # Her place was given up, so she joins anew; there is room, and her seats are still chosen.
    await alice.see("line-join").click()
    await alice.at(f"/events/{event.id}/seats")
    await expect(alice.see("selected-seat", seat="1C-C-8")).to_have_count(1)


async def test_an_event_without_a_line_is_as_before(house: House, arrive: Arrive) -> None:
    event = await house.show("줄 없는 예매", "Without a line")
    alice = await arrive()
    alice.watch.allow(404, 409)
    await alice.sign_up()
    await alice.go(f"/events/{event.id}")
    await expect(alice.see("go-to-seats")).to_be_visible()
    await expect(alice.see("go-to-line")).to_have_count(0)
    # Whoever goes to the address of its line ends up at the seats.
    await alice.go(f"/events/{event.id}/line")
    await alice.at(f"/events/{event.id}/seats")
    await expect(alice.see("inside")).to_have_count(0)
    await alice.see("tab-list").click()
    await alice.press_in_list("1C-C-8")
    await alice.see("hold").click()
    await alice.at("/checkout")
