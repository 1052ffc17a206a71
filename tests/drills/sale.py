"""Buyers in a drill: stubborn ones. They repeat what failed, with the same Idempotency-Key, until they know."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.drills.books import Provider, read_database
from tests.drills.checker import FINAL, Evidence, Verdict, check
from tests.drills.history import History, Recorder
from tests.drills.site import NothingHappened, Site
from tests.people import Person
from ticketing.accounts.model import Account, Role
from ticketing.accounts.sessions import Sessions
from ticketing.accounts.sql import insert_account
from ticketing.base import ids
from ticketing.base.clock import SystemClock
from ticketing.base.tokens import Signer
from ticketing.catalog.index import PlanIndex
from ticketing.catalog.theatre import theatre

CAP = 4
BUYERS = 50
_PATIENCE = 90.0
_PLAN = PlanIndex(theatre())
SECTIONS = tuple(section.id for section in _PLAN.sections)
SEATS = tuple(_PLAN.seat_ids)


@dataclass
class Crowd:
    """Signed-in fans who share a recorded client."""

    recorder: Recorder
    client: httpx.AsyncClient
    people: list[Person]


@contextlib.asynccontextmanager
async def crowd_at(site: Site, size: int = BUYERS, *, own_lines: bool = False) -> AsyncIterator[Crowd]:
    """Fans with sessions. They are put into the database: hashing their passwords is not what drills are about."""
    recorder, clock = Recorder(own_lines=own_lines), SystemClock()
    keys = site.settings.signing_keys
    async with site.database() as db, site.valkey() as valkey:
        sessions = Sessions(db, valkey, Signer(keys, next(iter(keys))), clock)
        async with httpx.AsyncClient(base_url=site.url, transport=recorder, timeout=30) as client:
            accounts = [
                Account(ids.new_id("acc"), f"fan-{uuid.uuid4().hex}@example.com", f"Fan {number}", Role.FAN)
                for number in range(size)
            ]
            async with db.write() as conn:
                for account in accounts:
                    await insert_account(conn, account, "no password", clock.now_ms())
            people = []
            for account in accounts:
                token, _ = await sessions.start(account)
                recorder.accounts[token] = account.account_id
                people.append(Person(client, account.email, token, account.account_id))
            yield Crowd(recorder, client, people)


@dataclass
class Sale:
    """One event on sale at a site, its crowd, and the record of what happens."""

    site: Site
    crowd: Crowd
    event_id: str
    provider: Provider
    cursor: str
    history: History
    orders: dict[str, Person] = field(default_factory=dict)
    rng: random.Random = field(default_factory=lambda: random.Random(20))

    async def hold(self, person: Person, quantity: int = 2) -> Any:
        """Hold some seats wherever there are any; gives the answer's body."""
        sections = list(SECTIONS)
        self.rng.shuffle(sections)
        for section in sections:
            answer = await stubborn(functools.partial(person.hold_best, self.event_id, section, quantity))
            if answer.status_code == 201:
                return answer.json()
            assert answer.json()["code"] == "no_seats_left", answer.text
        raise AssertionError("the house is full: the drill has more buyers than seats")

    async def place(self, person: Person, hold: Any, card: str = "tok_ok") -> str | None:
        """Order what is held, with one key until it is known what became of it; None when it was refused."""
        key = str(uuid.uuid4())
        answer = await stubborn(lambda: person.order(hold["token"], card, key))
        if answer.status_code != 202:
            assert answer.status_code == 409, answer.text
            return None
        order_id = str(answer.json()["order_id"])
        self.orders[order_id] = person
        return order_id

    async def buy(self, person: Person, card: str = "tok_ok", quantity: int = 2) -> str | None:
        """Hold and order."""
        return await self.place(person, await self.hold(person, quantity), card)

    async def buy_and_cancel(self, person: Person, card: str = "tok_ok") -> None:
        """Hold, order, wait for the tickets, cancel."""
        order_id = await self.buy(person, card)
        if order_id is not None and await self.follow(order_id) == "ticketed":
            answer = await stubborn(lambda: person.post(f"/api/orders/{order_id}/cancel"))
            assert answer.status_code == 202, answer.text

    async def follow(self, order_id: str, timeout: float = _PATIENCE) -> str:
        """The final state of an order, asked for as a patient page would."""
        deadline = time.monotonic() + timeout
        while True:
            answer = await stubborn(lambda: self.orders[order_id].get(f"/api/orders/{order_id}"))
            status = str(answer.json()["status"])
            if status in FINAL or time.monotonic() > deadline:
                return status
            await asyncio.sleep(0.3)

    async def accepted(self, count: int, timeout: float = 30.0) -> None:
        """Wait until so many orders have been accepted."""
        deadline = time.monotonic() + timeout
        while len(self.orders) < count:
            assert time.monotonic() < deadline, f"only {len(self.orders)} of {count} orders were accepted"
            await asyncio.sleep(0.02)

    async def settle(self, *, timeout: float = 60.0, may_hang_up: bool = False) -> Verdict:
        """Wait for rest, let every buyer look once more, and judge."""
        await self.site.rest(self.event_id, timeout)
        for order_id, person in self.orders.items():
            await stubborn(functools.partial(person.get, f"/api/orders/{order_id}"))
        database = await read_database(self.site.environ["TICKETING_DATABASE_URL"], self.event_id)
        statement = await self.provider.statement(self.cursor)
        return check(Evidence(self.history, database, statement, CAP, self.site.dead_letters(), may_hang_up))

    async def end_well(self, *, timeout: float = 60.0, may_hang_up: bool = False) -> Verdict:
        """`settle`, and no breach, neither for the checker nor for the platform's own fsck."""
        verdict = await self.settle(timeout=timeout, may_hang_up=may_hang_up)
        assert verdict.clean, verdict
        await self.site.fsck(self.event_id)
        return verdict


