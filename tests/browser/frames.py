"""How smoothly the seat map moves: the time between frames while it is dragged and zoomed."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.async_api import Page

_RECORD = """() => {
    window.frameTimes = [];
    let before = performance.now();
    const frame = (now) => {
        window.frameTimes.push(now - before);
        before = now;
        window.frameLoop = requestAnimationFrame(frame);
    };
    window.frameLoop = requestAnimationFrame(frame);
}"""
_STOP = "() => (cancelAnimationFrame(window.frameLoop), window.frameTimes.slice(2))"


@dataclass(frozen=True)
class Frames:
    """Milliseconds between frames."""

    count: int
    median: float
    p95: float
    worst: float

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.count} frames, median {self.median:.1f} ms, p95 {self.p95:.1f} ms, worst {self.worst:.1f} ms"


async def start(page: Page) -> None:
    await page.evaluate(_RECORD)


async def stop(page: Page) -> Frames:
    times = sorted(await page.evaluate(_STOP))
    assert len(times) > 5, "hardly anything was drawn"
    return Frames(len(times), times[len(times) // 2], times[int(len(times) * 0.95)], times[-1])
