"""Using the seat map as eyes and hands do: come closer, point until the map names a free seat, click."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.async_api import Page

from tests.browser.visitor import Visitor

_STEP = 11


def _spiral(x: float, y: float, rings: int = 14) -> Iterator[tuple[float, float]]:
    """Points around a place, near ones first."""
    yield x, y
    for ring in range(1, rings + 1):
        reach = ring * _STEP
        for i in range(-ring, ring + 1):
            yield x + i * _STEP, y - reach
            yield x + i * _STEP, y + reach
            if abs(i) < ring:
                yield x - reach, y + i * _STEP
                yield x + reach, y + i * _STEP


async def middle(page: Page) -> tuple[float, float]:
    """The middle of the part of the map that nothing covers, in pixels of the window."""
    box = await page.locator('[data-testid="seat-map"]').bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + (box["height"] + 60) / 2


async def come_closer(visitor: Visitor, x: float, y: float, times: int = 2) -> None:
    """Turn the wheel over a place."""
    await visitor.page.mouse.move(x, y)
    for _ in range(times):
        await visitor.page.mouse.wheel(0, -300)


async def click_free_seat(visitor: Visitor, *, taken_word: str) -> str:
    """Click the free seat nearest to the middle of the map that is not chosen yet; its id."""
    before = set(await visitor.chosen())
    words: set[str] = set()
    for x, y in _spiral(*await middle(visitor.page)):
        await visitor.page.mouse.move(x, y)
        tooltip = visitor.see("tooltip")
        if not await tooltip.count():
            continue
        text = await tooltip.inner_text()
        if taken_word in text or text in words:
            continue
        words.add(text)
        await visitor.page.mouse.click(x, y)
        new = set(await visitor.chosen()) - before
        if new:
            return new.pop()
        await visitor.page.mouse.click(x, y)  # It was chosen before: it stays so.
    raise AssertionError(f"no free seat near the middle of the map; seen: {words}")
