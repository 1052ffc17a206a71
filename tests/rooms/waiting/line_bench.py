"""The waiting room's parts over a real Valkey server and a real SQLite file, with a clock that is moved by hand."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.rooms.catalog.plans import plan, reserved, row
from ticketing.base.blobs import FolderBlobs
from ticketing.base.clock import ManualClock, SystemClock
from ticketing.base.db import Database, DatabaseAway, connect_database
from ticketing.base.tokens import Signer
from ticketing.base.valkey import Valkey
from ticketing.catalog.create_event import NewEvent, NewPrice, NewVenue, create_event
from ticketing.catalog.load import Catalog
from ticketing.catalog.model import Event, Localized
from ticketing.catalog.save_plan import save_plan
from ticketing.waiting import sql
from ticketing.waiting.beacon import Beacon
from ticketing.waiting.beacon_client import BeaconAway, Beacons
from ticketing.waiting.book import LineBook, new_line
from ticketing.waiting.claim import ClaimService, Entry
from ticketing.waiting.controller import Controller
from ticketing.waiting.controls import LineControls
from ticketing.waiting.draw import commitment
from ticketing.waiting.gate import Gate
from ticketing.waiting.join import JoinService, JoinView
from ticketing.waiting.lead import Leadership
from ticketing.waiting.model import Admission, Census, Line, Rules, Signs, Stock
from ticketing.waiting.status import StatusBoard
from ticketing.waiting.store import LineStore
from ticketing.waiting.tokens import subject_of
from ticketing.waiting.visits import VisitWriter
from ticketing.wiring.migrate import migrate

T = TypeVar("T")
DAY = 24 * 3_600_000
LOBBY_MS = 60_000
"""The line of the bench's event can be joined at once, and opens after a minute."""
RULES = Rules(idle_ms=120_000, hard_ms=900_000, cap=3, rate=600, lobby_ms=3_600_000)
PLENTY = Stock((1_000_000,), 0, (1_000_000,))


class Crashed(Exception):
    """What a crash point that was asked for does here: nothing after it is done."""


class NoBeacons:
    """The bench's line promises no outside randomness."""

    async def fetch(self, source: str, round_: int) -> Beacon:
        """See Beacons."""
        raise BeaconAway(f"nobody promised round {round_} of {source}")


