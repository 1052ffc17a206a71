"""The stack under drill: everything twice that is there twice in production, and a switch on every way between.

buyers -> nginx (CDN) -> HAProxy (balancer) -> api-1 .. api-n, each on its own port
api, workers -> switches -> Valkey primary (replica beside it), queue, database, payment provider
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import httpx
from redis import Redis

from tests.contract.queue_moto import MotoServer
from tests.drills.front import Front
from tests.drills.keeper import Keeper
from tests.drills.site import Site
from tests.drills.switch import Board, Switch
from tests.servers.server import DatabaseServer
from tests.stack import free_port
from ticketing.base.valkey_server import ValkeyServer
from ticketing.wiring.parts import open_parts

SIDES = ("api", "api-1", "worker", "desk")
"""Who has switches of its own: `api` are all API processes but the first. `desk` is the drill itself, which looks at
the books; nobody cuts it off."""


class Yard(Site):
    """API processes, two workers, stores and provider, all behind addresses that can move or fail.

    Args:
        folder: a short path.
        server: a running database server; None for SQLite in the folder.
        apis: API processes.
        sqs: the queue is SQS, played by moto's server, else a Valkey stream.
        guarded: False leaves out what hides a restart: the balancer's health checks, and draining.
        settings: TICKETING_… values without the prefix.
    """

    def __init__(
        self,
        folder: Path,
        server: DatabaseServer | None,
        *,
        apis: int = 3,
        sqs: bool = False,
        guarded: bool = True,
        **settings: str | int,
    ) -> None:
        super().__init__(folder, database_url=server.url() if server else None)
        self.environ |= {f"TICKETING_{name.upper()}": str(value) for name, value in settings.items()}
        self.server = server
        self.api_ports = {f"api-{number}": free_port() for number in range(1, apis + 1)}
        self.front = Front(folder / "front", list(self.api_ports.values()), checks=guarded)
        self.drain = "2" if guarded else "0"
        self.bad_worker = ""
        """A variant of `bad_process` in the place of the workers that are started from now on."""
        self.bad_api = ""
        """The same for API processes."""
        self.environ["TICKETING_PUBLIC_URL"] = self.url
        self.replica = ValkeyServer(folder / "replica")
        self.primary = self.cache
        self.moto = MotoServer() if sqs else None
        self.board = Board()
        self.links: dict[tuple[str, str], Switch] = {}
        self._replication: Switch | None = None
        self._caches = threading.RLock()
        """Whoever changes which Valkey is what: a drill, and the keeper."""
        self.keeper = Keeper(lambda: self.primary.url, self.fail_over)

    @property
    def url(self) -> str:
        """What buyers know: the CDN."""
        return f"http://127.0.0.1:{self.front.port}"

    # --- starting and stopping ------------------------------------------------------------------------------------

    def start(self, *, worker: bool = True, api: bool = True) -> None:
        """Start everything and wait until the balancer takes all API processes in."""
        self.cache.start()
        self.queue.start()
        if self.server is not None:
            # As in production, the application's account has rights on its own database only.
            self.server.execute(
                "CREATE USER IF NOT EXISTS shop@'%' IDENTIFIED BY 'shop'", "GRANT ALL ON ticketing.* TO shop@'%'"
            )
        self._lay_links()
        asyncio.run(self._migrate())
        self.start_provider()
        self.start_replica()
        for name in self.api_ports if api else ():
            self.start_api_process(name)
        for name in ("worker-1", "worker-2") if worker else ():
            self.start_worker(name)
        for name in self.api_ports if api else ():
            self._wait(name, f"http://127.0.0.1:{self.api_ports[name]}/health")
        self.front.start()
        for name in self.api_ports if api else ():
            self.front.wait_for(name, up=True)
        self.keeper.start()

    def _lay_links(self) -> None:
        targets: dict[str, int | Path] = {
            "cache": self.cache.socket, "queue": self.queue.socket, "provider": self.provider_port,
        }  # fmt: skip
        if self.server is not None:
            targets["database"] = self.server.port
        if self.moto is not None:
            os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
            os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
            self.moto.start()
            targets["queue"] = self.moto.port
            queue, dead = self.moto.make_queues("orders", 10)
            self.environ |= {"TICKETING_QUEUE_URL": queue, "TICKETING_QUEUE_DEAD_URL": dead}
        self.links = {(side, store): self.board.add(at) for side in SIDES for store, at in targets.items()}
        self.environ |= self.side("desk")

    def side(self, name: str) -> dict[str, str]:
        """The environment of one side: its own way to each store."""
        port = {store: link.port for (side, store), link in self.links.items() if side == name}
        environ = {
            "TICKETING_VALKEY_URL": f"redis://127.0.0.1:{port['cache']}",
            "TICKETING_PAYMENT_URL": f"http://127.0.0.1:{port['provider']}",
        }
        if self.moto is None:
            environ["TICKETING_QUEUE_URL"] = f"redis://127.0.0.1:{port['queue']}"
        else:
            environ["TICKETING_AWS_ENDPOINT"] = f"http://127.0.0.1:{port['queue']}"
        if self.server is not None:
            account = "ticketing:ticketing" if name == "desk" else "shop:shop"
            environ["TICKETING_DATABASE_URL"] = (
                f"mysql+asyncmy://{account}@127.0.0.1:{port['database']}/ticketing?charset=utf8mb4"
            )
        return environ

    def start_api_process(self, name: str, **environ: str) -> subprocess.Popen[bytes]:
        """Start one; it drains for two seconds when it is told to stop, so that the balancer sees it in time."""
        port = str(self.api_ports[name])
        programme = ("tests.drills.bad_process", self.bad_api) if self.bad_api else ("ticketing",)
        arguments = ("api", "--port", port, "--drain-seconds", self.drain)
        side = self.side(name if name in SIDES else "api")
        return self.spawn(name, *arguments, programme=programme, **side, **environ)

    def start_worker(self, name: str = "worker-1", **environ: str) -> subprocess.Popen[bytes]:
        """Start one worker."""
        programme = ("tests.drills.bad_process", self.bad_worker) if self.bad_worker else ("ticketing",)
        return self.spawn(name, "worker", programme=programme, **self.side("worker") | environ)

    def start_replica(self) -> None:
        """A replica of the present primary, in step with it."""
        with self._caches:
            spare = self.spare
            if self._replication is None:
                self._replication = self.board.add(self.primary.socket)
            self._replication.move(self.primary.socket)
            if spare.pid is None:
                spare.start()
            with Redis.from_url(spare.url) as client:
                client.replicaof("127.0.0.1", str(self._replication.port))
                deadline = time.monotonic() + 30
                while client.info("replication").get("master_link_status") != "up":
                    assert time.monotonic() < deadline, "the replica does not come into step"
                    time.sleep(0.05)

    def fail_over(self) -> None:
        """Promote the replica and move the endpoint to it. The old primary is stopped, wherever it was."""
        with self._caches:
            spare = self.spare
            if self.primary.pid is not None:
                self.primary.kill()
            with Redis.from_url(spare.url) as client:
                client.replicaof("NO", "ONE")
            self.primary = spare
            for (_, store), link in self.links.items():
                if store == "cache":
                    link.move(spare.socket)

    @property
    def spare(self) -> ValkeyServer:
        """The Valkey that is not the primary."""
        return self.replica if self.primary is self.cache else self.cache

    def ended(self) -> dict[str, int]:
        """Exit codes of processes that should be there: a drill starts again what it kills."""
        codes = {name: child.poll() for name, child in self.children.items()}
        return {name: code for name, code in codes.items() if code is not None}

    def mend(self) -> None:
        """Everything runs, every way is open: what a drill broke is put right."""
        for link in self.links.values():
            link.set("pass")
        if self.server is not None:
            self.server.start()
        with self._caches:
            for store in (self.primary, self.queue):
                if store.pid is None:
                    store.start()
            self.start_replica()
        for name in ("provider", *self.api_ports, "worker-1", "worker-2"):
            child = self.children.get(name)
            if child is not None and child.poll() is None:
                os.kill(child.pid, signal.SIGCONT)
            elif name == "provider":
                self.start_provider()
            elif name in self.api_ports:
                self.start_api_process(name)
            else:
                self.start_worker(name)
        for name in self.api_ports:
            self._wait(name, f"http://127.0.0.1:{self.api_ports[name]}/health")
            self.front.wait_for(name, up=True)

    def stop(self) -> None:
        """End everything that was started here."""
        self.keeper.stop()
        for child in self.children.values():
            if child.poll() is None:
                os.kill(child.pid, signal.SIGCONT)
        self.front.stop()
        super().stop()
        self.replica.stop()
        if self.moto is not None:
            self.moto.stop()
        self.board.close()

    # --- looking --------------------------------------------------------------------------------------------------

    def pid(self, kind: str) -> int:
        """The process id behind a kind: api-1, worker-1, provider, cache, replica, queue, database."""
        found: int | None
        if kind == "cache":
            found = self.primary.pid
        elif kind == "replica":
            found = self.spare.pid
        elif kind == "queue":
            found = self.queue.pid
        elif kind == "database":
            found = self.server.pid if self.server else None
        else:
            found = self.children[kind].pid
        assert found is not None, f"{kind} does not run"
        return found

    async def leader(self) -> str:
        """The name of the worker that leads the lines; "" while nobody does."""
        from tests.drills.books import query

        rows = await query(self.environ["TICKETING_DATABASE_URL"], "SELECT holder FROM line_leader")
        holder = str(rows[0]["holder"]) if rows else ""  # "" as well when who led has ended in good order
        pid = int(holder.split(":")[1]) if holder else 0
        return next((name for name, child in self.children.items() if child.pid == pid), "")

    async def unfinished(self, event_id: str = "") -> dict[str, int]:
        """As of a site; with SQS its own count of messages."""
        counts = await super().unfinished(event_id)
        if self.moto is not None:
            async with open_parts(self.settings) as parts:
                stats = await parts.queue.stats()
            if stats.depth:
                counts["messages"] = stats.depth
        return counts

    async def ready(self) -> dict[str, object]:
        """What each API process says of itself, past balancer and cache."""
        async with httpx.AsyncClient(timeout=5) as client:
            answers = [await client.get(f"http://127.0.0.1:{port}/health/ready") for port in self.api_ports.values()]
        return {name: answer.json() for name, answer in zip(self.api_ports, answers, strict=True)}
