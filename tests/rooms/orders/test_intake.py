"""Intake with real Valkey servers: 202 only for what is stored, and the same key is always the same order."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from tests.rooms.orders.conftest import PRICE, a_show
from ticketing.base.clock import ManualClock
from ticketing.base.db import Database, DatabaseAway
from ticketing.base.errors import Problem
from ticketing.base.outbox import Topic
from ticketing.base.queue.valkey import ValkeyQueue
from ticketing.base.tokens import Signer
from ticketing.base.tracing import Placing
from ticketing.base.valkey import Valkey
from ticketing.base.valkey_server import ValkeyServer
from ticketing.catalog.load import Catalog
from ticketing.catalog.model import Event
from ticketing.holds.hold import HoldService
from ticketing.holds.store import HoldStore
from ticketing.holds.token import read_hold, sign_hold
from ticketing.orders import intake as intake_module
from ticketing.orders import messages
from ticketing.orders import sql as orders_sql
from ticketing.orders.fulfil import Fulfilment
from ticketing.orders.intake import QUEUE_SECONDS, Intake
from ticketing.orders.messages import OrderPlaced
from ticketing.orders.model import OrderState
from ticketing.orders.spare_intake import FulfilSpare, SpareIntake
from ticketing.orders.truth import SalesBooks

ALICE, BOB = "acc_aaaaaaaaaaaaaaaa", "acc_bbbbbbbbbbbbbbbb"
KEY, OTHER_KEY = "key-0000-0001", "key-0000-0002"


@dataclass
class Counter:
    """The API side of a sale, and what its queue received."""

    event: Event
    holds: HoldService
    intake: Intake
    queue: ValkeyQueue
    signer: Signer
    clock: ManualClock
    fulfilment: Fulfilment
    cache_server: ValkeyServer
    queue_server: ValkeyServer
    sparing: Intake
    """The same, with another place for orders that the queue does not take."""

    async def hold(self, *seats: str, account: str = ALICE) -> str:
        return (await self.holds.hold_seats(self.event.id, account, list(seats))).token

    async def order(self, token: str, key: str = KEY, card: str = "tok_ok", account: str = ALICE) -> str:
        return await self.intake.place(account, token, "card", card, key)

    async def refusal(self, token: str, key: str = KEY, card: str = "tok_ok", account: str = ALICE) -> Problem:
        with pytest.raises(Problem) as error:
            await self.order(token, key, card, account)
        return error.value

    async def queued(self) -> list[OrderPlaced]:
        """What workers would get; it is left where it is for a moment only."""
        return [messages.decode_placed(delivery.body) for delivery in await self.queue.receive(100, 0.1)]


@pytest.fixture(scope="module")
def servers(short_folder: Path) -> Iterator[tuple[ValkeyServer, ValkeyServer]]:
    cache, queue = ValkeyServer(short_folder / "ic"), ValkeyServer(short_folder / "iq", fsync="always")
    cache.start()
    queue.start()
    yield cache, queue
    cache.stop()
    queue.stop()


@pytest.fixture
async def counter(
    servers: tuple[ValkeyServer, ValkeyServer], db: Database, catalog: Catalog, clock: ManualClock, event: Event
) -> AsyncIterator[Counter]:
    for server in servers:
        if server.pid is None:
            server.start()
    cache, line = Valkey(servers[0].url, timeout=1.0), Valkey(servers[1].url, timeout=1.0)
    await cache.execute("FLUSHALL")
    await line.execute("FLUSHALL")
    signer, store = Signer({"k1": bytes(range(32))}, "k1"), HoldStore(cache)
    queue = ValkeyQueue(line, "orders", visibility_seconds=30, max_attempts=10)
    holds = HoldService(store, catalog, SalesBooks(db), signer, clock, ttl_seconds=420)
    truth = SalesBooks(db)
    how: Any = {"payment_seconds": 1200, "in_books": truth.fingerprint}
    intake = Intake(store, catalog, queue, signer, clock, **how)
    sparing = Intake(store, catalog, queue, signer, clock, **how, spare=SpareIntake(db, clock))
    yield Counter(event, holds, intake, queue, signer, clock, Fulfilment(db, catalog, clock), *servers, sparing)
    await queue.close()
    await cache.close()
    await line.close()


async def test_an_accepted_order_is_in_the_queue_as_it_was_held(counter: Counter) -> None:
    order_id = await counter.order(await counter.hold("A-1-1", "A-1-2"))
    (message,) = await counter.queued()
    assert (message.order_id, message.account_id, message.event_id) == (order_id, ALICE, counter.event.id)
    assert (message.ordinals, message.amounts, message.currency) == ((0, 1), (PRICE, PRICE), "KRW")
    assert (message.method, message.payment_token, message.placed_at) == ("card", "tok_ok", counter.clock.now_ms())


async def test_a_repeat_is_the_same_order_and_the_worker_can_tell(counter: Counter) -> None:
    token = await counter.hold("A-1-1")
    made = await asyncio.gather(*(counter.order(token) for _ in range(10)))
    assert len(set(made)) == 1
    assert {message.order_id for message in await counter.queued()} == set(made)


@pytest.mark.parametrize("in_the_books", [False, True])
async def test_the_same_key_with_another_content_is_refused(counter: Counter, in_the_books: bool) -> None:
    first, second = await counter.hold("A-1-1"), await counter.hold("A-1-2")
    await counter.order(first)
    placed = await counter.queued()
    assert len(placed) == 1
    if in_the_books:
        await counter.fulfilment.fulfil(placed)
    for refused in (await counter.refusal(first, card="tok_declined"), await counter.refusal(second)):
        assert (refused.status, refused.code) == (422, "idempotency_key_reused")
    assert await counter.queued() == []
    await counter.order(second, OTHER_KEY)


@pytest.fixture
def placings(monkeypatch: pytest.MonkeyPatch) -> list[Placing]:
    """What each request says of itself to its span."""
    said: list[Placing] = []

    @contextlib.contextmanager
    def begins(_: str, __: str) -> Iterator[Placing]:
        said.append(Placing())
        yield said[-1]

    monkeypatch.setattr(intake_module, "order_begins", begins)
    return said


async def test_only_the_request_that_binds_an_order_begins_its_trace(counter: Counter, placings: list[Placing]) -> None:
    token = await counter.hold("A-1-1")
    await counter.order(token)
    await counter.order(token)
    await counter.refusal(token, card="tok_other")
    await counter.refusal(token, OTHER_KEY)
    assert [placing.first for placing in placings] == [True, False, False, False]


async def test_a_request_that_binds_an_order_and_fails_has_begun_its_trace(
    counter: Counter, placings: list[Placing]
) -> None:
    token = await counter.hold("A-1-1")
    counter.queue_server.kill()
    assert (await counter.refusal(token)).status == 503
    counter.queue_server.start()
    await counter.order(token)
    assert [placing.first for placing in placings] == [True, False]


async def test_without_valkey_no_request_is_known_to_be_the_first(counter: Counter, placings: list[Placing]) -> None:
    token = await counter.hold("A-1-1")
    counter.cache_server.kill()
    await counter.order(token)
    await counter.order(token)
    assert [placing.first for placing in placings] == [False, False]


async def test_one_hold_makes_one_order(counter: Counter) -> None:
    token = await counter.hold("A-1-1")
    order_id = await counter.order(token)
    refused = await counter.refusal(token, OTHER_KEY)
    assert (refused.status, refused.code, refused.extra) == (409, "hold_already_ordered", {"order_id": order_id})


async def test_one_key_for_two_events_is_two_orders_and_neither_is_lost(
    counter: Counter, db: Database, clock: ManualClock
) -> None:
    here = await counter.hold("A-1-1")
    other = await a_show(db, clock)
    clock.advance(2)
    there = (await counter.holds.hold_seats(other.id, ALICE, ["A-1-1"])).token
    made = [await counter.order(here), await counter.order(there)]
    assert len(set(made)) == 2
    assert {message.event_id for message in await counter.queued()} == {counter.event.id, other.id}


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("", "idempotency_key_missing"),
        ("short", "invalid_request"),
        ("x" * 201, "invalid_request"),
        ("key\x00-0000", "invalid_request"),
        ("key-0000\n", "invalid_request"),
        ("키키키키키키키키", "invalid_request"),
        ("\xe9" * 10, "invalid_request"),
    ],
)
async def test_keys_that_cannot_serve(counter: Counter, key: str, code: str) -> None:
    token = await counter.hold("A-1-1")
    refused = await counter.refusal(token, key)
    assert (refused.status, refused.code) == (400, code)
    assert await counter.queued() == []
    await counter.order(token, "x" * 8)
    await counter.order(await counter.hold("A-1-2"), "y" * 200)


async def test_tokens_that_are_not_ours_to_take(counter: Counter) -> None:
    token = await counter.hold("A-1-1")
    payload = counter.signer.verify("hold", token)
    stranger = Signer({"k1": bytes(32)}, "k1")
    forged = [
        "",
        "x",
        token[:-1],
        token + "A",
        token[:-2] + ("BA" if token.endswith("AA") else "AA"),
        stranger.sign("hold", payload),
        counter.signer.sign("session", payload),
        counter.signer.sign("hold", b"[1,2]"),
    ]
    for bad in forged:
        refused = await counter.refusal(bad)
        assert (refused.status, refused.code) == (422, "invalid_hold"), bad
    assert (await counter.refusal(token, account=BOB)).code == "forbidden"
    assert await counter.queued() == []
    await counter.order(token)


async def test_a_hold_is_over_when_it_says_so(counter: Counter) -> None:
    token = await counter.hold("A-1-1")
    counter.clock.advance(419.999)
    early = await counter.hold("A-1-2")
    await counter.order(token)
    counter.clock.advance(420)
    assert (await counter.refusal(early, OTHER_KEY)).code == "hold_expired"


async def test_a_repeat_after_the_hold_would_have_expired_is_still_the_same_order(counter: Counter) -> None:
    token = await counter.hold("A-1-1")
    order_id = await counter.order(token)
    counter.clock.advance(421)
    assert await counter.order(token) == order_id


async def test_a_released_hold_buys_nothing(counter: Counter) -> None:
    token = await counter.hold("A-1-1")
    await counter.holds.release(ALICE, read_hold(counter.signer, token).hold_id)
    assert (await counter.refusal(token)).code == "hold_expired"
    assert await counter.queued() == []


async def test_with_the_queue_away_503_and_then_the_same_key_succeeds(counter: Counter) -> None:
    token = await counter.hold("A-1-1")
    counter.queue_server.kill()
    refused = await counter.refusal(token)
    assert (refused.status, refused.code) == (503, "unavailable")
    assert refused.extra["retry_after"] >= 1
    other = await counter.refusal(token, OTHER_KEY)
    assert other.code == "hold_already_ordered", "the seats stay bound to the first key: no second order beside it"
    counter.queue_server.start()
    order_id = await counter.order(token)
    assert order_id == other.extra["order_id"]
    assert {message.order_id for message in await counter.queued()} == {order_id}


def placed_topic(counter: Counter, db: Database) -> Topic:
    return Topic("placed", db, counter.clock, leased=FulfilSpare(db, counter.fulfilment))


async def test_with_the_queue_away_an_order_is_written_down_and_fulfilled(counter: Counter, db: Database) -> None:
    token = await counter.hold("A-1-1")
    counter.queue_server.kill()
    order_id = await counter.sparing.place(ALICE, token, "card", "tok_ok", KEY)
    assert await counter.sparing.place(ALICE, token, "card", "tok_ok", KEY) == order_id
    counter.queue_server.start()
    assert await counter.queued() == []
    topic = placed_topic(counter, db)
    assert await topic.run_once() == 2
    assert await topic.run_once() == 0
    async with db.read() as conn:
        (order,) = (await orders_sql.find_orders(conn, [order_id])).values()
    assert order.state is OrderState.RESERVED


async def test_an_order_that_the_queue_took_after_all_is_there_once(counter: Counter, db: Database) -> None:
    token = await counter.hold("A-1-1")
    order_id = await counter.order(token)
    (message,) = await counter.queued()
    await SpareIntake(db, counter.clock)(messages.encode(message))
    await counter.fulfilment.fulfil([message])
    assert await placed_topic(counter, db).run_once() == 1
    rows = await db.fetch(text("SELECT id, state FROM orders"))
    assert [tuple(row) for row in rows] == [(order_id, "reserved")]


async def test_a_silent_queue_is_not_waited_for(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silence(_: object) -> None:
        await asyncio.sleep(60)

    token = await counter.hold("A-1-1")
    monkeypatch.setattr(counter.queue, "send", silence)
    began = time.monotonic()
    await counter.sparing.place(ALICE, token, "card", "tok_ok", KEY)
    assert time.monotonic() - began < QUEUE_SECONDS + 2


async def test_with_queue_and_database_away_nothing_is_promised(counter: Counter) -> None:
    async def away(_: bytes) -> None:
        raise DatabaseAway("away")

    token = await counter.hold("A-1-1")
    counter.queue_server.kill()
    counter.intake._spare = away
    refused = await counter.refusal(token)
    assert (refused.status, refused.code) == (503, "unavailable")
    counter.queue_server.start()


async def test_a_database_that_hangs_is_not_waited_for_and_the_same_key_succeeds_later(
    counter: Counter, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody's transaction keeps the file: writers would wait for half a minute, and their buyers with them."""
    monkeypatch.setattr(intake_module, "SPARE_SECONDS", 0.2)
    token = await counter.hold("A-1-1")
    counter.queue_server.kill()
    async with db.write():
        with pytest.raises(Problem) as refused:
            # Many times what it may take, a fraction of what the database would.
            async with asyncio.timeout(5):
                await counter.sparing.place(ALICE, token, "card", "tok_ok", KEY)
    assert (refused.value.status, refused.value.code) == (503, "unavailable")
    assert refused.value.extra["retry_after"] >= 1
    order_id = await counter.sparing.place(ALICE, token, "card", "tok_ok", KEY)
    counter.queue_server.start()
    assert await placed_topic(counter, db).run_once() == 1, "what was refused has left nothing behind"
    async with db.read() as conn:
        assert list(await orders_sql.find_orders(conn, [order_id])) == [order_id]


