"""Accessibility as far as a program can judge it: axe-core, run inside the page."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from playwright.async_api import Page

from tests.servers import require

_SOURCE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """() => axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, help, nodes }) => nodes.map((node) => `${id} (${help}): ${node.html.slice(0, 160)} `
        + node.any.map(({ message }) => message).join("; "))))"""

# A button that has just been enabled fades in: what is judged is what stays.
_SETTLED = """() => Promise.all(document.getAnimations()
    .filter((one) => Number.isFinite(one.effect?.getComputedTiming().endTime ?? 0))
    .map((one) => one.finished.catch(() => undefined))).then(() => undefined)"""


@cache
def _source() -> str:
    require("axe-core (make web)", _SOURCE.exists())
    return _SOURCE.read_text(encoding="utf-8")


async def grave(page: Page) -> list[str]:
    """What axe finds serious or critical on the page as it is now, one line for each element."""
    await page.evaluate(_source())
    await page.evaluate(_SETTLED)
    return list(await page.evaluate(_RUN))
