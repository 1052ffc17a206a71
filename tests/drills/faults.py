"""What a drill does to the stack while buyers buy. Each fault leaves the stack as it found it, or lets it recover.

A fault raises NothingHappened when what it was to break was not broken.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import signal
import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, cast

import httpx
from redis import Redis

from tests.drills.sale import Sale
from tests.drills.site import STREAM, NothingHappened
from tests.drills.switch import PASS
from tests.drills.yard import Yard

STAYED = "stayed in the balancer"
Fault = Callable[[Yard, Sale], Awaitable[None]]
LIBFAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


async def _named(yard: Yard, kind: str) -> str:
    """The worker that leads, for "leader"; the other one, for "standby"; else the kind itself."""
    if kind not in ("leader", "standby"):
        return kind
    for _ in range(200):
        if name := await yard.leader():
            return name if kind == "leader" else {"worker-1": "worker-2", "worker-2": "worker-1"}[name]
        await asyncio.sleep(0.1)
    raise NothingHappened("no worker leads")


def killed(kind: str, away: float = 1.0) -> Fault:
    """SIGKILL, and a start some seconds later."""

    async def fault(yard: Yard, sale: Sale) -> None:
        name = await _named(yard, kind)
        if name in ("cache", "replica", "queue", "database"):
            store = {
                "cache": yard.primary, "replica": yard.spare, "queue": yard.queue, "database": yard.server
            }[name]  # fmt: skip
            assert store is not None
            await asyncio.to_thread(store.kill)
            await asyncio.sleep(away)
            await asyncio.to_thread(store.start)
            return
        yard.kill(name)
        await asyncio.sleep(away)
        if name.startswith("worker"):
            yard.start_worker(name)
        elif name == "provider":
            await asyncio.to_thread(yard.start_provider)
        else:
            yard.start_api_process(name)
            await asyncio.to_thread(yard.front.wait_for, name, up=True)

    return fault


def stopped(kind: str, seconds: float) -> Fault:
    """SIGSTOP, and SIGCONT some seconds later: alive, silent, then going on as if no time had passed."""

    async def fault(yard: Yard, sale: Sale) -> None:
        pid = yard.pid(await _named(yard, kind))
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            with contextlib.suppress(ProcessLookupError):  # another has taken its place
                os.kill(pid, signal.SIGCONT)

    return fault


def cut(side: str, store: str, mode: str, seconds: float) -> Fault:
    """A partition between one side and a store: refused or silent. `api` means all API processes, `api-1` the first."""

    async def fault(yard: Yard, sale: Sale) -> None:
        ways = {who: link for (who, what), link in yard.links.items() if what == store}
        cut_off = [link for who, link in ways.items() if f"{who}-".startswith(f"{side}-")]
        before = [link.connections for link in cut_off]
        for link in cut_off:
            link.set(mode)
        try:
            await asyncio.sleep(seconds)
        finally:
            for link in cut_off:
                link.set(PASS)
        if not all(before):
            raise NothingHappened(f"{side} never spoke to {store}")

    return fault


def cut_alone(name: str, store: str, mode: str, seconds: float) -> Fault:
    """A partition between one API process and a store that all others reach: the process must leave the balancer.

    Raises AssertionError when it stays.
    """

    async def fault(yard: Yard, sale: Sale) -> None:
        cutting = asyncio.create_task(cut(name, store, mode, seconds)(yard, sale))
        left = False
        while not cutting.done():
            left = left or not (await asyncio.to_thread(yard.front.states))[name].startswith("UP")
            await asyncio.wait([cutting], timeout=0.25)
        await cutting
        assert left, f"{name} {STAYED}"

    return fault


async def rolling_restart(yard: Yard, sale: Sale) -> None:
    """Every API process is told to end, and started anew, one after the other; then the workers."""
    for name in yard.api_ports:
        await restart_api(yard, name)
    for name in ("worker-1", "worker-2"):
        yard.children[name].terminate()
        if await asyncio.to_thread(yard.children.pop(name).wait, 60):
            raise AssertionError(f"{name} did not end well: {yard.log(name)[-1500:]}")
        yard.start_worker(name)


async def restart_api(yard: Yard, name: str) -> None:
    """SIGTERM, the end of what is under way, another process, and back in the balancer."""
    child = yard.children.pop(name)
    child.terminate()
    code = await asyncio.to_thread(child.wait, 60)
    if code:
        raise AssertionError(f"{name} ended with {code}: {yard.log(name)[-1500:]}")
    yard.start_api_process(name)
    await asyncio.to_thread(yard.front.wait_for, name, up=True)


async def fail_over(yard: Yard, sale: Sale) -> None:
    """The primary dies for good; two seconds later its replica is promoted and the endpoint moves."""
    moved = yard.keeper.moved
    await asyncio.to_thread(yard.primary.kill)
    for _ in range(100):
        if yard.keeper.moved > moved:
            return
        await asyncio.sleep(0.1)
    raise NothingHappened("no replica was promoted")


async def flush_all(yard: Yard, sale: Sale) -> None:
    """FLUSHALL, twice."""
    for _ in range(2):
        with Redis.from_url(yard.primary.url) as client:
            if not client.dbsize():
                raise NothingHappened("there was nothing to forget")
            client.flushall()
        await asyncio.sleep(4.0)


def database_stopped(seconds: float) -> Fault:
    """The server ends in good order and is started again."""

    async def fault(yard: Yard, sale: Sale) -> None:
        assert yard.server is not None
        await asyncio.to_thread(yard.server.stop)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(yard.server.start)

    return fault


def read_only(seconds: float) -> Fault:
    """The writer is demoted under its clients' connections, and promoted again: a fail-over seen from inside."""

    async def fault(yard: Yard, sale: Sale) -> None:
        server = yard.server
        assert server is not None
        # The application's account has no privilege that lets it write all the same; the drill's has.
        await asyncio.to_thread(server.execute, "SET GLOBAL read_only = ON")
        before = await yard.count("orders")
        try:
            await asyncio.sleep(seconds)
            if await yard.count("orders") != before:
                raise NothingHappened("orders were written to a database that is read-only")
        finally:
            await asyncio.to_thread(server.execute, "SET GLOBAL read_only = OFF")

    return fault


