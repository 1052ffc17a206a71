"""ticketing demo: everything on this machine, by one command."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.panel import Panel
from rich.table import Table
from sqlalchemy.exc import IntegrityError

from ticketing.accounts.model import Role
from ticketing.accounts.passwords import Passwords
from ticketing.accounts.register import register
from ticketing.base.clock import SystemClock
from ticketing.base.db import connect_database
from ticketing.base.errors import Conflict
from ticketing.catalog.model import Event
from ticketing.catalog.sample import add_sample_shows
from ticketing.cli.console import app, err, fail, out, run
from ticketing.cli.local import (
    Layout,
    free_port,
    short_folder,
    start_children,
    start_valkeys,
    wait_until_ready,
)
from ticketing.cli.rehearsal_accounts import add_crowd
from ticketing.cli.rehearsal_screen import screen
from ticketing.rehearsal.conduct import GeneratorFailed, conduct, generators_for
from ticketing.rehearsal.machine import Meter
from ticketing.rehearsal.plan import Mix, Plan
from ticketing.rehearsal.remote import Remote
from ticketing.settings import read_settings
from ticketing.wiring.migrate import migrate

# Demo accounts are known to everybody who reads this: they exist only in the demo's own database.
ACCOUNTS = [
    {"email": f"{role.value}@demo.example", "password": f"{role.value}-demo-2026", "role": role.value}
    for role in (Role.FAN, Role.GATE, Role.PROMOTER, Role.OPERATOR)
]


MAY_BE_SET = (
    "TICKETING_ADDRESS_BURST",
    "TICKETING_LINE_WORK_BITS",
    "TICKETING_PAYMENT_URL",
    "TICKETING_PUBLIC_URL",
    "TICKETING_WEB_FOLDER",
)
"""Settings of the demo that one's own environment overrides. Not its stores: whoever has exported the address of a real
database must not find these accounts in it."""


@app.command()
def demo(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the site; 0 takes a free one.")] = 8000,
    data: Annotated[Path, typer.Option(help="Folder for everything the demo keeps.")] = Path(".demo"),
    processes: Annotated[int, typer.Option(min=1, max=16, help="API processes.")] = 2,
    fans: Annotated[int, typer.Option(min=0, max=5000, help="Simulated fans who buy while you watch.")] = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw away what an earlier demo kept.")] = False,
) -> None:
    """Run everything on this machine: stores, API, worker, payment provider, web. A show is on sale."""
    if fresh and data.exists():
        if any(data.iterdir()) and not (data / "accounts.json").exists():
            raise fail(f"{data} was not made by the demo; it stays. Choose another --data.", 2)
        shutil.rmtree(data)
    data.mkdir(parents=True, exist_ok=True)
    port = free_port(port)
    with contextlib.ExitStack() as exits:
        exits.enter_context(_only_one(data))
        layout = Layout(data.resolve())
        sockets = exits.enter_context(short_folder(layout.folder))
        web = _web_folder()
        environ = layout.environment(port, free_port(0), web, sockets)
        environ |= {name: os.environ[name] for name in MAY_BE_SET if name in os.environ}
        for name in sorted(set(environ) & set(os.environ) - set(MAY_BE_SET)):
            err.print(f"[yellow]{name} is set and not used: the demo has stores and keys of its own[/]")
        start_valkeys(exits, sockets)
        os.environ.update(environ)
        err.print("preparing the database …")
        events = run(_prepare)
        (data / "accounts.json").write_text(json.dumps(ACCOUNTS), encoding="utf-8")
        children = start_children(exits, os.environ | environ, port, processes, data)
        wait_until_ready(port, children)
        _say(port, events, web, data)
        if fans:
            on_sale = next(event for event in events if not event.waiting_room)
            exits.enter_context(_crowd(port, on_sale, fans, layout.folder))
        _watch(children)


def _web_folder() -> Path | None:
    for candidate in (Path(__file__).parents[1] / "_web", Path(__file__).parents[3] / "web" / "dist"):
        if (candidate / "routes.json").exists():
            return candidate
    err.print("[yellow]the web pages are not built (make web): only the API is served[/]")
    return None


@contextlib.contextmanager
def _only_one(data: Path) -> Iterator[None]:
    import fcntl

    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise fail(f"another demo is running in {data}: stop it first, or choose another --data", 2) from None
        yield


async def _prepare() -> list[Event]:
    settings = read_settings()
    db = connect_database(settings.database_url)
    try:
        await migrate(db)
        passwords, clock = Passwords(), SystemClock()
        for account in ACCOUNTS:
            with contextlib.suppress(Conflict, IntegrityError):
                await register(
                    db, clock, passwords, email=account["email"], password=account["password"],
                    name=account["role"].title(), role=Role(account["role"]),
                )  # fmt: skip
        return await add_sample_shows(db, clock)
    finally:
        await db.close()


def _say(port: int, events: list[Event], web: Path | None, data: Path) -> None:
    site = f"http://localhost:{port}"
    table = Table(title="Sign in as", title_justify="left", show_edge=False)
    for column in ("role", "e-mail", "password"):
        table.add_column(column)
    for account in ACCOUNTS:
        table.add_row(account["role"], account["email"], account["password"])
    lines = [f"[bold]{site}[/]" + ("" if web else "  (API only)"), f"API document: {site}/docs", ""]
    lines += [f"{event.name.ko} · {event.name.en}  {site}/events/{event.id}" for event in events]
    lines += ["", f"mail: {site}/mailbox   sale: {site}/sale/{events[0].id}   gate: {site}/gate", f"data: {data}"]
    out.print(Panel("\n".join(lines), title="The demo is running", expand=False))
    out.print(table)
    out.print("Stop with Ctrl-C. What you did is kept; --fresh starts anew.")


@contextlib.contextmanager
def _crowd(port: int, event: Event, fans: int, folder: Path) -> Iterator[None]:
    """Simulated fans at work on an event, in processes of their own, while this one watches the others."""
    accounts = folder / "fans.jsonl"
    run(lambda: add_crowd(read_settings(), fans, 0, accounts))
    site, now = Remote(f"http://127.0.0.1:{port}"), time.monotonic()
    plan = Plan(
        target=site.target, host=site.host, event_id=event.id, line=False, first=0, stride=1, fans=fans,
        begin=now + 1, opens_at=now + 4, end=now + 64, close=now + 120, accounts=str(accounts),
        seed=secrets.randbits(32), mix=Mix(bot=0.0), plan_share=1.0,
    )  # fmt: skip
    stop = threading.Event()

    def play() -> None:
        with screen(plan) as tell, contextlib.suppress(GeneratorFailed):
            conduct(plan, site.plan(event.id), generators_for(fans), Meter.of({}), tell, stop=stop)

    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(15)


def _watch(children: dict[str, subprocess.Popen[bytes]]) -> None:
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while not stopping:
        time.sleep(0.3)
        for name, child in children.items():
            if child.poll() is not None and not stopping:
                raise fail(f"{name} ended with code {child.returncode}; see {name}.log in the data folder")
    err.print("stopping …")
