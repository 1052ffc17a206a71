"""The Valkey client against a real server: in order, few round trips, honest and bounded when the server is away."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis.exceptions import ResponseError

from tests.endurance import full
from ticketing.base.valkey import Script, Valkey, ValkeyAway, ValkeyFull, load_script
from ticketing.base.valkey_server import ValkeyServer

ECHO = Script("echo", "return {KEYS[1], ARGV[1]}")
WRITE = Script("write", "return redis.call('SET', KEYS[1], ARGV[1])")
BOUND = 5.0
"""Seconds within which a client with one second of patience must have said something."""


async def reads_by_server(valkey: Valkey) -> int:
    info = (await valkey.execute("INFO", "stats")).decode()
    return next(int(line.split(":")[1]) for line in info.splitlines() if line.startswith("total_reads_processed"))


@contextmanager
def frozen(server: ValkeyServer) -> Iterator[None]:
    """The server is there and says nothing."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


async def test_calls_made_together_travel_together_and_stay_in_order(valkey: Valkey) -> None:
    await valkey.ping()
    before = await reads_by_server(valkey)
    lengths = await asyncio.gather(*(valkey.execute("RPUSH", "list", i) for i in range(1000)))
    after = await reads_by_server(valkey)
    assert lengths == list(range(1, 1001)), "each caller got the answer to its own command"
    assert await valkey.execute("LRANGE", "list", 0, -1) == [str(i).encode() for i in range(1000)]
    assert after - before < 50, "a thousand commands, a handful of system calls"


async def test_calls_one_after_the_other_do_not_wait_for_company(valkey: Valkey) -> None:
    before = await reads_by_server(valkey)
    for i in range(20):
        await valkey.execute("RPUSH", "list", i)
    assert await reads_by_server(valkey) - before == 21, "negative control of the test above: nothing was joined"


async def test_a_refused_command_hurts_none_of_its_neighbours(valkey: Valkey) -> None:
    await valkey.execute("SET", "text", "x")
    one, bad, two = await asyncio.gather(
        valkey.execute("SET", "a", 1),
        valkey.execute("LPUSH", "text", 1),
        valkey.execute("GET", "a"),
        return_exceptions=True,
    )
    assert (one, two) == (b"OK", b"1")
    assert isinstance(bad, ResponseError)
    assert "WRONGTYPE" in str(bad)


@pytest.mark.parametrize("argument", ["\ud800", None, object()], ids=["half a surrogate pair", "None", "an object"])
async def test_what_cannot_be_sent_hurts_only_its_caller(valkey: Valkey, argument: object) -> None:
    async with asyncio.timeout(BOUND):
        one, bad, two = await asyncio.gather(
            valkey.execute("ECHO", "one"),
            valkey.execute("ECHO", argument),
            valkey.execute("ECHO", "two"),
            return_exceptions=True,
        )
        assert (one, two) == (b"one", b"two")
        assert isinstance(bad, UnicodeEncodeError | TypeError)
        with pytest.raises((UnicodeEncodeError, TypeError)):
            await valkey.execute("ECHO", argument)
        assert await valkey.execute("ECHO", "after") == b"after"


async def test_a_caller_that_gave_up_leaves_everyone_elses_answers_in_place(valkey: Valkey) -> None:
    tasks = [asyncio.create_task(valkey.execute("ECHO", str(i))) for i in range(50)]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    kept = {i: answer for i, answer in enumerate(answers) if i % 3}
    assert kept == {i: str(i).encode() for i in kept}
    assert await valkey.execute("ECHO", "after") == b"after"


async def test_a_script_travels_once_and_again_after_the_server_forgot_it(valkey: Valkey) -> None:
    async def calls(command: str) -> int:
        stats = (await valkey.execute("INFO", "commandstats")).decode()
        line = next((line for line in stats.splitlines() if line.startswith(f"cmdstat_{command}:")), ":calls=0,")
        return int(line.partition("calls=")[2].partition(",")[0])

    await valkey.execute("SCRIPT", "FLUSH")
    await valkey.execute("CONFIG", "RESETSTAT")
    for _ in range(3):
        assert await valkey.run(ECHO, ["key"], ["value"]) == [b"key", b"value"]
    assert await calls("eval") == 1, "the first call found no script, the others did"
    await valkey.execute("SCRIPT", "FLUSH")
    assert await valkey.run(ECHO, ["key"], ["again"]) == [b"key", b"again"]
    assert await calls("eval") == 2


