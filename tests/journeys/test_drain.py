"""Deployments without a lost request: health without stores, a drain on SIGTERM, children that are replaced."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.people import eventually, sign_up
from tests.servers import mariadb
from tests.stack import PASSWORD, Stack, running

BODY = b'{"email": "nobody@example.com", "password": "' + PASSWORD.encode() + b'"}'


@pytest.fixture(scope="module")
def own(short_folder: Path) -> Iterator[Stack]:
    """A stack of our own, without workers: its parts are to be stopped. Each test starts the API as it needs it."""
    with (
        tempfile.TemporaryDirectory(prefix="tkd") as folder,
        running(Stack(Path(folder)), worker=False, api=False) as own,
    ):
        yield own


def start_api(stack: Stack, *, processes: int = 1, drain: float = 0.0) -> None:
    stack.spawn("api", "api", "--port", str(stack.port), "--processes", str(processes), "--drain-seconds", str(drain))
    stack._wait("api", f"{stack.url}/health")


def ended_with(stack: Stack, timeout: float = 30.0) -> int:
    """The exit code of the API once it has ended."""
    return stack.children.pop("api").wait(timeout)


def children_of(pid: int) -> set[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, check=True, text=True).stdout
    return {int(child) for child, parent in map(str.split, listed.splitlines()) if int(parent) == pid}


def runs(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class SlowClient:
    """A request whose body comes in two halves, so that it is under way for as long as we like."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def begin(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        lines = [
            "POST /api/sessions HTTP/1.1",
            "Host: x",
            "Content-Type: application/json",
            f"Content-Length: {len(BODY)}",
        ]
        head = "\r\n".join([*lines, "", ""])
        self._writer.write(head.encode() + BODY[:10])
        await self._writer.drain()

    async def finish(self) -> int:
        """Send the rest; the status that was answered."""
        self._writer.write(BODY[10:])
        await self._writer.drain()
        async with asyncio.timeout(20):
            line = await self._reader.readline()
        status = int(line.split()[1])
        await self.close()
        return status

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


async def ready(stack: Stack) -> tuple[int, str]:
    async with httpx.AsyncClient(base_url=stack.url, timeout=10) as client:
        answer = await client.get("/health/ready")
        return answer.status_code, answer.json()["status"]


async def test_health_needs_no_store_and_ready_names_those_that_are_away(own: Stack) -> None:
    start_api(own)
    try:
        async with httpx.AsyncClient(base_url=own.url, timeout=10) as client:
            assert await ready(own) == (200, "ready")
            own.queue.kill()
            own.cache.kill()
            for _ in range(3):
                assert (await client.get("/health")).json() == {"status": "ok"}
            state = (await client.get("/health/ready")).json()
            assert state["status"] == "degraded", "it still serves: reads from the database, orders once they are back"
            assert state["dependencies"]["database"] == "ok"
            assert state["dependencies"]["valkey"].startswith("away")
            assert state["dependencies"]["queue"].startswith("away")
            await own.cache.start_async()
            await own.queue.start_async()

            async def back() -> bool:
                return await ready(own) == (200, "ready")

            await eventually(back)
    finally:
        own.children["api"].terminate()
        assert ended_with(own) == 0


@pytest.mark.slow
async def test_with_every_store_gone_it_lives_and_says_503_to_the_rest(short_folder: Path) -> None:
    with mariadb.run() as server, tempfile.TemporaryDirectory(prefix="tkm") as folder:
        stack = Stack(Path(folder), database_url=server.create_database("drain"))
        try:
            await asyncio.to_thread(stack.start, worker=False)
            async with httpx.AsyncClient(base_url=stack.url, timeout=30) as client:
                person = await sign_up(client, "Patient")
                assert (await person.get("/api/orders")).status_code == 200
                for part in (server, stack.cache, stack.queue):
                    await asyncio.to_thread(part.kill)
                assert (await client.get("/health")).json() == {"status": "ok"}
                state = (await client.get("/health/ready")).json()
                assert {name.split(":")[0] for name in state["dependencies"].values()} == {"away"}
                answer = await person.get("/api/orders")
                assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
                assert int(answer.headers["retry-after"]) > 0
                assert (await client.get("/health")).status_code == 200
        finally:
            await asyncio.to_thread(stack.stop)


