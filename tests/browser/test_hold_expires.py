"""Seats are kept for a while, by the server's clock, and the page says honestly how long and when it is over."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.house import House

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_the_time_runs_out_and_there_is_a_way_back(hasty_house: House, arrive: Arrive) -> None:
    event = await hasty_house.show("짧은 시간", "Short time")
    alice = await arrive(at=hasty_house)
    await alice.sign_up()
    await alice.hold_in_list(event.id, "1C-F-8", "1C-F-9")
    assert 0 < await alice.seconds_left() <= 8
    await expect(alice.page.locator(".timer")).to_contain_text("1분도 남지 않았습니다")

    await expect(alice.see("expired")).to_be_visible(timeout=15_000)
    await expect(alice.see("expired")).to_contain_text("좌석을 지켜 드리는 시간이 끝났습니다")
    await expect(alice.page.locator("[role=alert]").filter(has_text="시간이 끝났습니다")).to_have_count(1)
    assert await alice.see("pay").count() == 0
    # What the page says is so: Bob may have them.
    bob = await hasty_house.fan("Bob")
    assert (await bob.hold(event.id, "1C-F-8")).status_code == 201

    await alice.see("choose-again").click()
    await alice.at(f"/events/{event.id}/seats")
    assert await alice.see("held").count() == 0
    await alice.press_in_list("1C-F-9")
    await alice.see("hold").click()
    await alice.at("/checkout")
    await expect(alice.see("item")).to_have_count(1)


@pytest.mark.slow
async def test_expired_while_away_is_shown_on_return(hasty_house: House, arrive: Arrive) -> None:
    """The tab slept: on return it asks the server, and neither shows an old timer nor takes the money."""
    event = await hasty_house.show("짧은 시간", "Short time")
    alice = await arrive(at=hasty_house, lang="en")
    await alice.sign_up()
    await alice.hold_in_list(event.id, "1C-F-8")
    await alice.go("/tickets")
    await alice.page.wait_for_timeout(8_500)  # Nothing to wait for: the time itself is what passes.
    await alice.page.go_back()
    await expect(alice.see("expired")).to_contain_text("no longer kept")


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_device_whose_clock_is_wrong_shows_the_right_time(house: House, arrive: Arrive, hours: int) -> None:
    event = await house.show("틀린 시계", "Wrong clock")
    alice = await arrive()
    await alice.page.clock.install(time=dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours))
    await alice.sign_up()
    await alice.hold_in_list(event.id, "1C-G-8")
    # The control: this device is off by an hour, so a timer by its clock would be off by sixty minutes.
    off = await alice.page.evaluate("Date.now()") / 1000 - time.time()
    assert abs(off - hours * 3600) < 30
    left = await alice.seconds_left()
    assert 390 < left <= 420
    await alice.page.reload()
    await expect(alice.see("timer")).to_be_visible()
    assert left - 20 < await alice.seconds_left() <= left


async def test_the_last_minute_is_announced(house: House, arrive: Arrive) -> None:
    event = await house.show("마지막 1분", "Last minute")
    alice = await arrive(lang="en")
    await alice.page.clock.install()
    await alice.sign_up()
    await alice.hold_in_list(event.id, "1C-G-8")
    await expect(alice.page.locator(".timer")).to_contain_text("Your seats are kept for")
    await alice.page.clock.fast_forward((await alice.seconds_left() - 59) * 1000)
    await expect(alice.page.locator(".timer")).to_contain_text("Less than a minute left")
    await expect(alice.page.locator("[role=alert]").filter(has_text="One minute left to pay")).to_have_count(1)
