"""ticketing rehearse: an on-sale played by simulated fans, and a verdict."""

from __future__ import annotations

import contextlib
import json
import math
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from sqlalchemy.exc import SQLAlchemyError

from ticketing.cli import rehearsal_stack
from ticketing.cli.console import AsJson, app, err, fail, print_json
from ticketing.cli.rehearsal_screen import screen, show_verdict
from ticketing.rehearsal import report
from ticketing.rehearsal.conduct import GeneratorFailed, Played, conduct, generators_for
from ticketing.rehearsal.machine import Meter, check_priority, give_priority, groups_sessions
from ticketing.rehearsal.plan import Plan
from ticketing.rehearsal.remote import CannotRehearse, Remote, take_accounts
from ticketing.rehearsal.verdict import Targets, Verdict, judge
from ticketing.waiting.model import MAX_CAP

_FOLLOW_SECONDS = 60.0
_START_SECONDS = 4.0
PLANS_LOADED = 500
_BEHIND = 8
SIGN_INS_A_SECOND = 8
_SELL_OUT_SECONDS = 60.0
_USUALLY_BOUGHT = 2
_LOCAL_ONLY = ("seats", "line", "cap", "sign_ins", "processes", "database", "keep")
_REMOTE_ONLY = ("event", "accounts", "sign_up")


@dataclass(frozen=True)
class Asked:
    """The command's options."""

    fans: int
    lobby: float
    duration: float
    seed: int
    generators: int
    pace: float
    sell_out: bool | None
    report: Path
    nice: int


