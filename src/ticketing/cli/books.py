"""ticketing fsck: do seats, money, tickets and holds agree?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from ticketing.admin.fsck.check import Stores, UnknownEvent, check
from ticketing.admin.fsck.repair import Repairs
from ticketing.admin.fsck.report import Breach, Repair, Report, Scope, Tell, nobody
from ticketing.cli.console import AsJson, app, err, fail, out, print_json, run, settings_or_exit
from ticketing.settings import InvalidSettings, Settings
from ticketing.wiring.parts import open_parts

_SHOWN = 20


@app.command()
def fsck(
    event: Annotated[str | None, typer.Option(help="Only this event.")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Put right what is safe to; say what was done and left.")] = False,
    revive: Annotated[bool, typer.Option("--revive", help="With --fix: run dead messages again as well.")] = False,
    grace: Annotated[float, typer.Option(min=0, help="Seconds that things may be under way.")] = 300.0,
    no_provider: Annotated[bool, typer.Option("--no-provider", help="Leave the payment provider's books out.")] = False,
    as_json: AsJson = False,
) -> None:
    """Recompute seats, money and tickets from first principles; report everything that does not agree.

    Safe to run in mid-sale: it locks nothing, and what is under way is not an error.
    Exit codes: 0 clean, 1 something is wrong, 2 not everything could be checked.
    """
    if revive and not fix:
        raise fail("--revive goes with --fix", 2)
    settings = settings_or_exit()
    scope = Scope(event, grace, settings.payment_window_seconds)
    try:
        report, repairs = run(lambda: _work(settings, scope, fix=fix, revive=revive, provider=not no_provider), 2)
    except UnknownEvent:
        raise fail(f"there is no event {event}", 2) from None
    if as_json:
        done = [{"cure": r.cure.value, "done": r.done, "detail": r.detail, "ids": list(r.ids)} for r in repairs]
        print_json(report.document() | {"repairs": done})
    else:
        _say(report, repairs)
    raise typer.Exit(report.exit_code)


async def _work(
    settings: Settings, scope: Scope, *, fix: bool, revive: bool, provider: bool
) -> tuple[Report, list[Repair]]:
    try:
        async with open_parts(settings) as parts:
            stores = Stores(parts.db, parts.valkey, parts.queue, parts.gateway if provider else None, parts.clock)
            with _progress() as tell:
                report = await check(stores, scope, tell)
                repairs: list[Repair] = []
                if fix and any(breach.cure for breach in report.breaches):
                    repairs = await Repairs(stores, revive=revive).run(report)
                    report = await check(stores, scope, tell)
            return report, repairs
    except InvalidSettings as error:
        raise fail(str(error), 2) from None


@contextmanager
def _progress() -> Iterator[Tell]:
    if not err.is_terminal:
        yield nobody
        return
    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("reading the books", total=None)
        yield lambda stage, done, total: bar.update(task, description=stage, completed=done, total=total)


def _say(report: Report, repairs: list[Repair]) -> None:
    for repair in repairs:
        mark = "[green]fixed[/]" if repair.done else "[yellow]left[/]"
        out.print(f"{mark}  {repair.cure.value}: {escape(repair.detail)}  [dim]{escape(_few(repair.ids))}[/]")
    _say_money(report)
    for kind, tally in sorted(report.in_flight.items()):
        amounts = ", ".join(f"{amount:,} {currency}" for currency, amount in tally.amounts.items())
        age = 0 if tally.since is None else max(0, report.at - tally.since) // 1000
        out.print(f"under way  {kind.replace('_', ' ')}: {tally.count}, {amounts or 'no money'}, oldest {age} s")
    shown: Counter[str] = Counter()
    for breach in report.breaches:
        shown[breach.code] += 1
        if shown[breach.code] <= _SHOWN:
            out.print(_line(breach))
    for code, count in shown.items():
        if count > _SHOWN:
            out.print(f"… and {count - _SHOWN} more of {code}; --json lists all")
    for subject, why in report.unchecked:
        out.print(f"[yellow]not checked[/]  {subject}: {escape(why)}")
    for subject in report.skipped:
        out.print(f"left out on request: {subject}")
    figures = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in report.figures.items())
    out.print(f"looked at {figures or 'nothing'}")
    verdict = {
        0: "[bold green]clean[/]",
        1: f"[bold red]{len(report.breaches)} breaches[/]",
        2: "[bold yellow]nothing wrong in what could be checked[/]",
    }
    out.print(verdict[report.exit_code])


def _say_money(report: Report) -> None:
    if not report.money:
        return
    table = Table(show_edge=False)
    columns = ("event", "taken", "tickets", "awaiting tickets", "given back", "owed", "fees", "difference")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for m in report.money[:_SHOWN]:
        amounts = (m.captured, m.tickets, m.awaiting_tickets, m.refunded, m.refund_due, m.fees, m.difference)
        table.add_row(f"{m.event_id} {m.currency}", *(f"{amount:,}" for amount in amounts))
    out.print(table)


def _line(breach: Breach) -> str:
    ids = " ".join(f"{name}={_text(value)}" for name, value in breach.ids.items())
    cure = f"  [dim](--fix: {breach.cure.value})[/]" if breach.cure else ""
    return f"[bold red]{breach.invariant}[/] {breach.code}: {escape(breach.detail)}  [dim]{escape(ids)}[/]{cure}"


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _few(ids: tuple[str, ...]) -> str:
    more = f" … {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return ", ".join(ids[:_SHOWN]) + more
