"""A sale with a waiting line goes on through the death of each of its parts, judged from what its people were told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tests.drills.books import query
from tests.drills.line_checker import Evidence, check
from tests.drills.line_people import Sale, hold_sale, line_at
from tests.drills.sale import SECTIONS
from tests.drills.site import NothingHappened, Site
from tests.people import Person, eventually
from tests.servers import mariadb
from tests.servers.server import DatabaseServer
from tests.stack import running

pytestmark = pytest.mark.slow
CAP, RATE, PEOPLE = 40, 6_000, 300
TAKEN_OVER_SECONDS = 30.0
"""Another leads by then even on a busy machine. That it takes less than five seconds of an idle one is proved by the
clock that `tests/rooms/waiting/test_lead.py` moves by hand; what it took is printed."""


class LineSite(Site):
    """A site whose lines are small and whose idle visits end soon, with two API processes."""

    def __init__(self, folder: Path, *, database_url: str | None = None) -> None:
        super().__init__(folder, database_url=database_url)
        self.processes = 2
        self.environ |= {"TICKETING_LINE_CAP": str(CAP), "TICKETING_LINE_IDLE_SECONDS": "20"}

    def kill(self, name: str) -> None:
        """With the processes that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.children[name].pid, signal.SIGKILL)
        super().kill(name)

    async def leader(self) -> tuple[int, int]:
        """(fence, process id) of who leads."""
        rows = await query(self.environ["TICKETING_DATABASE_URL"], "SELECT fence, holder FROM line_leader")
        return (int(rows[0]["fence"]), int(rows[0]["holder"].split(":")[1])) if rows else (0, 0)

    def name_of(self, pid: int) -> str:
        """The child with this process id."""
        return next(name for name, child in self.children.items() if child.pid == pid)


@pytest.fixture(scope="module")
def line_site(short_folder: Path) -> Iterator[LineSite]:
    """On SQLite."""
    site = LineSite(short_folder / "l")
    with running(site, worker=False):
        yield site


WORKERS = ("worker-1", "worker-2")


def workers(site: LineSite, *names: str, **environ: str) -> None:
    """These workers, and no others."""
    for name in [name for name in site.children if name.startswith("worker")]:
        site.kill(name)
    for name in names:
        site.start_worker(name, **environ)


async def served_on(sale: Sale, before: int, fence: int, seconds: float) -> None:
    """Wait until another leads, at most so long."""
    assert isinstance(sale.site, LineSite)
    began = time.monotonic()
    while (await sale.site.leader())[0] <= fence:
        assert time.monotonic() - began < seconds, "nobody took over"
        await asyncio.sleep(0.1)
    print(f"another led after {time.monotonic() - began:.1f} s; {before} had been let in")


async def flush(sale: Sale) -> None:
    with Redis.from_url(sale.site.cache.url) as client:
        client.flushall()


async def valkey_killed(sale: Sale) -> None:
    await asyncio.to_thread(sale.site.cache.kill)
    await sale.site.cache.start_async()


async def leader_killed(sale: Sale) -> None:
    assert isinstance(sale.site, LineSite)
    fence, pid = await sale.site.leader()
    name = sale.site.name_of(pid)
    sale.site.kill(name)
    await served_on(sale, sale.inside(), fence, TAKEN_OVER_SECONDS)
    sale.site.start_worker(name)


async def leader_stopped(sale: Sale) -> None:
    assert isinstance(sale.site, LineSite)
    fence, pid = await sale.site.leader()
    os.kill(pid, signal.SIGSTOP)
    try:
        await served_on(sale, sale.inside(), fence, TAKEN_OVER_SECONDS)
        await asyncio.sleep(5)
    finally:
        os.kill(pid, signal.SIGCONT)


async def workers_killed(sale: Sale) -> None:
    for name in WORKERS:
        sale.site.kill(name)
    await asyncio.sleep(3)
    for name in WORKERS:
        sale.site.start_worker(name)


async def api_killed(sale: Sale) -> None:
    sale.site.kill("api")
    await asyncio.to_thread(sale.site.start_api)


async def nothing(_: Sale) -> None:
    """No accident."""


async def judge(sale: Sale, accidents: list[tuple[float, float]], tmp_path: Path) -> None:
    """The checker, the books and the published draw agree."""
    url = sale.site.environ["TICKETING_DATABASE_URL"]
    rows = await query(url, f"SELECT idx, live FROM line_visits WHERE event_id = '{sale.event_id}'")  # noqa: S608
    visits = [(row["idx"], row["live"]) for row in rows]
    breaches = check(Evidence(sale.told, CAP, RATE, accidents, visits))
    assert not breaches, breaches[:20]
    export = await sale.client.get(f"/api/events/{sale.event_id}/draw/export")
    (tmp_path / "draw.jsonl").write_bytes(export.content)
    command = [sys.executable, "-m", "ticketing", "verify-draw", str(tmp_path / "draw.jsonl")]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout.decode()[-2000:]
    print(f"{sale.inside()} people got in; {len(sale.told)} answers")


@pytest.mark.parametrize(
    "accident", [nothing, flush, valkey_killed, leader_killed, leader_stopped, workers_killed, api_killed]
)
async def test_a_sale_goes_on(line_site: LineSite, tmp_path: Path, accident: Any) -> None:
    workers(line_site, *WORKERS)
    async with line_at(line_site, PEOPLE, 9.0) as sale:
        began, ended = await hold_sale(sale, accident, after=60, patience=180)
        assert began, sale.last_told()
        await judge(sale, [(began, ended)], tmp_path)