@app.command()
def rehearse(
    context: typer.Context,
    fans: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many come.")] = 300,
    url: Annotated[str | None, typer.Option(help="Address of a running site; without it, a stack of its own.")] = None,
    event: Annotated[str | None, typer.Option(help="With --url: the event; else the next one to go on sale.")] = None,
    seats: Annotated[int, typer.Option(help="Places of the local stack's show.")] = 400,
    line: Annotated[bool, typer.Option("--line/--no-line", help="Local stack: with a waiting line or without.")] = True,
    cap: Annotated[
        int | None,
        typer.Option(min=1, max=MAX_CAP, help="Local stack: people inside at once; default: half of the fans."),
    ] = None,
    lobby: Annotated[float, typer.Option(min=3, help="Seconds from the first arrival to T-0.")] = 12.0,
    duration: Annotated[float, typer.Option(min=5, help="Seconds from T-0 until nobody begins to buy.")] = 40.0,
    report_to: Annotated[Path, typer.Option("--report", help="Folder for report.html and verdict.json.")] = Path(
        "rehearsal"
    ),
    accounts: Annotated[
        Path | None, typer.Option(help='JSON lines: {"email", "password"} or {"token"}, one for each fan.')
    ] = None,
    sign_up: Annotated[float, typer.Option(min=0.1, help="With --url, no --accounts: sign-ups a second.")] = 5.0,
    sign_ins: Annotated[
        int | None,
        typer.Option(min=0, help="Local stack: fans who sign in, by the real route; default: 8 a second of the lobby."),
    ] = None,
    processes: Annotated[int, typer.Option(min=1, max=32, help="Local stack: API processes.")] = 2,
    database: Annotated[str | None, typer.Option(help="Local stack: a database URL instead of SQLite.")] = None,
    generators: Annotated[int, typer.Option(min=0, help="Generator processes; 0: as few as can hold all.")] = 0,
    sell_out: Annotated[
        bool | None,
        typer.Option(
            "--sell-out/--no-sell-out", help="Sold out in 60 s is promised; default: if fans > free seats / 2."
        ),
    ] = None,
    pace: Annotated[float, typer.Option(min=0.05, help="How long people think; 1: as people do.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of all that is drawn by lot among the fans.")] = 1,
    keep: Annotated[Path | None, typer.Option(help="Local stack: keep its data and logs in this folder.")] = None,
    nice: Annotated[
        int, typer.Option(min=-20, max=19, help="Of generator and local stack: below 0, as root, before other work.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Play an on-sale with simulated fans, and judge it.

    Fans come, sign in, wait in line, choose seats, lose them to others, pay and fetch tickets; some are slow, leave,
    shut the tab, click twice, or are bots. Writes a report (HTML, for offline) and a verdict.
    Exit codes: 0 all promises kept, 1 some missed, 2 could not run.
    """
    _refuse(context, *((_REMOTE_ONLY, "with --url") if url is None else (_LOCAL_ONLY, "without --url")))
    if accounts is not None:
        _refuse(context, ("sign_up",), "without --accounts")
    asked = Asked(fans, lobby, duration, seed, generators, pace, sell_out, report_to, nice)
    signal.signal(signal.SIGTERM, _stop)
    try:
        _try_priority(nice)
        if url is None:
            wanted = rehearsal_stack.Wanted(
                fans, seats, line, cap or cap_for(fans), processes,
                min(fans, int(lobby * SIGN_INS_A_SECOND) if sign_ins is None else sign_ins), database=database,
            )  # fmt: skip
            verdict = _locally(asked, wanted, keep)
        else:
            verdict = _remotely(asked, Remote(url), event, accounts, sign_up)
    except (CannotRehearse, GeneratorFailed) as error:
        raise fail(str(error), 2) from None
    except (OSError, SQLAlchemyError) as error:
        raise fail(f"the rehearsal could not run: {type(error).__name__}: {error}", 2) from None
    if as_json:
        print_json(verdict.document())
    else:
        show_verdict(verdict, asked.report)
    raise typer.Exit(0 if verdict.passed else 1)


def _refuse(context: typer.Context, names: Sequence[str], where: str) -> None:
    """Exit code 2 where one of these options was given: it would do nothing, silently."""
    given = [name for name in names if getattr(context.get_parameter_source(name), "name", "DEFAULT") != "DEFAULT"]
    if given:
        options = ", ".join("--" + name.replace("_", "-") for name in given)
        raise fail(f"{options}: only {where}; leave out what does not apply", 2)


def _try_priority(nice: int) -> None:
    """Exit code 2 where it may not be given: before all is built for nothing."""
    try:
        check_priority(nice)
    except PermissionError:
        raise fail(f"--nice {nice} needs root (or CAP_SYS_NICE): run it as root, or leave --nice out", 2) from None


def _stop(*_: object) -> None:
    # As an exception, so that what was started is stopped.
    raise typer.Exit(143)


def _locally(asked: Asked, wanted: rehearsal_stack.Wanted, keep: Path | None) -> Verdict:
    rehearsal_stack.check(wanted)
    _open_report(asked.report)
    with _folder(keep) as folder:
        err.print(f"starting a stack and {wanted.fans:,} accounts …")
        with rehearsal_stack.running(folder, wanted) as stack:
            err.print(f"stack: {stack.url}, data in {folder}")
            # Whoever measures must not wait for what is measured.
            behind = min(0, asked.nice + _BEHIND) if asked.nice < 0 else asked.nice
            for name, pids in stack.processes.items():
                back = _worker_behind(wanted.processes) if name == "worker" and asked.nice < 0 else 0
                give_priority(pids, behind + back)
            event_id = rehearsal_stack.add_show(stack, wanted, _START_SECONDS + asked.fans / 8_000 + asked.lobby)
            site = Remote(stack.url)
            facts = {
                "address": f"a stack of its own: {wanted.processes} API processes, one worker, "
                f"{'SQLite' if wanted.database is None else 'the database of --database'}, two Valkey servers",
                "accounts": f"{wanted.fans:,} written into the database beforehand, all with one argon2id hash; "
                f"{wanted.sign_ins:,} of them signed in through the real route, at its real cost, the others came "
                "with a session",
            }
            meter = Meter.of(stack.processes)
            played = _play(asked, site, event_id, stack.accounts, meter, wanted.line)
            targets = Targets(sold_out=sold_out_within(asked.sell_out, asked.fans, wanted.seats), cap=wanted.cap)
            return _conclude(asked, played, meter, facts, targets, stack)


def _worker_behind(processes: int) -> int:
    """How much nicer the worker must be than each of so many API processes, to get a third of what they get together.

    That is what --cpu-shares gives it on AWS: orders may wait a moment when all come at once, but the worker also leads
    the line, and nobody is let in by a leader that gets no time. Each step of niceness is a fifth less; where Linux
    groups sessions, the API processes, which are of one, count as one.
    """
    return round(math.log(3 / (1 if groups_sessions() else processes), 1.25))


def _remotely(asked: Asked, site: Remote, event: str | None, accounts: Path | None, sign_up: float) -> Verdict:
    found = site.event(event)
    free = site.free(found["id"])
    most = found.get("max_per_person", _USUALLY_BOUGHT)
    targets = Targets(sold_out=sold_out_within(asked.sell_out, asked.fans, free, most))
    _open_report(asked.report)
    with _folder(None) as folder:
        ours = folder / "fans.jsonl"
        if accounts is None:
            err.print(f"signing up {asked.fans:,} accounts at {sign_up:g} a second …")
            site.sign_up(asked.fans, sign_up, ours, lambda done: err.print(f"{done:,} accounts"))
            how = f"signed up beforehand at {sign_up:g} a second"
        else:
            take_accounts(accounts, asked.fans, ours)
            how = "from a file"
        facts = {"address": site.url, "accounts": how, "seats": f"{free:,} were free beforehand"}
        meter = Meter.of({})
        played = _play(asked, site, found["id"], ours, meter, found["waiting_room"])
        return _conclude(asked, played, meter, facts, targets, None)


def cap_for(fans: int) -> int:
    """People inside at once where nobody says how many: half of the fans, as far as a line can be set."""
    return min(MAX_CAP, max(1, fans // 2))


def sold_out_within(meant: bool | None, fans: int, free: int, most: int = _USUALLY_BOUGHT) -> float | None:
    """Seconds after T-0 in which all free seats are to be sold, None: that is not promised.

    Args:
        meant: None: where the fans can buy them all, two each or as many as one person may (`most`).
    """
    if meant is None:
        meant = fans * min(most, _USUALLY_BOUGHT) > free
    return _SELL_OUT_SECONDS if meant else None


def _open_report(folder: Path) -> None:
    """Make the report's folder, and try to write there: a verdict must not be lost for want of it. Else exit code 2."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise fail(f"--report {folder} cannot be written: {error.strerror}: choose another folder", 2) from None


def _play(asked: Asked, site: Remote, event_id: str, accounts: Path, meter: Meter, line: bool) -> Played:
    opens_at = site.opens_at(event_id)
    begin = max(time.monotonic() + 0.5, opens_at - asked.lobby)
    opens_at = max(opens_at, begin + 2.0) if opens_at < begin else opens_at
    if opens_at - begin > asked.lobby + 5:
        err.print(f"the sale opens in {opens_at - time.monotonic():.0f} s; the fans come {asked.lobby:.0f} s before")
    end = opens_at + asked.duration
    plan = Plan(
        target=site.target, host=site.host, event_id=event_id, line=line, first=0, stride=1, fans=asked.fans,
        begin=begin, opens_at=opens_at, end=end, close=end + _FOLLOW_SECONDS, accounts=str(accounts), seed=asked.seed,
        pace=asked.pace, plan_share=min(1.0, PLANS_LOADED / asked.fans),
    )  # fmt: skip
    count = asked.generators or generators_for(asked.fans)
    with screen(plan) as tell, _until_stopped() as stop:
        return conduct(plan, site.plan(event_id), count, meter, tell, asked.nice, stop)


@contextlib.contextmanager
def _until_stopped() -> Iterator[threading.Event]:
    """An event that the first SIGTERM or Ctrl-C sets: the rehearsal ends, and is judged by what there is."""
    stop = threading.Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(one, lambda *_: stop.set()) for one in signals]
    try:
        yield stop
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)


def _conclude(
    asked: Asked, played: Played, meter: Meter, facts: dict[str, str], targets: Targets,
    stack: rehearsal_stack.Stack | None,
) -> Verdict:  # fmt: skip
    fsck = None
    if stack is not None:
        err.print("checking the books …")
        fsck = stack.fsck(grace=15.0)
    verdict = judge(played, targets, fsck)
    document = report.document(played, meter, verdict, facts)
    try:
        (asked.report / "verdict.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        (asked.report / "report.html").write_text(report.page(played, meter, verdict, facts), encoding="utf-8")
    except OSError as error:
        # The disk is full by now, say: the verdict stands all the same.
        err.print(f"[bold red]error:[/] the report could not be written: {escape(str(error))}", soft_wrap=True)
    return verdict


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="tk-rehearse-", ignore_cleanup_errors=True) as made:
            yield Path(made)
        return
    try:
        keep.mkdir(parents=True, exist_ok=True)
        empty = not any(keep.iterdir())
    except OSError as error:
        raise fail(f"--keep {keep} cannot be used: {error.strerror}: choose another folder", 2) from None
    if not empty:
        raise fail(f"{keep} is not empty: choose another folder for --keep", 2)
    yield keep.resolve()
