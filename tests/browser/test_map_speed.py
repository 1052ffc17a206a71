"""A house of 15,000 seats and one of 50,000: the map is there soon and moves under the hand.

The figures are printed, not judged (`pytest -s`): what they are depends on the machine, and this one has no graphics
card to help. The one bound says only that the map did not hang.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from tests.browser import frames
from tests.browser.conftest import Arrive
from tests.browser.house import House
from tests.browser.seat_map import middle
from tests.browser.visitor import Visitor
from ticketing.catalog.arena import arena

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

HANGS = 2_000


async def drag(page: Page, x: float, y: float) -> None:
    await page.mouse.move(x, y)
    await page.mouse.down()
    for step in range(40):
        await page.mouse.move(x + 6 * step, y + 3 * step)
    for step in range(40):
        await page.mouse.move(x + 240 - 6 * step, y + 120 - 3 * step)
    await page.mouse.up()


async def zoom_in(page: Page, x: float, y: float) -> None:
    await page.mouse.move(x, y)
    for _ in range(30):
        await page.mouse.wheel(0, -60)


async def zoom_out(page: Page, x: float, y: float) -> None:
    await page.mouse.move(x, y)
    for _ in range(30):
        await page.mouse.wheel(0, 60)


async def measured(visitor: Visitor, act: Callable[[Page, float, float], Awaitable[None]]) -> frames.Frames:
    x, y = await middle(visitor.page)
    await frames.start(visitor.page)
    await act(visitor.page, x - 60, y - 30)
    return await frames.stop(visitor.page)


@pytest.mark.parametrize("seats", [15_000, 50_000])
async def test_pan_and_zoom(house: House, arrive: Arrive, seats: int) -> None:
    event = await house.show("큰 집", "A large house", plan=arena(seats))
    visitor = await arrive(lang="en")
    began = time.perf_counter()
    await visitor.go(f"/events/{event.id}/seats")
    await expect(visitor.see("section").first).to_contain_text("left")
    print(f"\n{seats:,} seats: on the screen after {time.perf_counter() - began:.2f} s")
    acts = {"drag, whole house": drag, "zoom in": zoom_in, "drag, near": drag, "zoom out": zoom_out}
    for name, act in acts.items():
        result = await measured(visitor, act)
        print(f"{seats:,} seats, {name}: {result}")
        assert result.median < HANGS
