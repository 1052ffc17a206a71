"""The audit of seats outlasts what it meets: a worker that it ended would take all its other work along."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.endurance import full, going, refusals
from tests.rooms.orders.conftest import Desk
from ticketing.base.valkey import Valkey
from ticketing.base.valkey_server import ValkeyServer
from ticketing.holds.rebuild import Rebuilder
from ticketing.holds.store import HoldStore
from ticketing.orders.seat_audit import SeatAudit
from ticketing.orders.truth import SalesBooks

FREE, SOLD = b"0", b"3"


@dataclass
class Audited:
    """A sale whose news nobody carries over to Valkey: the audit alone mends it."""

    desk: Desk
    store: HoldStore
    valkey: Valkey
    audit: SeatAudit

    async def run(self, stop: asyncio.Event) -> None:
        """The worker's loop, in a hurry."""
        await self.audit.run(stop, sweep_seconds=0.05, audit_seconds=0.05)

    async def is_ready(self) -> bool:
        """Whether Valkey has the event's seats."""
        return (await self.store.version(self.desk.event.id))[1]

    async def seat(self, ordinal: int) -> bytes:
        """How a seat stands in Valkey."""
        return await self.store.read_range(self.desk.event.id, ordinal, ordinal)


@pytest.fixture(scope="module")
def audit_valkey(short_folder: Path) -> Iterator[ValkeyServer]:
    """A server of these tests' own: they fill it up."""
    server = ValkeyServer(short_folder / "sa")
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def audited(desk: Desk, audit_valkey: ValkeyServer) -> AsyncIterator[Audited]:
    valkey = Valkey(audit_valkey.url)
    await valkey.execute("FLUSHALL")
    await valkey.execute("CONFIG", "RESETSTAT")
    store = HoldStore(valkey)
    rebuilder = Rebuilder(store, SalesBooks(desk.db), desk.clock)
    yield Audited(desk, store, valkey, SeatAudit(desk.db, desk.catalog, store, rebuilder, desk.clock))
    await valkey.close()


async def test_a_difference_found_while_valkey_was_full_is_mended_when_it_has_room_again(audited: Audited) -> None:
    async def refused_twice() -> bool:
        return await refusals(audited.valkey, "OOM") >= 2

    async def mended() -> bool:
        return await audited.seat(0) == SOLD

    async with going(audited.run) as loop:
        await loop.until(audited.is_ready)
        async with full(audited.valkey):
            await audited.desk.place(0)
            await loop.until(refused_twice)
            assert await audited.seat(0) == FREE
        await loop.until(mended)


async def test_the_audit_goes_on_after_an_answer_that_nobody_foresaw(audited: Audited) -> None:
    async def refused() -> bool:
        return await refusals(audited.valkey, "WRONGTYPE") >= 1

    meta = f"h:{{{audited.desk.event.id}}}:meta"
    await audited.valkey.execute("SET", meta, "no hash")
    async with going(audited.run) as loop:
        await loop.until(refused)
        await audited.valkey.execute("DEL", meta)
        await loop.until(audited.is_ready)
    assert "seat_audit_failed" in loop.logged


async def test_the_audit_goes_on_when_the_events_cannot_be_listed(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, failures = audited.desk.catalog.listed, 0

    async def broken_at_first() -> Any:
        nonlocal failures
        failures += 1
        if failures == 1:
            raise ZeroDivisionError("a bug")
        return await listed()

    monkeypatch.setattr(audited.desk.catalog, "listed", broken_at_first)
    async with going(audited.run) as loop:
        await loop.until(audited.is_ready)
    assert "seat_audit_broken" in loop.logged