def test_a_script_may_include_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "helper.lua").write_text("local one = 1")
    (tmp_path / "main.lua").write_text("-- include helper.lua\nreturn one")
    script = load_script(tmp_path / "main.lua")
    assert (script.name, script.text) == ("main", "local one = 1\nreturn one")


async def test_a_killed_server_is_away_at_once_and_found_again(base_valkey: ValkeyServer, valkey: Valkey) -> None:
    await valkey.execute("SET", "kept", "1")
    base_valkey.kill()
    async with asyncio.timeout(BOUND):
        for _ in range(3):
            with pytest.raises(ValkeyAway):
                await valkey.execute("GET", "kept")
    await base_valkey.start_async()
    assert await valkey.execute("GET", "kept") == b"1"


async def test_a_silent_server_is_away_after_the_timeout_for_all_who_wait(
    base_valkey: ValkeyServer, valkey: Valkey
) -> None:
    await valkey.ping()
    with frozen(base_valkey):
        async with asyncio.timeout(BOUND):
            answers = await asyncio.gather(*(valkey.execute("PING") for _ in range(20)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {ValkeyAway}
    await answering(valkey)
    # A late answer of the old connection must not be taken for the answer to the next command.
    assert await valkey.execute("ECHO", "fresh") == b"fresh"


async def answering(valkey: Valkey) -> float:
    """Wait until it answers again; how many seconds that took."""
    began = time.monotonic()
    async with asyncio.timeout(BOUND):
        while True:
            try:
                await valkey.ping()
            except ValkeyAway:
                await asyncio.sleep(0.02)
            else:
                return time.monotonic() - began


async def told_away(valkey: Valkey) -> float:
    """Seconds until one call was told that the server is away."""
    began = time.monotonic()
    async with asyncio.timeout(BOUND):
        with pytest.raises(ValkeyAway):
            await valkey.execute("PING")
    return time.monotonic() - began


async def test_a_silent_server_costs_one_timeout_and_not_one_for_each(
    base_valkey: ValkeyServer, valkey: Valkey
) -> None:
    await valkey.ping()
    with frozen(base_valkey):
        first = asyncio.create_task(told_away(valkey))
        await asyncio.sleep(0.5)
        # Asked while the batch of the first was under way: it is told with it.
        second = await told_away(valkey)
        assert await first >= 0.9
        assert second < 0.8
        assert max([await told_away(valkey) for _ in range(20)]) < 0.1
        await asyncio.sleep(1.5)  # several probes
        assert await told_away(valkey) < 0.1
    assert await answering(valkey) < 1


async def test_a_caller_that_gave_up_is_no_answer(base_valkey: ValkeyServer, valkey: Valkey) -> None:
    await valkey.ping()
    with frozen(base_valkey):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await valkey.ping()
        await asyncio.sleep(1.0)
        assert await told_away(valkey) < 0.1
    await answering(valkey)


async def test_a_slow_server_is_not_taken_for_a_silent_one(base_valkey: ValkeyServer, valkey: Valkey) -> None:
    """Some answers of a batch came, the last did not: that call fails, and the next one is asked."""
    await valkey.ping()
    answers = await asyncio.gather(
        valkey.execute("ECHO", "one"), valkey.execute("BLPOP", "nothing", "2"), return_exceptions=True
    )
    assert answers[0] == b"one"
    assert isinstance(answers[1], ValkeyAway)
    assert await valkey.execute("ECHO", "next") == b"next"


async def test_a_server_that_answers_late_is_found_again(base_valkey: ValkeyServer, valkey: Valkey) -> None:
    """Its answers take longer than a short probe waits: a longer one gets through."""
    async with delayed(base_valkey, 0.35) as url:
        late = Valkey(url, timeout=1.9)
        try:
            await late.ping()
            with frozen(base_valkey), pytest.raises(ValkeyAway):
                await late.execute("PING")
            async with asyncio.timeout(10):
                while True:
                    with contextlib.suppress(ValkeyAway):
                        await late.ping()
                        break
                    await asyncio.sleep(0.05)
        finally:
            await late.close()


@contextlib.asynccontextmanager
async def delayed(server: ValkeyServer, seconds: float) -> AsyncIterator[str]:
    """A way to the server on which every answer takes so long."""

    open_ways: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_ways.add(task)
        up_reader, up_writer = await asyncio.open_unix_connection(str(server.socket))
        try:
            await asyncio.gather(pump(reader, up_writer, 0.0), pump(up_reader, writer, seconds))
        finally:
            for end in (writer, up_writer):
                end.transport.abort()

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, pause: float) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                await asyncio.sleep(pause)
                sink.write(data)
        sink.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()
        for way in open_ways:
            way.cancel()
        await asyncio.gather(*open_ways, return_exceptions=True)


async def test_control_without_probes_each_waits_for_itself(
    base_valkey: ValkeyServer, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(_: Valkey) -> None:
        valkey._probe = None

    monkeypatch.setattr(Valkey, "_until_it_answers", none)
    await valkey.ping()
    with frozen(base_valkey):
        assert await told_away(valkey) >= 0.9
        await asyncio.sleep(0)
        assert await told_away(valkey) >= 0.9


async def test_a_server_that_comes_back_elsewhere_is_found(base_valkey: ValkeyServer, valkey: Valkey) -> None:
    """Killed while it was silent: the probe learns that nobody listens, and calls connect anew."""
    await valkey.ping()
    assert base_valkey.pid is not None
    os.kill(base_valkey.pid, signal.SIGSTOP)
    try:
        assert await told_away(valkey) >= 0.9
    finally:
        base_valkey.kill()
    await asyncio.sleep(1)
    assert await told_away(valkey) < 0.1
    await base_valkey.start_async()
    assert await answering(valkey) < 1


async def test_a_client_closes_while_it_probes(base_valkey: ValkeyServer) -> None:
    client = Valkey(base_valkey.url, timeout=0.2)
    await client.ping()
    with frozen(base_valkey):
        await told_away(client)
        async with asyncio.timeout(BOUND):
            await client.close()
    assert len(asyncio.all_tasks()) == 1


async def test_a_demoted_server_is_away_and_its_connection_is_given_up(valkey: Valkey) -> None:
    before = await valkey.execute("CLIENT", "ID")
    await valkey.execute("REPLICAOF", "127.0.0.1", "1")
    try:
        with pytest.raises(ValkeyAway, match="read only"):
            await valkey.execute("SET", "key", "value")
        with pytest.raises(ValkeyAway, match="read only"):
            await valkey.run(WRITE, ["key"], ["value"])
    finally:
        await valkey.execute("REPLICAOF", "NO", "ONE")
    assert await valkey.execute("SET", "key", "value") == b"OK"
    assert await valkey.execute("CLIENT", "ID") > before, "the name may lead to another server now: a new connection"


async def test_a_full_server_is_away_for_what_needs_memory_and_for_nothing_else(valkey: Valkey) -> None:
    await valkey.execute("SET", "kept", "1")
    before = await valkey.execute("CLIENT", "ID")
    async with full(valkey):
        one, bad, script, two = await asyncio.gather(
            valkey.execute("GET", "kept"),
            valkey.execute("SET", "key", "value"),
            valkey.run(WRITE, ["key"], ["value"]),
            valkey.execute("GET", "kept"),
            return_exceptions=True,
        )
        assert (one, two) == (b"1", b"1")
        assert (type(bad), type(script)) == (ValkeyFull, ValkeyFull)
        with pytest.raises(ValkeyAway, match="OutOfMemory"):
            await valkey.execute("SET", "key", "value")
        assert await valkey.execute("EXISTS", "key") == 0, "what was refused did not run"
    assert await valkey.execute("SET", "key", "value") == b"OK"
    assert await valkey.execute("CLIENT", "ID") == before, "it is the right server: no new connection"


async def test_a_closed_client_leaves_nobody_waiting(base_valkey: ValkeyServer) -> None:
    client = Valkey(base_valkey.url, timeout=30)
    await client.ping()
    with frozen(base_valkey):
        waiting = asyncio.create_task(client.execute("PING"))
        await asyncio.sleep(0.05)
        await client.close()
        async with asyncio.timeout(BOUND):
            with pytest.raises(ValkeyAway):
                await waiting


async def test_a_dedicated_client_is_another_connection(valkey: Valkey) -> None:
    other = valkey.dedicated()
    try:
        assert await other.client_id() != await valkey.execute("CLIENT", "ID")
    finally:
        await other.aclose()