async def redelivery_storm(yard: Yard, sale: Sale) -> None:
    """For ten seconds what was sent comes again and again, long after it was done, in a random order."""
    seen: list[dict[bytes, bytes]] = []
    last: bytes | str = "$"
    again = 0
    over = time.monotonic() + 10.0
    with Redis.from_url(yard.queue.url) as client:
        while time.monotonic() < over:
            # Read by a client outside the group: acknowledged messages are gone from the stream at once.
            answer: Any = await asyncio.to_thread(client.xread, {STREAM: last}, 100, 100)
            fresh = [(message_id, fields) for message_id, fields in (answer[0][1] if answer else [])]
            known = {fields[b"b"] for fields in seen}
            seen += [fields for _, fields in fresh if fields[b"b"] not in known]
            copies = sale.rng.sample(seen * 3, min(10, len(seen) * 3))
            for fields in copies:
                last = client.xadd(STREAM, cast("dict[Any, Any]", fields))
                again += 1
            if not copies and fresh:
                last = fresh[-1][0]
            await asyncio.sleep(0.1)
    if again < 100:
        raise NothingHappened(f"only {again} messages came again")


def provider_misbehaves(mode: str, seconds: float) -> Fault:
    """Slow or silent for everybody."""

    async def fault(yard: Yard, sale: Sale) -> None:
        await sale.provider.misbehave(mode)
        try:
            await asyncio.sleep(seconds)
        finally:
            await sale.provider.misbehave("none")

    return fault


