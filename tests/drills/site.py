"""The real stack as a drill uses it: parts that die, variants that misbehave, and a way to see when all is at rest."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from pathlib import Path

from redis import Redis

from tests.drills.books import Provider, query
from tests.stack import Stack
from ticketing.admin.fsck.check import Stores, check
from ticketing.admin.fsck.report import Scope, nobody
from ticketing.wiring.parts import open_parts

STREAM, DEAD = "{orders}:messages", "{orders}:dead"


class NothingHappened(AssertionError):
    """The drill ended without the accident that it was about: it shows nothing."""


class NotAtRest(AssertionError):
    """Work is still going on, or has stopped half-way, at the end of a drill's patience."""


class Site(Stack):
    """A stack for drills. One API process, so that killing it leaves nobody to answer."""

    def __init__(self, folder: Path, *, database_url: str | None = None) -> None:
        # A killed worker's orders come back this soon. The defaults are 30 and 60 s.
        super().__init__(
            folder, database_url=database_url, processes=1, queue_visibility_seconds=3, outbox_lease_seconds=2
        )

    def provider_books(self) -> Provider:
        """The provider's books over HTTP. The caller closes it."""
        return Provider(f"http://127.0.0.1:{self.provider_port}", self.environ["TICKETING_PAYMENT_SECRET"])

    def start_variant(self, name: str, **environ: str) -> subprocess.Popen[bytes]:
        """Start a worker that does something wrong on purpose; see `bad_process`."""
        return self.spawn(name, "worker", programme=("tests.drills.bad_process", name), **environ)

    def mend(self) -> None:
        """Start what a drill left dead; end what it left running beside the one API and the provider."""
        for server in (self.cache, self.queue):
            if server.pid is None:
                server.start()
        for name, child in list(self.children.items()):
            if child.poll() is not None or name not in ("api", "provider"):
                self.kill(name)
        if "provider" not in self.children:
            self.start_provider()
        if "api" not in self.children:
            self.start_api()

    async def death_of(self, name: str, timeout: float = 30.0) -> None:
        """Wait until a process has killed itself with SIGKILL. Raises NothingHappened."""
        child = self.children[name]
        deadline = time.monotonic() + timeout
        while child.poll() is None:
            if time.monotonic() > deadline:
                raise NothingHappened(f"{name} was to be killed and lives:\n{self.log(name)[-2000:]}")
            await asyncio.sleep(0.02)
        if child.returncode != -signal.SIGKILL:
            raise NothingHappened(f"{name} ended with {child.returncode}, not by SIGKILL:\n{self.log(name)[-3000:]}")

    def backlog(self) -> int:
        """Messages in the queue, in flight ones included."""
        with Redis.from_url(self.queue.url) as client:
            return int(client.xlen(STREAM))

    def dead_letters(self) -> int:
        """Messages among the dead letters."""
        with Redis.from_url(self.queue.url) as client:
            return int(client.xlen(DEAD))

    async def unfinished(self, event_id: str = "") -> dict[str, int]:
        """Everything that somebody still has to work on, by kind; orders of one event, or of all.

        Empty: all is at rest.
        """
        assert not event_id or event_id.replace("_", "").isalnum(), "ids are put into the statements as they are"
        counts = {
            "messages": self.backlog(),
            "outbox": await self.count("outbox WHERE dead = 0"),
            "orders": await self.count(
                f"orders WHERE event_id LIKE '{event_id or '%'}' AND state IN ('placed', 'reserved', 'paid')"
            ),
        }
        return {kind: count for kind, count in counts.items() if count}

    async def count(self, what: str) -> int:
        """Rows of a table, or of `table WHERE …`."""
        rows = await query(self.environ["TICKETING_DATABASE_URL"], f"SELECT count(*) AS n FROM {what}")  # noqa: S608
        return int(rows[0]["n"])

    async def finish(self) -> None:
        """Work off what a drill that failed, or was meant to, has left. Raises NotAtRest."""
        if await self.unfinished():
            self.start_worker()
            await self.rest()
            self.kill("worker")

    async def rest(self, event_id: str = "", timeout: float = 60.0) -> None:
        """Wait until nothing is left to do. Raises NotAtRest, with what is."""
        deadline = time.monotonic() + timeout
        while left := await self.unfinished(event_id):
            if time.monotonic() > deadline:
                raise NotAtRest(f"after {timeout:.0f} s there is still {left}\n{self.log('worker')[-3000:]}")
            await asyncio.sleep(0.1)

    async def fsck(self, event_id: str) -> None:
        """Let the platform's own check look over an event that is at rest. Fails with its report."""
        settings = self.settings
        async with open_parts(settings) as parts:
            stores = Stores(parts.db, parts.valkey, parts.queue, parts.gateway, parts.clock)
            report = await check(stores, Scope(event_id, 0.0, 0.0, look_seconds=0.1), nobody)
        assert report.exit_code == 0, report.document()
