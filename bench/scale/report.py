"""The report: one HTML file with inline SVG, readable on a phone, light and dark. And the same as JSON."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

from bench.scale.capacity import Constants
from bench.scale.simulate import Played

_STYLE = """
:root{color-scheme:light dark;--ink:#1a1a1a;--paper:#fff;--faint:#999;--line:#0b5fa5}
@media(prefers-color-scheme:dark){:root{--ink:#eee;--paper:#151515;--faint:#888;--line:#7cc0ff}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:auto;
 padding:1rem}
svg{width:100%;height:auto}polyline{fill:none;stroke:var(--line);stroke-width:2}text{fill:var(--ink);font-size:13px}
.axis{stroke:var(--faint)}.wide{overflow-x:auto}td,th{padding:.2rem .6rem;text-align:right;white-space:nowrap}
""".strip()


def _high(values: Sequence[float]) -> float:
    return max(values, default=0.0)


def summary(played: Played) -> dict[str, Any]:
    """The answers as plain numbers: seconds, milliseconds, requests a second, shares of what ends at 1.

    `stood_most` None: nothing moved.
    """
    moments, sale = played.moments, played.sale
    slowest = max((p for m in moments for p in m.p99.values()), default=0.0)
    stood = _high([m.stood for m in moments])
    # With prescale the first minutes are at rest; what the crowd saw begins when it comes.
    ends = {name: round(_high([m.ends[name] for m in moments]), 4) for name in moments[0].ends}
    return {
        "fans": sale.fans,
        "prescale": sale.prescale,
        "instances_at_open": next(m.instances for m in moments if m.second == 0),
        "instances_most": int(_high([m.instances for m in moments])),
        "busiest": round(_high([m.busy for m in moments]), 4),
        "requests_most": round(_high([m.requests for m in moments])),
        "refused": round(sum(m.refused for m in moments)),
        "p99_ms_most": round(slowest * 1000, 2) if math.isfinite(slowest) else None,
        "signing_in_most": round(_high([m.signing for m in moments])),
        "stood_most": round(stood, 1) if math.isfinite(stood) else None,
        "line_wait_p50": played.line_wait(0.5),
        "line_wait_p99": played.line_wait(0.99),
        "none_free": played.none_free,
        "sold_out": played.sold_out,
        "served": round(moments[-1].served),
        "gone": round(moments[-1].gone),
        "cdn_most": round(_high([m.cdn for m in moments])),
        "ends": ends,
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """For the terminal."""
    head = (
        f"{'fans':>9} {'pre':>4}{'at T-0':>8}{'most':>6}{'busy':>7}{'req/s':>9}{'refused':>11}{'signing in':>12}"
        f"{'stood':>11}{'line p50':>10}{'p99 s':>8}{'none free':>11}{'sold out':>10}{'CDN/s':>9}  used at most"
    )
    lines = [head]
    for row in rows:
        ends = ", ".join(f"{name} {share:.0%}" for name, share in row["ends"].items())
        lines.append(
            f"{row['fans']:>9,} {'yes' if row['prescale'] else 'no':>4}{row['instances_at_open']:>8}"
            f"{row['instances_most']:>6}{row['busiest']:>7.0%}{row['requests_most']:>9,}{row['refused']:>11,}"
            f"{row['signing_in_most']:>12,}{_seconds(row['stood_most']):>11}{row['line_wait_p50']:>10.0f}"
            f"{row['line_wait_p99']:>8.0f}{_seconds(row['none_free']):>11}{_seconds(row['sold_out']):>10}"
            f"{row['cdn_most']:>9,}  {ends}"
        )
    return "\n".join(lines)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:,} s"


def _plot(title: str, seconds: Sequence[int], values: Sequence[float]) -> str:
    width, height, left, low = 640, 180, 60, 150
    finite = [value if math.isfinite(value) else 0.0 for value in values]
    top = _high(finite) or 1.0
    first, span = seconds[0], max(1, seconds[-1] - seconds[0])
    step = max(1, len(seconds) // 600)
    points = " ".join(
        f"{left + (second - first) / span * (width - left - 10):.1f},{low - value / top * (low - 25):.1f}"
        for second, value in list(zip(seconds, finite, strict=True))[::step]
    )
    zero = left - first / span * (width - left - 10)
    name = html.escape(title)
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{name}"><text x="{left}" y="15">{name}</text>'
        f'<line class="axis" x1="{left}" y1="{low}" x2="{width - 10}" y2="{low}"/>'
        f'<line class="axis" x1="{zero:.1f}" y1="25" x2="{zero:.1f}" y2="{low}" stroke-dasharray="4"/>'
        f'<text x="{zero:.1f}" y="{height - 10}" text-anchor="middle">T-0</text>'
        f'<text x="{width - 10}" y="{height - 10}" text-anchor="end">{seconds[-1]} s</text>'
        f'<text x="{left - 5}" y="32" text-anchor="end">{top:,.3g}</text><polyline points="{points}"/></svg>'
    )


def page(runs: Sequence[Played], constants: Constants) -> str:
    """The whole report."""
    parts = []
    for played in runs:
        moments = played.moments
        seconds = [m.second for m in moments]
        parts.append(f"<h2>{played.sale.fans:,} fans, {'with' if played.sale.prescale else 'without'} pre-scale</h2>")
        for title, values in (
            ("instances in service", [float(m.instances) for m in moments]),
            ("share of the processors that is busy", [m.busy for m in moments]),
            ("requests answered a second", [m.requests for m in moments]),
            ("people who sign in", [m.signing for m in moments]),
            ("people in the line", [m.waiting for m in moments]),
            ("requests a second at the CDN", [m.cdn for m in moments]),
            ("slowest step, p99 in ms", [1000 * max(m.p99.values(), default=0.0) for m in moments]),
            ("refused a second", [m.refused for m in moments]),
            *((f"{name}: share of its end", [m.ends[name] for m in moments]) for name in moments[0].ends),
        ):
            parts.append(_plot(title, seconds, values))
    shown = html.escape(table([summary(played) for played in runs]))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width,initial-scale=1"><title>Scale</title><style>{_STYLE}</style></head><body>'
        f"<h1>Scale</h1><p>{html.escape(str(runs[0].planned))}</p><p>Constants of "
        f'{html.escape(constants.origin)}.</p><div class="wide"><pre>{shown}</pre></div>'
        + "".join(parts)
        + "</body></html>\n"
    )
