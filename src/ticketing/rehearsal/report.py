"""The report: one HTML file that needs nothing else, and the same figures for machines."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from ticketing.rehearsal import checks
from ticketing.rehearsal.conduct import Played
from ticketing.rehearsal.figures import plots
from ticketing.rehearsal.machine import Meter
from ticketing.rehearsal.plot import STYLE
from ticketing.rehearsal.verdict import Criterion, Verdict, last_look_at, sold_out_at

_CSS = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")


def document(played: Played, meter: Meter, verdict: Verdict, facts: Mapping[str, str]) -> dict[str, Any]:
    """The verdict and the figures behind it, for machines."""
    record, plan = played.record, played.plan
    steps = {}
    for name in record.steps:
        histogram = record.step(name)
        percentiles = {f"p{share * 100:g}_ms": round(histogram.percentile(share), 2) for share in (0.5, 0.95, 0.99)}
        steps[name] = {"count": histogram.count, **percentiles, "worst_ms": round(histogram.largest * 1000, 1)}
    return verdict.document() | {
        "fans": plan.fans,
        "line": plan.line,
        "seed": plan.seed,
        "facts": dict(facts),
        "machine": _machine(),
        "sold_out_seconds": sold_out_at(played),
        "last_ticketed_seconds": last_look_at(played, {"ticketed"}),
        "last_final_seconds": last_look_at(played, checks.FINAL),
        "steps": steps,
        "outcomes": dict(record.outcomes.most_common()),
        "orders": {"accepted": len({entry[2] for entry in record.history.orders}), "ticketed": _ticketed(played)},
        "refusals": [
            [step, reason, count] for (step, reason), count in (record.reasons + record.surprises).most_common()
        ],
        "processes": meter.loads(),
        "generator": {
            "busiest": round(played.busiest, 3),
            "busiest_together": round(played.busiest_together, 3),
            "late_p99_ms": round(played.late.percentile(0.99), 2),
        },
    }


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def _ticketed(played: Played) -> int:
    return len({order for _, order, state, _, _, _ in played.record.history.looks if state == "ticketed"})


def page(played: Played, meter: Meter, verdict: Verdict, facts: Mapping[str, str]) -> str:
    """The whole page."""
    figures = document(played, meter, verdict, facts)
    kept = "all promises kept" if verdict.passed else "promises missed"
    plan = played.plan
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"""<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Rehearsal: {plan.fans:,} fans</title><style>{_CSS}{STYLE}</style><main>
<h1>Rehearsal: {plan.fans:,} fans{" in line" if plan.line else ", no line"}</h1>
<p class=dim>{when} · {escape(figures["machine"])} · seed {plan.seed}</p>
<p class="verdict {"kept" if verdict.passed else "missed"}">{kept}</p>
{_cards(figures, played)}
{"".join(f"<p><b>{escape(name.capitalize())}:</b> {escape(text)}.</p>" for name, text in facts.items())}
<h2>Verdict</h2>{_table(("", "criterion", "found", "target", ""), map(_criterion, verdict.criteria))}
<h2>What happened</h2>{_plots(played, meter, "sale")}
<h2>Latency by step</h2><p class=dim>From the instant at which a request was meant to be sent to the whole
answer; by the second of sending, on a logarithmic scale. Dashed: 200 ms.</p>{_plots(played, meter, "latency")}
<h2>Processes</h2>{_plots(played, meter, "machine")}
{_process_table(figures)}
<h2>Steps</h2>{_step_table(figures)}
<h2>What became of the fans</h2>{_table(("", "fans"), figures["outcomes"].items(), numbers=1)}
<h2>Refusals and failures</h2>{_table(("step", "answer", "times"), figures["refusals"], numbers=1)}
</main></html>
"""


def _cards(figures: dict[str, Any], played: Played) -> str:
    sold_out, ticketed = figures["sold_out_seconds"], figures["last_ticketed_seconds"]
    cards = [
        ("sold out after", "not sold out" if sold_out is None else f"{sold_out:.1f} s"),
        ("last ticket seen after", "none" if ticketed is None else f"{ticketed:.1f} s"),
        ("orders accepted", f"{figures['orders']['accepted']:,}"),
        ("of them with tickets", f"{figures['orders']['ticketed']:,}"),
        ("requests", f"{sum(played.record.answers.values()):,}"),
        ("generator, busiest 10 s", f"{figures['generator']['busiest']:.0%} of a core"),
    ]
    return "<div class=cards>" + "".join(f"<div>{name}<b>{value}</b></div>" for name, value in cards) + "</div>"


def _criterion(criterion: Criterion) -> tuple[str, str, str, str, str]:
    mark = {True: "kept", False: "missed", None: "–"}[criterion.passed]
    value = "" if criterion.value is None else str(criterion.value)
    says = "; ".join([criterion.says, *criterion.details[:5]])
    return mark, criterion.name, value, criterion.target, says


def _table(heads: tuple[str, ...], rows: Any, numbers: int = 0) -> str:
    """A table; the last `numbers` columns are numbers."""
    first = len(heads) - numbers

    def cell(tag: str, n: int, value: Any) -> str:
        text = f"{value:,}" if isinstance(value, (int, float)) else escape(str(value))
        mark = f" class={value}" if n == 0 and value in ("kept", "missed") else " class=n" if n >= first else ""
        return f"<{tag}{mark}>{text}</{tag}>"

    def row(tag: str, values: Any) -> str:
        return "<tr>" + "".join(cell(tag, n, value) for n, value in enumerate(values)) + "</tr>"

    return f"<div class=wide><table>{row('th', heads)}{''.join(row('td', values) for values in rows)}</table></div>"


def _step_table(figures: dict[str, Any]) -> str:
    rows = [
        (name, step["count"], step["p50_ms"], step["p95_ms"], step["p99_ms"], step["worst_ms"])
        for name, step in figures["steps"].items()
    ]
    return _table(("step", "times", "p50 ms", "p95 ms", "p99 ms", "worst ms"), rows, numbers=5)


def _process_table(figures: dict[str, Any]) -> str:
    if not figures["processes"]:
        return "<p class=dim>Processes are measured for a stack of one's own, on Linux.</p>"
    rows = [
        (name, load["cpu_seconds"], load["busiest_cores"], round(load["memory_bytes"] / 2**20, 1))
        for name, load in figures["processes"].items()
    ]
    return _table(("process", "CPU s", "cores, busiest 10 s", "memory MiB"), rows, numbers=3)


def _plots(played: Played, meter: Meter, kind: str) -> str:
    drawn: Callable[[], list[str]] = lambda: [plot.svg() for plot in plots(played, meter)[kind]]  # noqa: E731
    return f"<div class=plots>{''.join(drawn())}</div>"
