"""Every page, in both languages, light and dark, on a phone and on a desk: it fits, and everybody can use it.

`TICKETING_SHOTS=folder` also keeps a picture of each.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser import axe
from tests.browser.house import House
from tests.browser.tour import Look, Tour, group, prepare
from tests.browser.visitor import DESKTOP, PHONE, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SHOTS = os.environ.get("TICKETING_SHOTS")
# These two see both languages on the narrowest screen and both themes.
QUICK = (Look("ko", PHONE), Look("en", PHONE, dark=True))
DESKS = (Look("ko", DESKTOP, dark=True), Look("en", DESKTOP))
EVERY = tuple(Look(lang, size, dark) for size in (PHONE, DESKTOP) for lang in ("ko", "en") for dark in (False, True))
OTHERS = [look for look in (EVERY if SHOTS else DESKS) if look not in QUICK]
LOOKS = [*QUICK, *(pytest.param(look, marks=pytest.mark.slow) for look in OTHERS)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tour(house: House, browser: Browser) -> Tour:
    """One house for all looks."""
    return await prepare(house, browser)


async def keep_picture(visitor: Visitor, name: str) -> None:
    if SHOTS:
        await visitor.page.wait_for_timeout(250)
        await visitor.page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_every_page_fits_and_is_usable_by_everybody(
    house: House, browser: Browser, tour: Tour, look: Look
) -> None:
    amiss: list[str] = []
    seen = 0
    async for stop, visitor in group(house, browser, tour, look):
        seen += 1
        await keep_picture(visitor, f"{stop.name}-{look}")
        amiss += [f"{stop.name}: {line}" for line in await axe.grave(visitor.page)]
        amiss += [f"{stop.name}: {line}" for line in await visitor.too_wide()]
    assert seen == len(tour.stops)
    assert not amiss, "\n".join(amiss)


async def test_control_axe_and_the_ruler_see_what_is_wrong(house: House, browser: Browser) -> None:
    visitor = await Visitor.arrive(house, browser, size=PHONE)
    await visitor.go("/")
    assert await axe.grave(visitor.page) == []
    assert await visitor.too_wide() == []
    await visitor.page.evaluate(
        """() => {
            const button = document.createElement("button");
            button.style.width = "500px";
            document.querySelector("main").append(button);
        }"""
    )
    assert any("button-name" in line for line in await axe.grave(visitor.page))
    assert await visitor.too_wide()
    await visitor.leave()
