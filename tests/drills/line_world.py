"""One waiting line over one Valkey server and one database, driven step by step from synchronous code."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import msgspec

from tests.rooms.waiting.line_bench import Bench, Crashed, Process
from ticketing.base import ids
from ticketing.base.db import DatabaseAway, connect_database
from ticketing.base.errors import Problem
from ticketing.base.valkey import ValkeyAway
from ticketing.base.valkey_server import ValkeyServer
from ticketing.waiting.claim import Entry
from ticketing.waiting.controls import Change
from ticketing.waiting.join import JoinView
from ticketing.waiting.model import Line, Rules
from ticketing.wiring.migrate import migrate

T = TypeVar("T")
RULES = Rules(idle_ms=120_000, hard_ms=600_000, cap=2, rate=6, lobby_ms=3_600_000)
NOW = 1_800_000_000_000
ACCOUNTS = tuple(f"acc_{name}" for name in ("ann", "bob", "cho", "dan", "eva", "fay", "gil", "hye"))


@dataclass(frozen=True)
class Seen:
    """Everything that is stored, read past the product. `ready`: Valkey answers for the line."""

    line: Line
    meta: dict[str, str]
    ready: bool
    inside: set[str]
    unsaved: int
    status: dict[str, Any]
    size: int
    places: list[tuple[int, str]]
    live: int


class World:
    """`open` begins a new event in it."""

    def __init__(self, folder: Path) -> None:
        self._runner = asyncio.Runner()
        self._folder = folder
        self._server = ValkeyServer(folder / "v")
        self._server.start()
        self._runner.run(self._make_template())
        self._examples = 0
        # Hypothesis must see the same again when it does the same again: the draw depends on ids.
        self._patch = mock.patch.object(ids, "new_id", self._new_id)
        self._patch.start()
        self.bench: Bench | None = None
        self._stopped: asyncio.Task[None] | None = None

    async def _make_template(self) -> None:
        db = connect_database(f"sqlite+aiosqlite:///{self._folder / 'empty.sqlite3'}")
        await migrate(db)
        await db.close()

    def close(self) -> None:
        """End the server and all connections."""
        self.end()
        self._runner.close()
        self._server.kill()
        self._patch.stop()

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}_{f'{next(self._ids):08d}'.translate(str.maketrans('0123456789', 'abcdefghij'))}"

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to its end."""
        return self._runner.run(work)

    def open(self) -> Bench:
        """A new event in an empty Valkey, with two API processes and two workers."""
        self.end()
        self._examples += 1
        folder = self._folder / f"x{self._examples}"
        folder.mkdir()
        return self.run(self._open(folder))

    async def _books(self, folder: Path) -> Path | str:
        """An empty database: a file, or a URL."""
        shutil.copy(self._folder / "empty.sqlite3", folder / "books.sqlite3")
        return folder / "books.sqlite3"

    async def _open(self, folder: Path) -> Bench:
        self.bench = bench = Bench(self._server.url, await self._books(folder), folder, RULES, NOW)
        self._ids = itertools.count(1)
        await bench.open(migrated=True, secret=bytes(range(32)))
        await bench.valkey.execute("FLUSHALL")
        self.processes = [bench.api, bench.process()]
        self.workers = [bench.candidate(), bench.candidate()]
        self.subjects = {await bench.subject(account): account for account in ACCOUNTS}
        self._stopped = None
        self._copy: Path | None = None
        return bench

    def end(self) -> None:
        """Let go of the last event."""
        if self.bench is not None:
            self.run(self._end(self.bench))
            shutil.rmtree(self.bench.folder, ignore_errors=True)
            self.bench = None

    async def _end(self, bench: Bench) -> None:
        if self._stopped is not None:
            self._stopped.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._stopped
        await self.processes[1].close()
        await bench.close()

    # --- what people do: the answer, or the code of the problem document ------------------------------------------

    def join(self, account: str, ticket: str | None, process: int) -> JoinView | str:
        """Join by one of the processes."""
        return self.run(self._join(account, ticket, self.processes[process]))

    async def _join(self, account: str, ticket: str | None, process: Process) -> JoinView | str:
        assert self.bench is not None
        await self._forget_calls()
        try:
            return await process.joins.join(self.bench.event.id, account, f"ses_{account}", ticket, paid=True)
        except Problem as problem:
            return problem.code
        except Crashed:
            return "crashed"

    def claim(self, *asked: tuple[str, int, int]) -> list[Entry | Problem | None]:
        """Claim all at once: (account, index of the ticket or 0, process). None: the process died half-way."""
        return self.run(self._claim(asked))

    async def _claim(self, asked: tuple[tuple[str, int, int], ...]) -> list[Entry | Problem | None]:
        await self._forget_calls()
        return list(await asyncio.gather(*(self._claim_one(*one) for one in asked)))

    async def _claim_one(self, account: str, held: int, process: int) -> Entry | Problem | None:
        assert self.bench is not None
        try:
            return await self.processes[process].claims.claim(self.bench.event.id, account, f"ses_{account}", held)
        except Problem as problem:
            return problem
        except Crashed:
            return None

    async def _forget_calls(self) -> None:
        # How often people call is not what this machine is about, and the server's clock cannot be moved by hand.
        assert self.bench is not None
        keys = [key for name in ("calls", "given") for key in await self.bench.valkey.execute("KEYS", f"*:{name}:*")]
        if keys:
            await self.bench.valkey.execute("DEL", *keys)

    def leave(self, account: str) -> bool | str:
        """Give up the place."""
        assert self.bench is not None
        try:
            return self.run(self.bench.leave(account))
        except Problem as problem:
            return problem.code

    def change(self, change: Change) -> None:
        """What a promoter does."""
        assert self.bench is not None
        self.run(self.bench.controls.change(self.bench.event.id, "acc_promoter", change))

    # --- what the machinery does ----------------------------------------------------------------------------------

    def step(self, worker: int) -> None:
        """One worker's second; none for one that is stopped."""
        if self._stopped is not None and worker == self._who_is_stopped:
            return
        with contextlib.suppress(DatabaseAway, ValkeyAway):
            self.run(self.workers[worker].step())

    @property
    def someone_is_stopped(self) -> bool:
        """Whether a worker hangs in the middle of a tick."""
        return self._stopped is not None

    def stop_in_tick(self, worker: int, point: str) -> bool:
        """A worker is stopped, as by SIGSTOP, when it gets to a point; False when it does not get there."""
        return self.run(self._stop_in_tick(worker, point))

    async def _stop_in_tick(self, worker: int, point: str) -> bool:
        bench = self.bench
        assert bench is not None
        bench.stopped.clear()
        bench.resumed.clear()
        bench.stop_at = point
        task = asyncio.create_task(self.workers[worker].step())
        there = asyncio.create_task(bench.stopped.wait())
        await asyncio.wait({task, there}, return_when=asyncio.FIRST_COMPLETED)
        bench.stop_at = ""
        if there.done():
            self._stopped, self._who_is_stopped = task, worker
            return True
        there.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return False

    def resume(self) -> None:
        """The stopped worker goes on as if no time had passed."""
        task, self._stopped = self._stopped, None
        assert task is not None
        assert self.bench is not None
        self.bench.resumed.set()
        with contextlib.suppress(DatabaseAway, ValkeyAway):
            self.run(_result(task))

    def flush(self) -> None:
        """Valkey is emptied."""
        assert self.bench is not None
        self.run(self.bench.valkey.execute("FLUSHALL"))

    def copy(self) -> None:
        """A replica has got so far."""
        self._copy = self._folder / "replica"
        shutil.rmtree(self._copy, ignore_errors=True)
        shutil.copytree(self._server.folder / "appendonlydir", self._copy)

    @property
    def copied(self) -> bool:
        """Whether there is a replica."""
        return self._copy is not None

    def restart(self, *, from_copy: bool) -> None:
        """Valkey is killed, and another server answers: with all that was written, or with what the replica has."""
        self._server.kill()
        if from_copy:
            assert self._copy is not None
            shutil.rmtree(self._server.folder / "appendonlydir")
            shutil.copytree(self._copy, self._server.folder / "appendonlydir")
        self._server.start()
        self.run(self._reconnect())

    async def _reconnect(self) -> None:
        assert self.bench is not None
        with contextlib.suppress(ValkeyAway):
            await self.bench.valkey.ping()
        await self.bench.valkey.ping()

    # --- looking past the product ---------------------------------------------------------------------------------

    def look(self) -> Seen:
        """Everything that is stored."""
        return self.run(self._look())

    async def _look(self) -> Seen:
        bench = self.bench
        assert bench is not None
        prefix = f"w:{{{bench.event.id}}}:"
        ask = bench.valkey.execute
        meta, info, status, fresh, ended = await asyncio.gather(
            bench.meta(),
            ask("INFO", "server"),
            bench.api.store.status(bench.event.id),
            ask("LLEN", prefix + "fresh"),
            ask("LLEN", prefix + "ended"),
        )
        run_id = next(part[7:] for part in info.decode().split() if part.startswith("run_id:"))
        places = await bench.rows("SELECT idx, subject FROM line_places WHERE event_id = :e ORDER BY idx")
        live = await bench.rows("SELECT COUNT(*) FROM line_visits WHERE event_id = :e AND live = 1")
        return Seen(
            await bench.line(),
            meta,
            meta.get("state") == "ready" and meta.get("run") == run_id,
            {self.subjects[subject] for subject in await bench.inside()},
            fresh + ended,
            msgspec.json.decode(status) if status else {},
            len(status or b""),
            [(row[0], row[1]) for row in places],
            live[0][0],
        )

    def visit(self, lease: str) -> tuple[int, int] | None:
        """(index, admitted at) of a visit in the books."""
        assert self.bench is not None
        found = self.run(
            self.bench.rows("SELECT idx, admitted_at FROM line_visits WHERE event_id = :e AND lease_id = :l", l=lease)
        )
        return (found[0][0], found[0][1]) if found else None


async def _result(task: asyncio.Task[None]) -> None:
    await task
