"""Plots as SVG text: lines or stacked areas over time, readable in light and dark and on a phone, without a script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 420, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 10, 24
_COLOURS = 9


@dataclass(frozen=True)
class Series:
    """One line: name, points (x in seconds after T-0), and its colour's number (1 to 9)."""

    name: str
    points: Points
    colour: int


@dataclass(frozen=True)
class Plot:
    """A plot. `stacked`: areas on top of each other. `log`: decades. `target`: a dashed line at this height."""

    title: str
    unit: str
    series: Sequence[Series]
    stacked: bool = False
    log: bool = False
    target: float | None = None
    note: str = ""
    span: tuple[float, float] | None = field(default=None)

    def svg(self) -> str:
        """The figure with title and legend."""
        shown = [series for series in self.series if series.points]
        if not shown:
            return ""
        legend = "".join(f'<span><i class="k{s.colour}"></i>{escape(s.name)}</span>' for s in shown)
        note = f"<small>{escape(self.note)}</small>" if self.note else ""
        return (
            f"<figure><figcaption>{escape(self.title)} <em>{escape(self.unit)}</em></figcaption>"
            f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(self.title)}">'
            f"{self._drawn(shown)}</svg><div class=legend>{legend}</div>{note}</figure>"
        )

    def _drawn(self, shown: Sequence[Series]) -> str:
        low, high = self.span or (
            min(x for s in shown for x, _ in s.points),
            max(x for s in shown for x, _ in s.points),
        )
        layers = (
            _stacked(shown) if self.stacked else [(s, [0.0] * len(s.points), [y for _, y in s.points]) for s in shown]
        )
        top = max(max(tops, default=0.0) for _, _, tops in layers)
        frame = _Frame(low, max(high, low + 1), _nice(max(top, (self.target or 0) * 1.2, 1e-9)), self.log)
        parts = [frame.grid()]
        for series, bottoms, tops in layers:
            xs = [x for x, _ in series.points]
            upper = [frame.at(x, y) for x, y in zip(xs, tops, strict=True)]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in upper)
            if self.stacked:
                lower = [frame.at(x, y) for x, y in zip(xs, bottoms, strict=True)]
                back = " ".join(f"{x:.1f},{y:.1f}" for x, y in reversed(lower))
                parts.append(f'<polygon class="f{series.colour}" points="{path} {back}"/>')
            elif len(upper) == 1:
                parts.append(f'<circle class="f{series.colour}" cx="{upper[0][0]:.1f}" cy="{upper[0][1]:.1f}" r="2"/>')
            else:
                parts.append(f'<polyline class="s{series.colour}" points="{path}"/>')
        if self.target is not None:
            _, y = frame.at(low, self.target)
            parts.append(f'<line class=target x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        return "".join(parts)


@dataclass(frozen=True)
class _Frame:
    low: float
    high: float
    top: float
    log: bool

    def at(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self.low) / (self.high - self.low)
        if self.log:
            floor = self._floor()
            up = math.log10(max(y, floor) / floor) / math.log10(max(self.top, floor * 10) / floor)
        else:
            up = y / self.top
        inner_w, inner_h = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
        return _LEFT + inner_w * min(1.0, max(0.0, across)), _HEIGHT - _BOTTOM - inner_h * min(1.0, max(0.0, up))

    def _floor(self) -> float:
        return 0.1

    def grid(self) -> str:
        parts = []
        for value in self._heights():
            _, y = self.at(self.low, value)
            parts.append(f'<line class=grid x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{_short(value)}</text>')
        for value in _ticks(self.low, self.high):
            x, _ = self.at(value, 0)
            label = "T-0" if value == 0 else f"{value:+.0f}"
            parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 7}" text-anchor="middle">{label}</text>')
        if self.low < 0 < self.high:
            x, _ = self.at(0, 0)
            parts.append(f'<line class=zero x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>')
        return "".join(parts)

    def _heights(self) -> list[float]:
        if not self.log:
            return [self.top * n / 4 for n in range(5)]
        floor, heights = self._floor(), []
        while floor <= self.top * 1.001:
            heights.append(floor)
            floor *= 10
        return heights


def _stacked(shown: Sequence[Series]) -> list[tuple[Series, list[float], list[float]]]:
    layers, bottoms = [], [0.0] * len(shown[0].points)
    for series in shown:
        tops = [bottom + y for bottom, (_, y) in zip(bottoms, series.points, strict=True)]
        layers.append((series, bottoms, tops))
        bottoms = tops
    return layers


def _nice(value: float) -> float:
    """The next round number above."""
    scale = 10.0 ** math.floor(math.log10(value))
    steps = (1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 6.0, 8.0, 10.0)
    return float(next(step * scale for step in steps if step * scale >= value * 0.999))


def _ticks(low: float, high: float) -> list[float]:
    step = next(
        step for step in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 3600) if (high - low) / step <= 8 or step == 3600
    )
    return [n * step for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _short(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


STYLE = "".join(
    f".k{n}{{background:var(--c{n})}}.f{n}{{fill:var(--c{n})}}.s{n}{{stroke:var(--c{n})}}"
    for n in range(1, _COLOURS + 1)
)