def clock_jumps(kind: str, offset: str, seconds: float) -> Fault:
    """The clock of one process is put wrong while it runs, for so many seconds, and is wrong still when the process is
    started anew; then it is put right while that runs. At last it has the machine's clock again.

    `offset`: seconds, "+3600" or "-3600". A process looks at its clock every five seconds: `seconds` is longer.
    """

    async def fault(yard: Yard, sale: Sale) -> None:
        if LIBFAKETIME is None:
            raise NothingHappened("libfaketime is not installed: apt-get install faketime")
        # Who is started anew leads no more: for the leader, the other one is, and takes over.
        name = await _named(yard, "standby" if kind == "leader" else kind)
        clock = yard.folder / f"{name}.clock"
        faked = {
            "LD_PRELOAD": str(LIBFAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock), "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_CACHE_DURATION": "1",  # seconds that it goes on with what the file said before
        }  # fmt: skip
        clock.write_text("+0")
        since = await _start_anew(yard, name, faked)
        if kind == "leader":
            await _make_lead(yard, name)
        await _has_clock(yard, name, 0, since)
        clock.write_text(offset)
        await asyncio.sleep(seconds)
        await _has_clock(yard, name, int(offset), since)
        since = await _start_anew(yard, name, faked)
        await _has_clock(yard, name, int(offset), since)
        clock.write_text("+0")
        await asyncio.sleep(seconds)
        await _has_clock(yard, name, 0, since)
        await _start_anew(yard, name, {})

    return fault


async def _start_anew(yard: Yard, name: str, environ: dict[str, str]) -> int:
    """End one process and start it with more in its environment; gives where in its log it begins."""
    child = yard.children.pop(name)
    child.terminate()
    await asyncio.to_thread(child.wait, 60)
    since = len(yard.log(name))
    if name.startswith("worker"):
        yard.start_worker(name, **environ)
    else:
        yard.start_api_process(name, **environ)
        await asyncio.to_thread(yard.front.wait_for, name, up=True)
    return since


async def _make_lead(yard: Yard, name: str) -> None:
    """End the worker that leads; start it again when this one does."""
    leader = await _named(yard, "leader")
    child = yard.children.pop(leader)
    child.terminate()
    await asyncio.to_thread(child.wait, 60)
    try:
        for _ in range(150):
            if await yard.leader() == name:
                return
            await asyncio.sleep(0.2)
    finally:
        yard.start_worker(leader)
    raise NothingHappened(f"{name} does not lead")


async def _has_clock(yard: Yard, name: str, offset: int, since: int) -> None:
    """Wait until the clock of a running process, whose log begins at `since`, is so many seconds off.

    Raises NothingHappened.
    """
    deadline = time.monotonic() + 15.0
    is_worker = name.startswith("worker")
    while not (_worker_has(yard, name, offset, since) if is_worker else await _api_has(yard, name, offset)):
        if time.monotonic() > deadline:
            raise NothingHappened(f"the clock of {name} is not {offset} s off")
        await asyncio.sleep(0.5)


async def _api_has(yard: Yard, name: str, offset: int) -> bool:
    """By the date of its answers."""
    async with httpx.AsyncClient(timeout=5) as client:
        answer = await client.get(f"http://127.0.0.1:{yard.api_ports[name]}/health")
    return abs(parsedate_to_datetime(answer.headers["date"]).timestamp() - time.time() - offset) < 3.0


def _worker_has(yard: Yard, name: str, offset: int, since: int) -> bool:
    """By what it says itself, when it has compared its clock with others."""
    said = re.findall(r"clock_wrong|clock_right_again", yard.log(name)[since:])
    return (said[-1:] == ["clock_wrong"]) == bool(offset)


def disk_full(yard_folder: Path) -> Fault:
    """The file system below the embedded stores is filled to its last block, and the file that did it stays for ten
    seconds: SQLite and both Valkeys lie there. The reserve, if any, is given up by whoever keeps it.
    """

    async def fault(yard: Yard, sale: Sale) -> None:
        ballast = yard_folder / "ballast"
        full = False
        try:
            with ballast.open("wb", buffering=0) as file:
                while not full:
                    try:
                        full = file.write(bytes(65536)) < 4096
                    except OSError as error:
                        full = error.errno == errno.ENOSPC
            await asyncio.sleep(10.0)
        finally:
            ballast.unlink(missing_ok=True)
        if not full:
            raise NothingHappened("the disk took all of it")
        # A Valkey that syncs each write ends when it cannot: whatever keeps services running starts it again.
        for store in (yard.primary, yard.queue):
            if store.pid is None:
                await store.start_async()

    return fault


async def nothing(yard: Yard, sale: Sale) -> None:
    """No fault: the same sale, for comparison."""
    await asyncio.sleep(8.0)
