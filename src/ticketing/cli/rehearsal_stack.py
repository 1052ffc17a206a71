"""The local stack of a rehearsal: everything on this machine, one show, and a crowd of accounts."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from ticketing.base.clock import SystemClock
from ticketing.base.db import connect_database
from ticketing.catalog import arena, hall
from ticketing.catalog.create_event import NewEvent, NewPrice, create_event
from ticketing.catalog.model import Localized
from ticketing.catalog.sample import ARENA
from ticketing.catalog.save_plan import save_plan
from ticketing.cli.console import fail, run
from ticketing.cli.local import (
    Layout,
    free_port,
    short_folder,
    start_children,
    start_valkeys,
    wait_until_ready,
    without_settings,
)
from ticketing.cli.rehearsal_accounts import add_crowd
from ticketing.rehearsal.loop import raise_descriptor_limit
from ticketing.rehearsal.machine import children_of
from ticketing.settings import read_settings

_HOUR = 3_600_000
_FSCK_SECONDS = 300.0


@dataclass(frozen=True)
class Wanted:
    """What the stack is to be like.

    Attributes:
        fans, seats, line: the crowd, the house, and whether people wait in line.
        cap: people inside at once. processes: API processes. database: another URL than SQLite in the folder.
        sign_ins: how many of the fans come without a session and sign in through the real route, at its real cost.
        hold_seconds: how long a hold lasts.
    """

    fans: int
    seats: int
    line: bool
    cap: int
    processes: int
    sign_ins: int
    hold_seconds: int = 60
    database: str | None = None


@dataclass(frozen=True)
class Stack:
    """A running stack: where it is, the whole environment of its processes, the accounts' file, and its processes by
    name.
    """

    folder: Path
    port: int
    environ: dict[str, str]
    accounts: Path
    processes: dict[str, list[int]]

    @property
    def url(self) -> str:
        """Address of the site."""
        return f"http://127.0.0.1:{self.port}"

    def fsck(self, grace: float) -> dict[str, Any]:
        """What `ticketing fsck` says of the stores; the document has `exit_code` beside the report."""
        try:
            done = subprocess.run(  # noqa: S603 - our own program
                [sys.executable, "-m", "ticketing", "fsck", "--json", "--grace", str(grace)],
                env=self.environ, capture_output=True, timeout=_FSCK_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return {"breaches": [], "failed": f"it did not end within {_FSCK_SECONDS:.0f} s", "exit_code": 2}
        try:
            document: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            document = {"breaches": [], "failed": done.stderr.decode(errors="replace")[-500:]}
        return document | {"exit_code": done.returncode}


@contextlib.contextmanager
def running(folder: Path, wanted: Wanted) -> Iterator[Stack]:
    """Start everything below a folder; stopped at the end."""
    raise_descriptor_limit()
    with contextlib.ExitStack() as exits:
        port = free_port(0)
        sockets = exits.enter_context(short_folder(folder))
        # Nothing of this machine's own settings: where a sale runs, these are its stores and its queue.
        settings = Layout(folder).environment(port, free_port(0), None, sockets) | _settings(wanted)
        environ = without_settings() | settings
        (folder / "accounts.json").write_text("[]", encoding="utf-8")
        valkeys = start_valkeys(exits, sockets)
        accounts = folder / "fans.jsonl"
        run(lambda: add_crowd(read_settings(environ), wanted.fans, wanted.sign_ins, accounts), 2)
        children = start_children(exits, environ, port, wanted.processes, folder)
        wait_until_ready(port, children)
        api = children["api"].pid
        processes = {f"API {n + 1}": [pid] for n, pid in enumerate(children_of(api) or [api])}
        processes |= {name: [child.pid] for name, child in children.items() if name != "api"}
        processes |= {f"Valkey, {name}": [server.pid] for name, server in valkeys.items() if server.pid}
        yield Stack(folder, port, environ, accounts, processes)


def _settings(wanted: Wanted) -> dict[str, str]:
    made = {
        "TICKETING_LINE_CAP": str(wanted.cap),
        "TICKETING_LINE_RATE": "600000",
        "TICKETING_LINE_LOBBY_MINUTES": "60",
        "TICKETING_ADDRESS_BURST": "1000000",
        "TICKETING_HOLD_SECONDS": str(wanted.hold_seconds),
    }
    return made | ({"TICKETING_DATABASE_URL": wanted.database} if wanted.database else {})


def add_show(stack: Stack, wanted: Wanted, opens_in: float) -> str:
    """A show that goes on sale in so many seconds; gives its id."""
    house = hall.hall(wanted.seats) if wanted.seats <= hall.LARGEST else arena.arena(wanted.seats)

    async def work() -> str:
        db, clock = connect_database(stack.environ["TICKETING_DATABASE_URL"]), SystemClock()
        try:
            saved = await save_plan(db, clock, house)
            now = clock.now_ms()
            event = await create_event(
                db,
                clock,
                ARENA,
                NewEvent(
                    plan_version=saved.version,
                    name=Localized("예행연습", "Rehearsal"),
                    description=Localized.same(""),
                    starts_at=now + 30 * 24 * _HOUR,
                    on_sale_at=now + int(opens_in * 1000),
                    off_sale_at=now + 29 * 24 * _HOUR,
                    prices=tuple(NewPrice(grade, 110_000) for grade in house.grades()),
                    waiting_room=wanted.line,
                ),
            )
            return event.id
        finally:
            await db.close()

    return run(work, 2)


def check(wanted: Wanted) -> None:
    """Exit code 2 for a house that cannot be built, or a database that cannot be spoken to."""
    if not hall.SMALLEST <= wanted.seats <= arena.LARGEST:
        raise fail(f"--seats must be {hall.SMALLEST} to {arena.LARGEST}, not {wanted.seats}", 2)
    if wanted.database is not None:
        try:
            connect_database(wanted.database)
        except (ValueError, SQLAlchemyError, ImportError) as error:
            raise fail(f"--database cannot be used: {error}", 2) from None
