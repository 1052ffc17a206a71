"""The watch that every visitor carries sees what it is there for."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.browser.house import House
from tests.browser.visitor import Visitor
from tests.people import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize(
    ("misdeed", "report"),
    [
        ("setTimeout(() => { throw new Error('boom') })", "uncaught: boom"),
        ("console.error('lost')", "console error: lost"),
        ("document.body.appendChild(document.createElement('script')).text = '1'", "Content Security Policy"),
        ("new Image().src = 'http://tracker.example/p.gif'", "tracker.example"),
        ("fetch('/api/orders/ord_none').then(() => 0)", "status of 401"),
    ],
)
async def test_a_misdeed_of_a_page_is_reported(house: House, browser: Browser, misdeed: str, report: str) -> None:
    visitor = await Visitor.arrive(house, browser)
    await visitor.go("/")
    await visitor.page.evaluate(f"() => {{ {misdeed} }}")
    await eventually(visitor.watch.has_problems)
    with pytest.raises(AssertionError, match=report):
        await visitor.leave()