@pytest.mark.parametrize("point", ["line:frozen", "line:drawn", "line:decided", "line:tick"])
async def test_a_leader_that_dies_at_a_point_is_replaced(line_site: LineSite, tmp_path: Path, point: str) -> None:
    """At the draw, or in mid-sale: while the marker is there, nobody dies."""
    marker = tmp_path / "died"

    async def leader_dies(sale: Sale) -> None:
        fence, pid = await line_site.leader()
        marker.unlink()
        await line_site.death_of(line_site.name_of(pid))
        await served_on(sale, sale.inside(), fence, TAKEN_OVER_SECONDS)

    at_the_draw = point in ("line:frozen", "line:drawn")
    if not at_the_draw:
        marker.touch()
    async with line_at(line_site, PEOPLE // 3, 9.0) as sale:
        workers(line_site, *WORKERS, TICKETING_CRASH_POINT=f"{point}@{marker}")
        began, ended = await hold_sale(sale, nothing if at_the_draw else leader_dies, after=40, patience=120)
        if not marker.exists():
            raise NothingHappened("no leader died")
        assert began, sale.last_told()
        await judge(sale, [(began, ended)], tmp_path)


@pytest.mark.parametrize("point", ["claim:granted", "claim:committed"])
async def test_an_api_process_that_dies_in_a_claim_leaks_nothing(
    line_site: LineSite, tmp_path: Path, point: str
) -> None:
    workers(line_site, *WORKERS)
    line_site.kill("api")
    await asyncio.to_thread(line_site.start_api, TICKETING_CRASH_POINT=f"{point}@{tmp_path / 'died'}")

    async def mend(sale: Sale) -> None:
        if not (tmp_path / "died").exists():
            raise NothingHappened("no process died")
        if sale.site.children["api"].poll() is not None:
            await asyncio.to_thread(sale.site.start_api)

    async with line_at(line_site, PEOPLE // 3, 9.0) as sale:
        began = time.monotonic()
        _, ended = await hold_sale(sale, mend, after=1, patience=120)
        assert ended, sale.last_told()
        await judge(sale, [(began, ended)], tmp_path)


async def test_a_worker_that_dies_when_a_buyer_leaves_lets_the_next_one_in(line_site: LineSite, tmp_path: Path) -> None:
    workers(line_site, "worker-1", TICKETING_CRASH_POINT=f"visit:ended@{tmp_path / 'died'}")
    async with line_at(line_site, 2, 4.0) as sale:
        buyer, other = sale.people
        watching = asyncio.create_task(sale.watch())
        visits = [asyncio.create_task(sale.visit(person, 0.0, 60.0)) for person in (buyer, other)]
        try:
            await eventually(lambda: _told(sale, 2), 40)
            entry = await buyer.claim(sale.event_id)
            assert entry.status_code == 200, entry.text
            visits[0].cancel()
            hold = await buyer.hold_best(sale.event_id, SECTIONS[0], 1)
            assert hold.status_code == 201, hold.text
            order = await buyer.order(hold.json()["token"])
            assert order.status_code == 202, order.text
            await line_site.death_of("worker-1", 40)
            line_site.start_worker("worker-2")
            assert (await buyer.follow(order.json()["order_id"]))["status"] == "ticketed"
            await eventually(lambda: _gone(sale, buyer), 20)
            # Nobody else's visit ended with it.
            assert (await other.get(f"{sale.path}/me")).json()["inside"]
        finally:
            for task in (watching, *visits):
                task.cancel()
            await asyncio.gather(watching, *visits, return_exceptions=True)


async def _told(sale: Sale, inside: int) -> bool:
    return sale.inside() == inside


async def _gone(sale: Sale, person: Person) -> bool:
    return (await person.get(f"{sale.path}/me")).status_code == 404


@pytest.fixture(scope="module")
def server() -> Iterator[DatabaseServer]:
    """A MariaDB that a drill may stop."""
    with mariadb.run() as server:
        yield server


@pytest.fixture(scope="module")
def mariadb_line_site(short_folder: Path, server: DatabaseServer) -> Iterator[LineSite]:
    """On that server."""
    site = LineSite(short_folder / "lm", database_url=server.url())
    with running(site, worker=False):
        yield site


async def test_the_database_is_away_for_a_minute(
    mariadb_line_site: LineSite, server: DatabaseServer, tmp_path: Path
) -> None:
    site = mariadb_line_site

    async def stopped(sale: Sale) -> None:
        await asyncio.to_thread(server.stop)
        before, gone = sale.inside(), time.monotonic()
        await asyncio.sleep(60)
        shown = [t for t in sale.told if t.kind == "status" and t.sent > gone]
        assert len(shown) > 30
        assert all(t.status == 200 for t in shown), "the public status went away"
        entered = sale.inside() - before
        assert entered <= 1, f"{entered} were let in, and the database knows nothing of it"
        await asyncio.to_thread(server.start)

    workers(site, *WORKERS)
    async with line_at(site, PEOPLE, 9.0) as sale:
        began, ended = await hold_sale(sale, stopped, after=60, patience=240)
        assert began, sale.last_told()
        await judge(sale, [(began, ended)], tmp_path)
    # Nothing had to be started again.
    for name in (*WORKERS, "api"):
        assert site.children[name].poll() is None, site.log(name)[-3000:]
