"""What a rehearsal shows on the terminal: how it goes, and the verdict."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.live import Live
from rich.table import Table

from ticketing.cli.console import err, out
from ticketing.rehearsal.conduct import Progress
from ticketing.rehearsal.plan import STAGES, Plan
from ticketing.rehearsal.verdict import Verdict

_QUIET_EVERY = 10.0


@contextlib.contextmanager
def screen(plan: Plan) -> Iterator[Callable[[Progress], None]]:
    """Gives what is to be told of progress: a live table on a terminal, a line now and then elsewhere."""
    if not err.is_terminal:
        last = float("-inf")

        def say(progress: Progress) -> None:
            nonlocal last
            if progress.at - last >= _QUIET_EVERY:
                last = progress.at
                err.print(_line(progress))

        yield say
        return
    with Live(console=err, refresh_per_second=4, transient=True) as live:
        yield lambda progress: live.update(_table(plan, progress))


def _line(progress: Progress) -> str:
    stages = ", ".join(f"{name} {progress.stages.get(name, 0):,}" for name in STAGES)
    return (
        f"T{progress.at:+.0f} s  {stages}  answers {progress.answers:,}, failed {progress.failed:,}  "
        f"free {_known(progress.free)}, sold {progress.sold:,}  "
        f"generator {progress.cpu:.0%}, late {progress.late_ms} ms"
    )


def _known(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"


def _table(plan: Plan, progress: Progress) -> Table:
    table = Table(title=f"Rehearsal, T{progress.at:+.0f} s of {plan.end - plan.opens_at:.0f}", show_header=False)
    rows = [(name, f"{progress.stages.get(name, 0):,}") for name in STAGES if plan.line or name != "waiting"]
    rows += [
        ("seats free", _known(progress.free)),
        ("seats sold", f"{progress.sold:,}"),
        ("answers", f"{progress.answers:,} ({progress.failed:,} failed)"),
        ("connections", f"{progress.connections:,}"),
        ("generator", f"{progress.cpu:.0%} of a core, p99 {progress.late_ms} ms late"),
    ]
    if plan.line:
        rows.append(("serving", f"{progress.serving:,}"))
    for row in rows:
        table.add_row(*row)
    return table


def show_verdict(verdict: Verdict, folder: Path) -> None:
    """Print the verdict as a table, and where the report is."""
    table = Table(show_edge=False)
    for column in ("", "criterion", "found", "target", ""):
        table.add_column(column)
    marks = {True: "[green]kept[/]", False: "[bold red]missed[/]", None: "[dim]-[/]"}
    for criterion in verdict.criteria:
        found = "" if criterion.value is None else str(criterion.value)
        table.add_row(marks[criterion.passed], criterion.name, found, criterion.target, f"[dim]{criterion.says}[/]")
        for detail in criterion.details if criterion.passed is False else ():
            table.add_row("", "", "", "", f"[red]{detail}[/]")
    out.print(table)
    for note in verdict.notes:
        out.print(note, highlight=False)
    out.print("[bold green]all promises kept[/]" if verdict.passed else "[bold red]promises missed[/]")
    out.print(f"report: {folder / 'report.html'}   verdict: {folder / 'verdict.json'}", soft_wrap=True)