class SwitchedDatabase(Database):
    """A database that is away when a test says so."""

    away = False

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """See Database."""
        self._look()
        async with super().read() as conn:
            yield conn

    async def transact(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """See Database."""
        self._look()
        return await super().transact(work)

    def _look(self) -> None:
        if self.away:
            raise DatabaseAway("as the test wants it")


class Process:
    """What one API process has of the line: its own book, its own writer."""

    def __init__(self, bench: Bench, valkey: Valkey) -> None:
        self.store = LineStore(valkey, bench.rules)
        self.book = LineBook(bench.db, bench.catalog, bench.rules, bench.clock, ttl=0.0)
        self.writer = VisitWriter(bench.db, crash_point=bench.crash)
        self.claims = ClaimService(
            self.store, self.book, self.writer, bench.signer, bench.clock, bench.rules, crash_point=bench.crash
        )
        self.joins = JoinService(bench.db, self.store, self.book, self.claims, bench.signer, bench.clock)
        self.gate = Gate(self.store, self.book, bench.signer, bench.clock)
        self.board = StatusBoard(self.store, self.book, bench.catalog, bench.blobs, bench.clock, max_age=0.0)

    async def close(self) -> None:
        """Stop what runs."""
        await self.writer.close()
        await self.book.close()


async def _nothing() -> None:
    """Nothing happens in the middle of a tick."""


class Bench:
    """One event with a line. `stock`, `signs`, `db.away` and `crash_at` are what a test moves; `when_decided` is what
    happens in each tick after it has read and saved, before it decides.

    `database`: an SQLite file, or the URL of a server's.
    """

    def __init__(self, valkey_url: str, database: Path | str, folder: Path, rules: Rules = RULES, now: int = 0) -> None:
        self.rules = rules
        self.folder = folder
        self.clock = ManualClock(now or SystemClock().now_ms() // 1000 * 1000)
        self.valkey = Valkey(valkey_url)
        url = database if isinstance(database, str) else f"sqlite+aiosqlite:///{database}"
        self.db = SwitchedDatabase(connect_database(url).engine)
        self.catalog = Catalog(self.db, self.clock)
        self.blobs = FolderBlobs(folder / "blobs")
        self.signer = Signer({"t": bytes(range(32))}, "t")
        self.stock: Stock | None = PLENTY
        self.signs = Signs()
        self.beacons: Beacons = NoBeacons()
        self.when_decided: Callable[[], Awaitable[None]] = _nothing
        self.crash_at = ""
        self.stop_at = ""
        self.stopped = asyncio.Event()
        self.resumed = asyncio.Event()
        self.leaders = 0
        self.event: Event
        self.controls: LineControls
        self.api: Process
        self.lead: Leadership
        self.leader: Controller

    @property
    def now(self) -> int:
        """The instant, ms."""
        return self.clock.now_ms()

    async def open(self, *, migrated: bool = False, secret: bytes | None = None) -> Bench:
        """Make the tables and the event. The same `secret` and ids give the same draw."""
        if not migrated:
            await migrate(self.db)
        house = plan(reserved("A", row("1", "R", 5)))
        saved = await save_plan(self.db, self.clock, house)
        show = NewEvent(
            plan_version=saved.version,
            name=Localized.same("Show"),
            description=Localized.same(""),
            starts_at=self.now + 60 * DAY,
            on_sale_at=self.now + LOBBY_MS,
            off_sale_at=self.now + 59 * DAY,
            prices=(NewPrice("R", 50_000),),
            max_per_person=4,
            waiting_room=True,
        )
        venue = NewVenue(Localized.same("House"), Localized.same("1 Street"), "Asia/Seoul")
        self.event = await create_event(self.db, self.clock, venue, show)
        line = new_line(self.event, self.rules, self.now)
        if secret is not None:
            line = replace(line, secret=secret, salt=secret, commitment=commitment(secret))
        await self.db.transact(lambda conn: sql.insert_line(self.db, conn, line))
        self.api = self.process()
        self.controls = LineControls(self.db, self.api.book, self.clock)
        return self

    async def close(self) -> None:
        """Close all connections."""
        await self.api.close()
        await self.catalog.close()
        await self.valkey.close()
        await self.db.close()

    async def crash(self, step: str) -> None:
        """The crash point of every part: dies at `crash_at`, is stopped (as by SIGSTOP) at `stop_at`."""
        if step == self.stop_at:
            self.stop_at = ""
            self.stopped.set()
            await self.resumed.wait()
        if step == self.crash_at:
            self.crash_at = ""
            raise Crashed(step)

    def process(self) -> Process:
        """One more API process."""
        return Process(self, self.valkey)

    def candidate(self, *, takeover_seconds: float = 3.0) -> Controller:
        """One more worker's part in the line; it is `leader` from now on, whoever leads."""
        self.leaders += 1
        self.lead = Leadership(
            self.db, f"worker-{self.leaders}", takeover_seconds=takeover_seconds, monotonic=lambda: self.now / 1000
        )
        self.leader = Controller(
            self.db,
            LineStore(self.valkey, self.rules),
            self.catalog,
            self.blobs,
            self.clock,
            self.rules,
            self.lead,
            stock=self._stock,
            signs=self._signs,
            beacons=self.beacons,
            crash_point=self.crash,
        )
        return self.leader

    async def _stock(self, _: str) -> Stock | None:
        return self.stock

    async def _signs(self, _: str) -> Signs:
        await self.when_decided()
        return self.signs

    # --- what people do -------------------------------------------------------------------------------------------

    async def join(self, account: str, ticket: str | None = None, *, paid: bool = True) -> JoinView:
        """Join by the first API process."""
        return await self.api.joins.join(self.event.id, account, f"ses_{account}", ticket, paid=paid)

    async def claim(self, account: str, held: int = 0) -> Entry:
        """Claim by the first API process."""
        return await self.api.claims.claim(self.event.id, account, f"ses_{account}", held)

    async def leave(self, account: str, reason: str = "left") -> bool:
        """Leave."""
        return await self.api.joins.leave(self.event.id, account, reason)

    async def subject(self, account: str) -> str:
        """The account's pseudonym."""
        return subject_of((await self.line()).salt, account)

    # --- looking past the product ---------------------------------------------------------------------------------

    async def line(self) -> Line:
        """The line as the database has it."""
        async with Database.read(self.db) as conn:
            line = await sql.find_line(conn, self.event.id)
        assert line is not None
        return line

    async def meta(self) -> dict[str, str]:
        """Valkey's hash of the line."""
        answer = await self.valkey.execute("HGETALL", f"w:{{{self.event.id}}}:meta")
        pairs = answer.items() if isinstance(answer, dict) else zip(answer[::2], answer[1::2], strict=True)
        return {key.decode(): value.decode() for key, value in pairs}

    async def inside(self) -> set[str]:
        """Subjects with a live lease."""
        key = f"w:{{{self.event.id}}}:active"
        return {s.decode() for s in await self.valkey.execute("ZRANGEBYSCORE", key, f"({self.now}", "+inf")}

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """Rows of a SELECT; `:e` is the event."""
        async with Database.read(self.db) as conn:
            return list((await conn.execute(text(statement), {"e": self.event.id} | values)).all())

    async def census(self, fence: int = 1) -> Census:
        """What a leader's script counts at this moment."""
        return await self.api.store.tick(await self.line(), fence, self.now)


async def step(*controllers: Controller) -> None:
    """One look of each worker."""
    for controller in controllers:
        await controller.step()


def admission(bench: Bench, index: int, subject: str, **more: Any) -> Admission:
    """A visit that began now."""
    ends = bench.now + bench.rules.hard_ms
    return replace(Admission(bench.event.id, 1, index, subject, f"vis_{index}", bench.now, ends), **more)


def a_subject(name: str) -> str:
    """A pseudonym of 22 characters."""
    return hashlib.sha256(name.encode()).hexdigest()[:22]
