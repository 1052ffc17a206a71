"""The waiting page before a real line: what a person sees from the lobby to the seats, and when things break."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Browser, Request, Route, expect

from tests.browser import axe, line
from tests.browser.conftest import Arrive
from tests.browser.house import House, chamber
from tests.browser.visitor import PHONE, Visitor
from tests.people import eventually, sign_in
from tests.stack import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LONG = 45_000


async def same_account(house: House, browser: Browser, email: str, **how: object) -> Visitor:
    """Another device of somebody who has an account."""
    visitor = await Visitor.arrive(house, browser, **how)  # type: ignore[arg-type]
    await visitor.sign_in(email)
    return visitor


async def test_from_the_lobby_through_the_draw_to_the_ticket(hall: House, arrive: Arrive) -> None:
    event = await hall.show("추첨하는 공연", "A show with a draw", opens=16_000, waiting_room=True)
    await line.in_phase(hall, event.id, "lobby")
    alice = await arrive(at=hall, size=PHONE, motion=True)
    await alice.sign_up()
    await alice.go(f"/events/{event.id}")
    await alice.see("go-to-line").click()
    await alice.at(f"/events/{event.id}/line")
    await expect(alice.see("line", scene="lobby")).to_be_visible()
    await expect(alice.see("line-clock")).to_contain_text(":")
    assert await alice.too_wide() == []
    # From here on the page does everything by itself.
    await alice.page.wait_for_url(f"**/events/{event.id}/seats", timeout=LONG)
    await expect(alice.see("inside")).to_be_visible()
    await alice.see("tab-list").click()
    await alice.press_in_list("1C-C-8")
    await alice.see("hold").click()
    await alice.at("/checkout")
    await expect(alice.see("inside")).to_be_visible()
    await alice.pay()
    await alice.order_becomes("ticketed")
    person = await sign_in(hall.client, alice.email)

    async def out() -> bool:
        return (await person.get(f"/api/events/{event.id}/queue/me")).status_code == 404

    await eventually(out)


async def test_two_tabs_and_a_phone_of_one_account_show_one_place(
    hall: House, arrive: Arrive, browser: Browser
) -> None:
    event = await line.show_with_line(hall, "한 자리", "One place", cap=0)
    for name in ("Bob", "Carol", "Dave"):
        assert (await (await hall.fan(name)).join(event.id)).status_code == 200
    alice = await arrive(at=hall)
    await alice.sign_up()
    place = await line.wait_in_line(alice, event.id)
    assert place == 4
    second = await alice.page.context.new_page()
    joins: list[str] = []
    second.on("request", lambda one: joins.append(one.url) if one.method == "POST" else None)
    await second.goto(f"/events/{event.id}/line")
    await expect(second.get_by_test_id("position")).to_have_attribute("data-position", str(place))
    assert joins == [], "a second tab knows the place without asking"
    phone = await same_account(hall, browser, alice.email, size=PHONE, lang="en")
    assert await line.wait_in_line(phone, event.id) == place
    for page in (alice.page, second, phone.page):
        await expect(page.get_by_test_id("ahead")).to_have_attribute("data-ahead", "3")
    # Leaving in one tab is heard in the other at once.
    await second.get_by_test_id("line-leave").click()
    await second.get_by_test_id("leave-confirm").click()
    for page in (second, alice.page):
        await expect(page.locator("main")).to_have_attribute("data-scene", "left")
    await phone.leave()


async def test_the_place_and_news_stay_while_the_api_is_dead(hall: House, arrive: Arrive) -> None:
    event = await line.show_with_line(hall, "꺼지지 않는 줄", "The line that stays lit", cap=0)
    assert (await (await hall.fan("Bob")).join(event.id)).status_code == 200
    alice = await arrive(at=hall, lang="en")
    alice.watch.allow(502)
    await alice.sign_up()
    place = await line.wait_in_line(alice, event.id)
    hall.stack.kill("api")
    try:
        # Loaded anew from the edge alone: her place, and a status that is still written every second.
        await alice.page.reload()
        await expect(alice.see("position")).to_have_attribute("data-position", str(place))
        await expect(alice.see("ahead")).to_have_attribute("data-ahead", "1")
        before = await alice.see("as-of").inner_text()
        await expect(alice.see("as-of")).not_to_have_text(before, timeout=LONG)
        await expect(alice.see("trouble")).to_have_count(0)
    finally:
        hall.stack.start_api()
    await line.change(hall, event.id, cap=10)
    await alice.page.wait_for_url(f"**/events/{event.id}/seats", timeout=LONG)


async def test_with_everything_dead_the_last_truth_is_shown_and_the_place_promised(hall: House, arrive: Arrive) -> None:
    event = await line.show_with_line(hall, "마지막 소식", "The last truth", cap=0)
    alice = await arrive(at=hall)
    await alice.sign_up()
    place = await line.wait_in_line(alice, event.id)

    async def dead(route: Route) -> None:
        await route.fulfill(status=503, body="")

    alice.watch.allow(503)
    for path in ("**/status/**", "**/api/**"):
        await alice.page.route(path, dead)
    await alice.page.reload()
    await expect(alice.see("position")).to_have_attribute("data-position", str(place))
    await expect(alice.see("trouble")).to_contain_text("자리는 그대로 지켜집니다", timeout=LONG)
    assert await axe.grave(alice.page) == []
    await alice.page.unroute_all()
    await expect(alice.see("trouble")).to_have_count(0, timeout=LONG)


async def test_paused_with_a_message_then_on(hall: House, arrive: Arrive) -> None:
    event = await line.show_with_line(hall, "잠깐 쉬는 줄", "A line that rests", cap=0)
    alice = await arrive(at=hall)
    await alice.sign_up()
    await line.wait_in_line(alice, event.id)
    await line.change(hall, event.id, paused=True, message={"ko": "잠시 음향을 점검합니다.", "en": "Sound check."})
    await expect(alice.see("paused")).to_contain_text("입장을 잠시 멈췄습니다", timeout=LONG)
    await expect(alice.see("message")).to_contain_text("잠시 음향을 점검합니다.", timeout=LONG)
    assert await axe.grave(alice.page) == []
    await line.change(hall, event.id, paused=False, cap=10)
    await alice.page.wait_for_url(f"**/events/{event.id}/seats", timeout=LONG)


async def test_sold_out_while_waiting(hall: House, arrive: Arrive) -> None:
    event = await line.show_with_line(hall, "두 자리 공연", "A show of two seats", cap=1, plan=chamber())
    bob = await hall.fan("Bob")
    bob.passes["X-Queue-Pass"] = (await bob.join(event.id)).json()["pass"]
    alice = await arrive(at=hall)
    await alice.sign_up()
    await alice.go(f"/events/{event.id}/line")
    await expect(alice.page.locator("main")).to_have_attribute("data-scene", "waiting")
    assert (await bob.buy(event.id, "C-A-1", "C-A-2"))["status"] == "ticketed"
    await expect(alice.see("line", scene="sold_out")).to_contain_text("매진되었습니다", timeout=LONG)
    assert await axe.grave(alice.page) == []


async def test_without_javascript_a_form_reaches_a_place(hall: House, browser: Browser) -> None:
    event = await line.show_with_line(hall, "스크립트 없는 줄", "A line without scripts", cap=0)
    bob = await hall.fan("Bob")
    context = await browser.new_context(base_url=hall.origin, java_script_enabled=False, locale="ko-KR")
    context.set_default_timeout(15_000)
    page = await context.new_page()
    await page.goto(f"/events/{event.id}/line")
    await page.get_by_role("link").filter(has_text="간단한 화면으로").click()
    await page.locator('input[type="email"]').fill(bob.email)
    await page.locator('input[type="password"]').fill(PASSWORD)
    await page.locator('form:has(input[type="password"]) button').click()
    join = page.get_by_role("button", name="대기열에 들어가기")
    if await join.count():
        await join.click()
    await expect(page.locator("main")).to_contain_text("내 순서")
    await expect(page.locator(".big").first).to_contain_text("1")
    await context.close()


async def test_a_hidden_tab_is_silent_and_looks_once_when_it_is_back(hall: House, arrive: Arrive) -> None:
    event = await line.show_with_line(hall, "조용한 탭", "A quiet tab", cap=0)
    alice = await arrive(at=hall)
    await alice.sign_up()
    await line.wait_in_line(alice, event.id)
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/status/" in request.url or "/api/" in request.url:
            asked.append(request.url)

    alice.page.on("request", note)
    await eventually(lambda: line.more_than(asked, 1))  # The control: a page that is looked at does ask.
    await hide(alice, True)
    await asyncio.sleep(0.5)
    asked.clear()
    await asyncio.sleep(8)
    assert asked == []
    await hide(alice, False)
    await eventually(lambda: line.more_than(asked, 0))
    await asyncio.sleep(0.7)
    assert len(asked) == 1


async def hide(visitor: Visitor, hidden: bool) -> None:
    """What a browser tells a page whose tab goes to the back, or comes to the front."""
    await visitor.page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


@pytest.mark.parametrize("wrong_by", [3_600_000, -3_600_000])
async def test_a_clock_that_is_an_hour_off_changes_nothing(hall: House, arrive: Arrive, wrong_by: int) -> None:
    event = await hall.show("시계가 틀린 날", "A wrong clock", opens=12_000, waiting_room=True)
    await line.in_phase(hall, event.id, "lobby")
    alice = await arrive(at=hall)
    await alice.page.add_init_script(
        f"""{{
            const Real = Date;
            globalThis.Date = class extends Real {{
                constructor(...given) {{ given.length ? super(...given) : super(Real.now() + {wrong_by}); }}
                static now() {{ return Real.now() + {wrong_by}; }}
            }};
        }}"""
    )
    await alice.sign_up()
    await alice.go(f"/events/{event.id}/line")
    await expect(alice.see("line", scene="lobby")).to_be_visible()
    assert (await alice.see("line-clock").inner_text()).startswith("00:")
    await alice.page.wait_for_url(f"**/events/{event.id}/seats", timeout=LONG)