@contextlib.asynccontextmanager
async def sale_at(site: Site, crowd: Crowd) -> AsyncIterator[Sale]:
    """A new event on sale; what was recorded before is put aside."""
    event = await site.add_event_async(max_per_person=CAP)
    provider = site.provider_books()
    history = crowd.recorder.history = History()
    try:
        lines = await provider.statement()
        yield Sale(site, crowd, event.id, provider, str(lines[-1]["seq"]) if lines else "0", history)
    finally:
        with contextlib.suppress(httpx.TransportError):
            await provider.misbehave("none")
        await provider.aclose()


async def stubborn(ask: Callable[[], Awaitable[httpx.Response]], patience: float = _PATIENCE) -> httpx.Response:
    """Ask until there is an answer other than "not now" (503, 429) or none at all."""
    deadline = time.monotonic() + patience
    while True:
        try:
            answer = await ask()
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
        else:
            if answer.status_code not in (429, 503) or time.monotonic() > deadline:
                return answer
        await asyncio.sleep(0.3)


async def crowd_in(
    sale: Sale, cards: Sequence[str], *, at_once: int = 30, over: float = 4.0, cancel_every: int = 0
) -> None:
    """One order per card: some at once, the others spread over seconds. Every n-th is cancelled when it has tickets."""

    async def one(number: int, card: str) -> None:
        await asyncio.sleep(over * max(0, number - at_once) / len(cards))
        person = sale.crowd.people[number % len(sale.crowd.people)]
        if cancel_every and number % cancel_every == 0:
            await sale.buy_and_cancel(person, card)
        else:
            await sale.buy(person, card)

    async with asyncio.TaskGroup() as group:
        for number, card in enumerate(cards):
            group.create_task(one(number, card))


def require_contention(history: History, verdict: Verdict) -> int:
    """How often somebody lost a seat to another, before or after ordering. Raises NothingHappened for never."""
    told = [code for _, code in history.codes("POST", "/holds") + history.codes("POST", "/api/orders")]
    lost = told.count("seats_taken") + verdict.facts["refused"]
    if not lost:
        raise NothingHappened("no two buyers wanted the same seat")
    return lost
