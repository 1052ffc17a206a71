"""Using a page without a pointer: Tab until the wanted thing has the focus, arrows inside lists, Enter."""

from __future__ import annotations

from playwright.async_api import Locator, Page

MOST_TABS = 60


async def has_focus(target: Locator) -> bool:
    """Whether the focus is on it, where it exists at this moment."""
    return bool(await target.count()) and bool(await target.first.evaluate("one => one === document.activeElement"))


async def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until `target` has the focus; fails when a whole round does not lead there."""
    await target.first.wait_for()
    for _ in range(MOST_TABS):
        if await has_focus(target):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {target}")


async def arrow_to(page: Page, key: str, target: Locator) -> None:
    """Press an arrow key until `target` has the focus."""
    for _ in range(MOST_TABS):
        if await has_focus(target):
            return
        await page.keyboard.press(key)
    raise AssertionError(f"{key} does not lead to {target}")


async def press(page: Page, target: Locator) -> None:
    """Tab to `target` and press Enter there."""
    await tab_to(page, target)
    await page.keyboard.press("Enter")


async def type_into(page: Page, target: Locator, text: str) -> None:
    await tab_to(page, target)
    await page.keyboard.insert_text(text)
