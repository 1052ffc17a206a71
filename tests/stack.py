"""The real stack for tests: Valkey servers, payment provider, API processes, workers, each a process of its own.

It is put together from the same pieces as `ticketing demo`, so that what is tested is what runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import httpx

from ticketing.accounts.model import Role
from ticketing.accounts.passwords import Passwords
from ticketing.accounts.register import register
from ticketing.base.clock import SystemClock
from ticketing.base.db import Database, connect_database
from ticketing.base.valkey import Valkey
from ticketing.base.valkey_server import ValkeyServer
from ticketing.catalog.create_event import NewEvent, NewPrice, NewVenue, create_event
from ticketing.catalog.model import Event, Localized, SeatPlan
from ticketing.catalog.save_plan import save_plan
from ticketing.catalog.theatre import theatre
from ticketing.cli.local import Layout
from ticketing.settings import Settings, read_settings
from ticketing.wiring.migrate import migrate

PASSWORD = "correct horse 9"
_HOUR = 3_600_000


def free_port() -> int:
    """A port that is free at this moment."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Stack:
    """Start, kill and restart each part. Everything is stopped at exit.

    Args:
        folder: a short path (sockets live below it).
        database_url: another database than SQLite in the folder.
        processes: API processes behind the one port.
        web: folder of the built pages, to serve them too.
        settings: TICKETING_… values without the prefix that differ from the demo's.
    """

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str | None = None,
        processes: int = 1,
        web: Path | None = None,
        **settings: str | int,
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.processes = processes
        self.provider_port = free_port()
        self.environ = Layout(folder).environment(self.port, self.provider_port, web, folder)
        self.environ["TICKETING_DISK_RESERVE_MB"] = "0"  # of hundreds of stacks; what fills a disk asks for one
        if database_url:
            self.environ["TICKETING_DATABASE_URL"] = database_url
        self.environ |= {f"TICKETING_{name.upper()}": str(value) for name, value in settings.items()}
        self.cache = ValkeyServer(folder / "cache")
        self.queue = ValkeyServer(folder / "queue", fsync="always")
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        (folder / "accounts.json").write_text("[]")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Settings:
        return read_settings(self.environ)

    def start(self, *, worker: bool = True, api: bool = True) -> None:
        self.cache.start()
        self.queue.start()
        asyncio.run(self._migrate())
        self.start_provider()
        if worker:
            self.start_worker()
        if api:
            self.start_api()

    async def _migrate(self) -> None:
        async with self.database() as db:
            await migrate(db)

    def spawn(
        self, name: str, *arguments: str, programme: Sequence[str] = ("ticketing",), **environ: str
    ) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", *programme, *arguments],
                # With bytecode kept, whatever the caller's shell says, a process starts in half the time.
                env=os.environ | self.environ | {"PYTHONDONTWRITEBYTECODE": ""} | environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.children[name] = child
        return child

    def start_provider(self) -> None:
        self.spawn(
            "provider", "sandbox-provider", "--port", str(self.provider_port), "--data", str(self.folder / "provider")
        )
        self._wait("provider", f"http://127.0.0.1:{self.provider_port}/", any_status=True)

    def start_worker(self, name: str = "worker", **environ: str) -> subprocess.Popen[bytes]:
        return self.spawn(name, "worker", **environ)

    def start_api(self, programme: Sequence[str] = ("ticketing",), **environ: str) -> None:
        arguments = ("--port", str(self.port), "--processes", str(self.processes))
        self.spawn("api", "api", *arguments, programme=programme, **environ)
        self._wait("api", f"{self.url}/health")

    def _wait(self, name: str, url: str, *, any_status: bool = False, timeout: float = 120.0) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.children[name].poll() is not None:
                break
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(url, timeout=1).status_code == 200 or any_status:
                    return
            time.sleep(0.05)
        raise AssertionError(f"{name} did not start:\n{self.log(name)[-3000:]}")

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def kill(self, name: str) -> None:
        child = self.children.pop(name)
        child.kill()
        child.wait(10)

    def stop(self) -> None:
        """Terminate everything that this stack started, by process id."""
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        for child in self.children.values():
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait(10)
        self.cache.stop()
        self.queue.stop()

    @contextlib.asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        db = connect_database(self.environ["TICKETING_DATABASE_URL"])
        try:
            yield db
        finally:
            await db.close()

    @contextlib.asynccontextmanager
    async def valkey(self) -> AsyncIterator[Valkey]:
        valkey = Valkey(self.environ["TICKETING_VALKEY_URL"])
        try:
            yield valkey
        finally:
            await valkey.close()

    def add_event(
        self,
        plan: SeatPlan | None = None,
        *,
        max_per_person: int = 4,
        amount: int = 100_000,
        opens_in_ms: int = -_HOUR,
        waiting_room: bool = False,
    ) -> Event:
        """An event that is on sale (or will be): every grade costs the same."""
        return asyncio.run(
            self.add_event_async(
                plan, max_per_person=max_per_person, amount=amount, opens_in_ms=opens_in_ms, waiting_room=waiting_room
            )
        )

    async def add_event_async(
        self,
        plan: SeatPlan | None = None,
        *,
        max_per_person: int = 4,
        amount: int = 100_000,
        opens_in_ms: int = -_HOUR,
        waiting_room: bool = False,
    ) -> Event:
        plan = plan or theatre()
        clock = SystemClock()
        now = clock.now_ms()
        async with self.database() as db:
            saved = await save_plan(db, clock, plan)
            return await create_event(
                db,
                clock,
                NewVenue(Localized.same("Test house"), Localized.same("1 Test Street"), "Asia/Seoul"),
                NewEvent(
                    plan_version=saved.version,
                    name=Localized("시험 공연", "Test show"),
                    description=Localized.same(""),
                    starts_at=now + 30 * 24 * _HOUR,
                    on_sale_at=now + opens_in_ms,
                    off_sale_at=now + 29 * 24 * _HOUR,
                    prices=tuple(NewPrice(grade, amount) for grade in plan.grades()),
                    max_per_person=max_per_person,
                    waiting_room=waiting_room,
                ),
            )

    async def add_staff(self, role: Role, email: str) -> None:
        async with self.database() as db:
            await register(db, SystemClock(), Passwords(), email=email, password=PASSWORD, name=role.value, role=role)


@contextlib.contextmanager
def running(stack: Stack, **how: bool) -> Iterator[Stack]:
    """Start a stack and stop it whatever happens."""
    try:
        stack.start(**how)
        yield stack
    finally:
        stack.stop()