async def test_a_drain_serves_on_says_so_and_ends_in_peace(own: Stack) -> None:
    start_api(own, drain=3.0)
    slow = SlowClient(own.port)
    await slow.begin()
    assert await ready(own) == (200, "ready")
    async with httpx.AsyncClient(base_url=own.url, timeout=10) as client:
        person = await sign_up(client, "Late")
        told = time.monotonic()
        own.children["api"].send_signal(signal.SIGTERM)

        async def draining() -> bool:
            return await ready(own) == (503, "draining")

        await eventually(draining, timeout=2)
        assert (await client.get("/health")).status_code == 200, "alive all the same"
        assert (await person.get("/api/orders")).status_code == 200, "new requests are answered while it drains"
        assert own.children["api"].poll() is None

        async def closed() -> bool:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", own.port)
            except OSError:
                return True
            writer.close()
            await writer.wait_closed()
            return False

        await eventually(closed, timeout=20)
        assert time.monotonic() - told >= 3.0, "not before its time"
        assert own.children["api"].poll() is None, "it waits for the request that is under way"
        assert await slow.finish() == 401
    assert await asyncio.to_thread(ended_with, own) == 0


async def test_a_request_under_way_is_finished_without_a_drain_too(own: Stack) -> None:
    start_api(own)
    slow = SlowClient(own.port)
    await slow.begin()
    await eventually(lambda: is_ready(own))
    own.children["api"].send_signal(signal.SIGTERM)
    await asyncio.sleep(0.5)
    assert own.children["api"].poll() is None
    assert await slow.finish() == 401
    assert await asyncio.to_thread(ended_with, own) == 0


async def test_control_a_process_that_is_killed_loses_the_request(own: Stack) -> None:
    start_api(own)
    slow = SlowClient(own.port)
    await slow.begin()
    await eventually(lambda: is_ready(own))
    own.kill("api")
    with pytest.raises((ConnectionError, IndexError)):
        await slow.finish()
    await slow.close()


async def is_ready(stack: Stack) -> bool:
    return await ready(stack) == (200, "ready")


async def test_a_second_signal_cuts_the_drain_short(own: Stack) -> None:
    start_api(own, drain=60.0)
    began = time.monotonic()
    own.children["api"].send_signal(signal.SIGTERM)

    async def draining() -> bool:
        return await ready(own) == (503, "draining")

    await eventually(draining, timeout=5)
    own.children["api"].send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(ended_with, own) == 0
    assert time.monotonic() - began < 30


@pytest.mark.slow
async def test_a_killed_child_is_replaced_and_the_others_serve_meanwhile(own: Stack) -> None:
    start_api(own, processes=2, drain=0.5)
    supervisor = own.children["api"].pid

    async def two() -> bool:
        return len(children_of(supervisor)) == 2

    await eventually(two)
    before = children_of(supervisor)
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    async with httpx.AsyncClient(base_url=own.url, timeout=20) as client:
        answers = [await client.get("/health", headers={"Connection": "close"}) for _ in range(20)]
        assert {answer.status_code for answer in answers} == {200}

    async def replaced() -> bool:
        now = children_of(supervisor)
        return len(now) == 2 and victim not in now

    await eventually(replaced, timeout=20)
    assert (before - {victim}) <= children_of(supervisor), "the other one was left alone"
    assert f"api process {victim} ended with -9" in own.log("api")
    await eventually(lambda: is_ready(own), timeout=30)
    served = children_of(supervisor)
    own.children["api"].terminate()
    assert await asyncio.to_thread(ended_with, own) == 0
    assert not any(runs(pid) for pid in served), "nobody is left behind"
