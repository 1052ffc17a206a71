"""Alice looks at two seats; Bob is faster with one of them. Her page names it, keeps the other, and offers one more."""

from __future__ import annotations

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Arrive
from tests.browser.house import House
from tests.browser.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WORDS = {
    "ko": ("다른 분이 더 빨랐습니다", "1층 가운데 E열 9번", "나머지 1석"),
    "en": ("Someone was faster", "Stalls centre row E seat 9", "Your other 1 seat is still chosen"),
}


async def offered_and_bought(alice: Visitor, lang: str) -> None:
    """From the conflict to the ticket."""
    conflict = alice.see("conflict")
    title, lost, kept = WORDS[lang]
    await expect(conflict).to_contain_text(title)
    said = (await conflict.inner_text()).replace(",", "")
    assert lost in said
    assert kept in said
    assert await alice.chosen() == ["1C-E-8"]
    await expect(alice.page.locator("[role=alert]").filter(has_text=title)).to_have_count(1)

    await alice.see("take-instead").click()
    await expect(alice.see("selected-seat")).to_have_count(2)
    assert "1C-E-8" in await alice.chosen()
    assert "1C-E-9" not in await alice.chosen()
    await alice.see("hold").click()
    await alice.at("/checkout")
    await expect(alice.see("item")).to_have_count(2)


@pytest.mark.parametrize("lang", ["ko", "en"])
async def test_the_refusal_of_her_hold_tells_her(house: House, arrive: Arrive, lang: str) -> None:
    event = await house.show("두 좌석", "Two seats")
    bob = await house.fan("Bob")
    alice = await arrive(lang=lang)
    alice.watch.allow(409)
    await alice.sign_up()
    await alice.choose_in_list(event.id, "1C-E-8", "1C-E-9")

    # The page hears of no change any more: that is the moment between Bob's click and hers.
    async def hear_nothing(route: Route) -> None:
        await route.fulfill(status=304)

    await alice.page.route("**/availability", hear_nothing)
    assert (await bob.hold(event.id, "1C-E-9")).status_code == 201
    await alice.see("hold").click()
    await offered_and_bought(alice, lang)


async def test_the_next_look_at_the_house_tells_her(house: House, arrive: Arrive) -> None:
    event = await house.show("두 좌석", "Two seats")
    bob = await house.fan("Bob")
    alice = await arrive()
    await alice.sign_up()
    await alice.choose_in_list(event.id, "1C-E-8", "1C-E-9")

    assert (await bob.hold(event.id, "1C-E-9")).status_code == 201
    await expect(alice.see("conflict")).to_be_visible(timeout=10_000)
    await expect(alice.see("seat", seat="1C-E-9", free="false")).to_have_count(1)
    await offered_and_bought(alice, "ko")


async def test_what_bob_left_is_not_reported_as_lost(house: House, arrive: Arrive) -> None:
    """The control of the tests above: another seat that goes is no conflict."""
    event = await house.show("두 좌석", "Two seats")
    bob = await house.fan("Bob")
    alice = await arrive()
    await alice.sign_up()
    await alice.choose_in_list(event.id, "1C-E-8", "1C-E-9")
    assert (await bob.hold(event.id, "1C-E-10")).status_code == 201
    await expect(alice.see("seat", seat="1C-E-10", free="false")).to_have_count(1, timeout=10_000)
    await expect(alice.see("conflict")).to_have_count(0)
    assert await alice.chosen() == ["1C-E-8", "1C-E-9"]
