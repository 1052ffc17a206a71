"""What API processes feel is told again and again, whatever went wrong once: the rate of the line hangs on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.endurance import full, going, refusals
from ticketing.base.clock import SystemClock
from ticketing.base.valkey import Valkey
from ticketing.base.valkey_server import ValkeyServer
from ticketing.waiting import felt as module
from ticketing.waiting.felt import Felt

KEY = "w:felt"


@pytest.fixture(scope="module")
def felt_valkey(short_folder: Path) -> Iterator[ValkeyServer]:
    """A server of these tests' own: they fill it up."""
    server = ValkeyServer(short_folder / "felt")
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def valkey(felt_valkey: ValkeyServer) -> AsyncIterator[Valkey]:
    client = Valkey(felt_valkey.url)
    await client.execute("FLUSHALL")
    await client.execute("CONFIG", "RESETSTAT")
    yield client
    await client.close()


@pytest.fixture
def felt(valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> Felt:
    """Tells ten times a second."""
    monkeypatch.setattr(module, "_EVERY_SECONDS", 0.1)
    return Felt(valkey, SystemClock())


def hold(felt: Felt) -> None:
    """Somebody held something: without that there is nothing to tell."""
    with felt.measured():
        pass


async def told(felt: Felt) -> bool:
    """Whether the leader knows of what is held all the time."""
    hold(felt)
    return await felt.worst() is not None


async def test_telling_goes_on_when_valkey_was_full(felt: Felt, valkey: Valkey) -> None:
    async def refused_twice() -> bool:
        hold(felt)
        return await refusals(valkey, "OOM") >= 2

    async with going(felt.run) as loop:
        async with full(valkey):
            await loop.until(refused_twice)
            assert await felt.worst() is None
        await loop.until(lambda: told(felt))


async def test_telling_goes_on_after_an_answer_that_nobody_foresaw(felt: Felt, valkey: Valkey) -> None:
    async def refused() -> bool:
        hold(felt)
        return await refusals(valkey, "WRONGTYPE") >= 1

    await valkey.execute("SET", KEY, "no hash")
    async with going(felt.run) as loop:
        await loop.until(refused)
        await valkey.execute("DEL", KEY)
        await loop.until(lambda: told(felt))
    assert "felt_not_told" in loop.logged