async def test_one_written_order_that_cannot_be_fulfilled_stops_no_other(counter: Counter, db: Database) -> None:
    await SpareIntake(db, counter.clock)(b"not an order")
    token = await counter.hold("A-1-1")
    counter.queue_server.kill()
    order_id = await counter.sparing.place(ALICE, token, "card", "tok_ok", KEY)
    counter.queue_server.start()
    await placed_topic(counter, db).run_once()
    async with db.read() as conn:
        assert order_id in await orders_sql.find_orders(conn, [order_id])
    rows = await db.fetch(text("SELECT attempts, dead FROM outbox WHERE topic = 'placed'"))
    assert [tuple(row) for row in rows] == [(1, 0)]


async def test_with_valkey_away_a_genuine_hold_is_ordered_and_the_database_judges(counter: Counter) -> None:
    token, old = await counter.hold("A-1-1"), await counter.hold("A-1-2")
    counter.cache_server.kill()
    try:
        order_id = await counter.order(token)
        assert await counter.order(token) == order_id
        assert (await counter.refusal("v1.k1.x.y", OTHER_KEY)).code == "invalid_hold"
        counter.clock.advance(421)
        assert (await counter.refusal(old, OTHER_KEY)).code == "hold_expired"
    finally:
        counter.cache_server.start()
    assert {message.order_id for message in await counter.queued()} == {order_id}


