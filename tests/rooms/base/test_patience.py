"""Patience runs out when nothing comes, and not because this process was busy."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ticketing.base import valkey as valkey_module
from ticketing.base.patience import Patience
from ticketing.base.valkey import Valkey, ValkeyAway
from ticketing.base.valkey_server import ValkeyServer


async def test_what_does_not_come_is_given_up() -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with Patience(0.2):
            await asyncio.sleep(60)
    assert 0.15 < time.monotonic() - began < 5


async def test_what_comes_in_time_is_taken_and_leaves_nothing_behind() -> None:
    async with Patience(0.1):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)


async def garbage_of_a_hundred_calls(folder: Path) -> int:
    """Objects that only the cyclic collector can clear away, after a hundred batches."""
    server = ValkeyServer(folder / "v")
    server.start()
    valkey = Valkey(server.url)
    try:
        await valkey.ping()
        gc.collect()
        gc.disable()
        for _ in range(100):
            await valkey.ping()
        return gc.collect()
    finally:
        gc.enable()
        await valkey.close()
        server.kill()


async def test_a_call_leaves_nothing_to_the_collector(short_folder: Path) -> None:
    assert await garbage_of_a_hundred_calls(short_folder / "g") < 100


async def test_control_functions_that_know_each_other_do(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextlib.asynccontextmanager
    async def cyclic(_: float) -> AsyncIterator[None]:
        def wind_up() -> object:
            return tick

        def tick() -> object:
            return wind_up

        yield

    monkeypatch.setattr(valkey_module, "Patience", cyclic)
    assert await garbage_of_a_hundred_calls(short_folder / "h") >= 100


async def ask_while_busy(folder: Path) -> object:
    """Ask what is answered after 0.3 s, with a patience of 0.2 s, and keep the loop busy until the answer was there."""
    server = ValkeyServer(folder / "v")
    server.start()
    valkey = Valkey(server.url, timeout=0.2)
    try:
        await valkey.ping()
        asked = asyncio.create_task(valkey.execute("BLPOP", "nothing", "0.3"))
        await asyncio.sleep(0.02)
        time.sleep(0.6)  # noqa: ASYNC251 - this is the point
        return await asked
    finally:
        await valkey.close()
        server.kill()


async def test_an_answer_that_came_while_the_process_was_busy_counts(short_folder: Path) -> None:
    assert await ask_while_busy(short_folder / "p") is None


async def test_control_by_the_clock_it_would_be_missed(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey_module, "Patience", asyncio.timeout)
    with pytest.raises(ValkeyAway):
        await ask_while_busy(short_folder / "q")
