"""Lines as an API process keeps them: what was read before the draw is no answer to who asks after it."""

from __future__ import annotations

import asyncio

import pytest

from tests.rooms.waiting.line_bench import LOBBY_MS, Bench, step
from ticketing.waiting.book import LineBook
from ticketing.waiting.claim import ClaimService, Entry
from ticketing.waiting.model import Line


class BusyProcess:
    """An API process whose look at a line is over, and whose event loop has not come to say so yet.

    The real look reads before the draw, and ends when `finish` is set.
    """

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        self.book = LineBook(bench.db, bench.catalog, bench.rules, bench.clock, ttl=600.0)
        api = bench.api
        self.claims = ClaimService(api.store, self.book, api.writer, bench.signer, bench.clock, bench.rules)
        self.read, self.finish, self.looks = asyncio.Event(), asyncio.Event(), 0
        self._really_look = self.book._look
        monkeypatch.setattr(self.book, "_look", self._look)

    async def _look(self, event_id: str) -> Line | None:
        self.looks += 1
        found = await self._really_look(event_id)
        self.read.set()
        await self.finish.wait()
        return found


async def joined(bench: Bench) -> int:
    """One person in the lobby; their index."""
    await step(bench.candidate())
    return (await bench.join("acc_a")).place.index


async def draw(bench: Bench) -> None:
    """T-0, and the first is called."""
    bench.clock.advance(LOBBY_MS / 1000)
    for _ in range(3):
        await step(bench.leader)
        bench.clock.advance(1)
    assert (await bench.line()).drawn


async def claim_between(process: BusyProcess, bench: Bench, index: int) -> Entry:
    """A claim that runs after the look has ended, and before the loop has told those who wait for it."""

    async def claim() -> Entry:
        await asyncio.sleep(0)
        return await process.claims.claim(bench.event.id, "acc_a", "ses_acc_a", index)

    # In this order: the claim runs again in the round that begins with the end of the look.
    late = asyncio.create_task(claim())
    process.finish.set()
    return await late


async def test_a_look_that_has_just_ended_is_no_answer(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    index = await joined(bench)
    process = BusyProcess(bench, monkeypatch)
    early = asyncio.create_task(process.book.drawn(bench.event.id))
    await process.read.wait()
    await draw(bench)
    try:
        entry = await claim_between(process, bench, index)
        assert entry.lease_id.startswith("vis_")
        assert (await early).drawn
    finally:
        await process.book.close()


async def test_a_look_under_way_is_no_answer_and_one_serves_all(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await joined(bench)
    process = BusyProcess(bench, monkeypatch)
    early = asyncio.create_task(process.book.drawn(bench.event.id))
    await process.read.wait()
    await draw(bench)
    late = [asyncio.create_task(process.book.drawn(bench.event.id)) for _ in range(100)]
    await asyncio.sleep(0)
    process.finish.set()
    try:
        assert all(line.drawn for line in await asyncio.gather(early, *late))
        assert process.looks == 2
    finally:
        await process.book.close()