async def test_a_hold_that_an_emptied_valkey_forgot_is_taken_again(counter: Counter) -> None:
    token = await counter.hold("A-1-1")
    counter.cache_server.kill()
    for file in counter.cache_server.folder.glob("appendonlydir/*"):
        file.unlink()
    counter.cache_server.start()
    order_id = await counter.order(token)
    (message,) = await counter.queued()
    assert message.order_id == order_id


async def test_a_retry_that_valkey_forgot_is_found_in_the_books_and_another_content_too(counter: Counter) -> None:
    first, second = await counter.hold("A-1-1"), await counter.hold("A-1-2")
    order_id = await counter.order(first)
    await counter.fulfilment.fulfil(await counter.queued())
    counter.clock.advance(421)
    counter.cache_server.kill()
    for file in counter.cache_server.folder.glob("appendonlydir/*"):
        file.unlink()
    counter.cache_server.start()
    assert await counter.order(first) == order_id
    for refused in (await counter.refusal(first, card="tok_declined"), await counter.refusal(second)):
        assert (refused.status, refused.code) == (422, "idempotency_key_reused")
    assert (await counter.refusal(second, OTHER_KEY)).code == "hold_expired"


async def test_price_and_seats_are_those_of_the_token_and_not_to_be_chosen(counter: Counter) -> None:
    claims = read_hold(counter.signer, await counter.hold("A-1-1"))
    cheaper = msgspec.structs.replace(claims, amounts=(1,))
    token = sign_hold(Signer({"k1": bytes(32)}, "k1"), cheaper)
    assert (await counter.refusal(token)).code == "invalid_hold"


async def test_with_valkey_full_a_genuine_hold_is_ordered_and_the_same_key_is_the_same_order(counter: Counter) -> None:
    token, other = await counter.hold("A-1-1"), await counter.hold("A-1-2")
    cache = Valkey(counter.cache_server.url)
    await cache.execute("CONFIG", "SET", "maxmemory", "1")
    try:
        order_id = await counter.order(token)
        assert await counter.order(token) == order_id
        assert (await counter.refusal("v1.k1.x.y", OTHER_KEY)).code == "invalid_hold"
    finally:
        await cache.execute("CONFIG", "SET", "maxmemory", "0")
        await cache.close()
    assert {message.order_id for message in await counter.queued()} == {order_id}
    assert await counter.order(token) == order_id
    assert await counter.order(other, OTHER_KEY) != order_id
