"""A paid order ends the visit in which it was placed: that one, once, and nothing that its buyer has got since."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from tests.rooms.orders.conftest import Desk
from tests.rooms.waiting.line_bench import LOBBY_MS, Bench, step
from ticketing.base.outbox import Topic, outbox
from ticketing.base.valkey_server import ValkeyServer
from ticketing.orders import messages
from ticketing.orders.end_visit import CLOCKS_APART_MS, EndVisit
from ticketing.orders.fulfil import Fulfilment
from ticketing.orders.settle import Settlement

BUYER, OTHERS = "acc_buyer", ("acc_b", "acc_c")


@dataclass
class Sale:
    """An event with a line: its buyer and two others are inside, as many as may be."""

    line: Bench
    desk: Desk
    visits: Topic

    async def buy(self) -> None:
        """The buyer orders, and pays."""
        await self.desk.pay(await self.desk.place(0, account=BUYER))

    async def look(self, seconds: float = 1) -> None:
        """Time passes, and the line's leader acts."""
        self.line.clock.advance(seconds)
        await step(self.line.leader)

    async def inside(self) -> bool:
        """Whether the buyer is."""
        return await self.line.subject(BUYER) in await self.line.inside()

    async def news(self) -> list[int]:
        """Attempts at each message that waits."""
        query = select(outbox.c.attempts).where(outbox.c.topic == messages.VISIT)
        return [row.attempts for row in await self.line.db.fetch(query)]


@pytest.fixture(scope="module")
def line_valkey(short_folder: Path) -> Iterator[ValkeyServer]:
    server = ValkeyServer(short_folder / "ov")
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def sale(line_valkey: ValkeyServer, tmp_path: Path) -> AsyncIterator[Sale]:
    line = await Bench(line_valkey.url, tmp_path / "books.sqlite3", tmp_path).open()
    await step(line.candidate())
    line.clock.advance(LOBBY_MS / 1000)
    for _ in range(3):
        await step(line.leader)
        line.clock.advance(1)
    for person in (BUYER, *OTHERS):
        assert (await line.join(person)).entry is not None
    db, clock = line.db, line.clock
    fulfilment, settlement = Fulfilment(db, line.catalog, clock), Settlement(db, line.catalog, clock)
    handler = EndVisit(db, line.api.joins, crash_point=line.crash)
    yield Sale(
        line,
        Desk(db, line.catalog, clock, line.event, fulfilment, settlement),
        Topic(messages.VISIT, db, clock, leased=handler),
    )
    await line.close()


async def test_who_has_paid_goes_and_the_next_one_may_come_in(sale: Sale) -> None:
    await sale.buy()
    assert await sale.inside(), "it is the message that ends it"
    await sale.visits.run_once()
    assert not await sale.inside()
    assert await sale.news() == []
    assert (await sale.line.join("acc_next")).entry is None
    await sale.look()
    assert await sale.line.claim("acc_next")
    ended = "SELECT reason FROM line_visits WHERE event_id = :e AND subject = :who"
    assert await sale.line.rows(ended, who=await sale.line.subject(BUYER)) == [("ordered",)]


@pytest.mark.parametrize(("behind_ms", "ended"), [(CLOCKS_APART_MS, True), (CLOCKS_APART_MS + 1, False)])
async def test_a_clock_that_is_a_little_behind_hides_no_visit(sale: Sale, behind_ms: int, ended: bool) -> None:
    """By the clock of the process that took the order, the visit had not begun yet."""
    sale.line.clock.advance(-behind_ms / 1000)
    await sale.buy()
    sale.line.clock.advance(behind_ms / 1000)
    await sale.visits.run_once()
    assert await sale.inside() is not ended


async def comes_late(sale: Sale) -> None:
    """The buyer has gone before the worker comes to it."""
    await sale.buy()
    assert await sale.line.leave(BUYER)


async def comes_again(sale: Sale) -> None:
    """The worker dies when the visit is ended, before that is written down."""
    await sale.buy()
    sale.line.crash_at = "visit:ended"
    with capture_logs():
        await sale.visits.run_once()
    assert not await sale.inside()
    assert await sale.news() == [1]


How = Callable[[Sale], Awaitable[None]]
ways = pytest.mark.parametrize("comes", [comes_late, comes_again])


@ways
async def test_who_waits_in_line_again_keeps_the_place(sale: Sale, comes: How) -> None:
    await comes(sale)
    sale.line.clock.advance(10)
    again = await sale.line.join(BUYER)
    assert again.entry is None
    assert await sale.visits.run_once() == 1
    assert (await sale.line.api.joins.place(sale.line.event.id, BUYER)).index == again.place.index
    assert await sale.news() == []


@ways
async def test_who_was_let_in_again_stays_inside(sale: Sale, comes: How) -> None:
    await comes(sale)
    await sale.look(10)
    await sale.line.join(BUYER)
    await sale.look()
    entry = await sale.line.claim(BUYER)
    assert await sale.visits.run_once() == 1
    assert await sale.inside()
    assert (await sale.line.claim(BUYER)).lease_id == entry.lease_id
    assert await sale.news() == []


async def test_a_visit_that_a_loss_brings_back_beside_the_next_place_takes_none_along(sale: Sale) -> None:
    """Its end was not yet written down when Valkey was lost, so that the refill brings it back; the place was."""
    leases, buyer = f"w:{{{sale.line.event.id}}}:lease", await sale.line.subject(BUYER)
    ended = await sale.line.valkey.execute("HGET", leases, buyer)
    await comes_again(sale)
    sale.line.clock.advance(10)
    again = await sale.line.join(BUYER)
    await sale.line.valkey.execute("HSET", leases, buyer, ended)
    assert await sale.visits.run_once() == 1
    assert (await sale.line.api.joins.place(sale.line.event.id, BUYER)).index == again.place.index
    assert await sale.news() == []


@pytest.mark.usefixtures("logged")
async def test_one_visit_that_cannot_be_ended_keeps_no_other_inside(
    sale: Sale, monkeypatch: pytest.MonkeyPatch
) -> None:
    joins, leave = sale.line.api.joins, sale.line.api.joins.leave

    async def breaking(event_id: str, account_id: str, reason: str, **how: Any) -> bool:
        if account_id == OTHERS[0]:
            raise ZeroDivisionError("a bug")
        return await leave(event_id, account_id, reason, **how)

    monkeypatch.setattr(joins, "leave", breaking)
    await sale.desk.pay(await sale.desk.place(1, account=OTHERS[0]))
    await sale.buy()
    assert await sale.visits.run_once() == 2
    assert not await sale.inside()
    assert await sale.news() == [1]


async def test_while_the_line_is_lost_the_message_waits_and_then_ends_the_visit(sale: Sale) -> None:
    await sale.buy()
    await sale.line.valkey.execute("FLUSHALL")
    await sale.visits.run_once()
    assert await sale.news() == [1]
    await sale.look()
    assert await sale.inside(), "as the books have it"
    await sale.visits.run_once()
    assert not await sale.inside()
    assert await sale.news() == []


async def test_of_a_closed_line_that_valkey_has_lost_no_visit_is_ended_for_ever(sale: Sale) -> None:
    """Nobody leads a closed line, nor brings it back: the message would wait until the end of days."""
    await sale.buy()
    await sale.look(60 * 24 * 3600)
    assert (await sale.line.line()).phase == "closed"
    await sale.line.valkey.execute("FLUSHALL")
    await sale.visits.run_once()
    assert await sale.news() == []
