"""What the waiting page does not fall for, what it pays with, and what it weighs."""

from __future__ import annotations

import contextlib

import pytest
from playwright.async_api import Browser, Response, Route, expect
from playwright.async_api import Error as PlaywrightError

from tests.browser import line
from tests.browser.conftest import Arrive
from tests.browser.house import House
from tests.people import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_forged_status_lets_nobody_in(hall: House, arrive: Arrive) -> None:
    event = await line.show_with_line(hall, "속지 않는 문", "A door that is not fooled", cap=0)
    for name in ("Bob", "Carol"):
        assert (await (await hall.fan(name)).join(event.id)).status_code == 200
    alice = await arrive(at=hall, lang="en")
    alice.watch.allow(409, 403)
    await alice.sign_up()
    claims: list[str] = []
    alice.page.on("request", lambda one: claims.append(one.url) if one.url.endswith("/admission") else None)

    async def forge(route: Route) -> None:
        with contextlib.suppress(PlaywrightError):  # The page moved on while the answer was on its way.
            answer = await route.fetch()
            body = await answer.json()
            await route.fulfill(response=answer, json=body | {"serving": 999_999})

    await alice.page.route(
        "**/status/*.json", lambda route: route.fallback() if "about" in route.request.url else forge(route)
    )
    await alice.page.route(
        "**/queue", lambda route: forge(route) if route.request.method == "GET" else route.fallback()
    )
    await alice.go(f"/events/{event.id}/line")
    await eventually(lambda: line.more_than(claims, 1), 30)
    assert len(claims) < 6, "a lie does not make the page hammer the door"
    await expect(alice.see("ahead")).to_have_attribute("data-ahead", "2")
    # Nor does the address of the seats help: no seat can be held without a pass.
    await alice.go(f"/events/{event.id}/seats")
    await expect(alice.see("outside")).to_contain_text("This show has a line")
    await alice.see("tab-list").click()
    await alice.press_in_list("1C-C-8")
    await alice.see("hold").click()
    await alice.at(f"/events/{event.id}/line")
    await expect(alice.see("why")).to_contain_text("It must be your turn")


async def test_work_is_done_by_the_browser(hall: House, arrive: Arrive) -> None:
    event = await line.show_with_line(hall, "계산하는 줄", "A line with work", cap=0)
    await line.change(hall, event.id, work_bits=12)
    await line.price_is(hall, event.id, 12)
    alice = await arrive(at=hall)
    alice.watch.allow(428)
    await alice.sign_up()
    bodies: list[str] = []
    alice.page.on("request", lambda one: bodies.append(one.post_data or "") if one.url.endswith("/queue") else None)
    assert await line.wait_in_line(alice, event.id) == 1
    assert '"solution"' in bodies[-1]


async def test_what_a_first_visit_downloads(hall: House, browser: Browser) -> None:
    """All of it, as it comes over the wire, in the language that needs more: at most 30 KB."""
    event = await line.show_with_line(hall, "가벼운 화면", "A light page", cap=0)
    context = await browser.new_context(base_url=hall.origin)
    await context.add_init_script("localStorage.setItem('lang', '\"en\"')")
    page = await context.new_page()
    site: dict[str, int] = {}

    def weigh(response: Response) -> None:
        if "/status/" not in response.url and "/api/" not in response.url:
            site[response.url] = int(response.headers["content-length"])

    page.on("response", weigh)
    await page.goto(f"/events/{event.id}/line")
    await expect(page.get_by_test_id("line-sign-in")).to_have_text("Sign in")
    await page.wait_for_timeout(500)
    assert any(url.endswith(".js") for url in site)
    assert any(url.endswith(".css") for url in site)
    assert sum(site.values()) <= 30 * 1024, site
    await context.close()
