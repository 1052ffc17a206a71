"""Buyers who arrive one after the other, as pages behave: wait in line, look, hold, order, follow, all recorded.

They come at a fixed pace whatever happens to those before them. What fails is asked again after the time that the
answer names (a second if it names none), orders with the same key, until it is known what became of it.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.drills.checker import FINAL
from tests.drills.line_checker import Told
from tests.drills.sale import SEATS, SECTIONS, Sale
from tests.people import Person

RIVALS = 3
"""So many who come one after the other want the same seat; every other such group wants none by name."""
_UNPAID = frozenset({"placed", "reserved"})

Ask = Callable[[], Awaitable[httpx.Response]]


@dataclass
class Shoppers:
    """The people of one drill."""

    sale: Sale
    pace: float
    """Arrivals per second."""
    line: bool = False
    patience: float = 120.0
    told: list[Told] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    still_inside: dict[str, float] = field(default_factory=dict)
    """Account → the last moment (monotonic, seconds) of which is known that its visit had not ended."""
    rng: random.Random = field(default_factory=lambda: random.Random(7))

    async def all(self) -> None:
        """Everybody comes, and leaves with an answer. Raises TimeoutError when somebody gets none in time."""
        async with asyncio.TaskGroup() as group:
            for number, person in enumerate(self.sale.crowd.people):
                group.create_task(self._one(person, number))

    def testimony(self) -> list[Told]:
        """All that they were told in line. They leave by paying: the last moment before is put down as "leave"."""
        return self.told + [Told(at, at, account, "leave", None) for account, at in self.still_inside.items()]

    async def _one(self, person: Person, number: int) -> None:
        await asyncio.sleep(number / self.pace)
        cancels = number % 10 == 9
        async with asyncio.timeout(self.patience):
            if self.line:
                await self._wait_in_line(person)
            hold = await self._choose(person, number)
            if hold is None:
                self.ends.append("nothing to hold")
                return
            order_id = await self._order(person, hold)
            if order_id is None:
                self.ends.append("refused at the desk")
                return
            end = await self._follow(person, order_id)
            if cancels and end == "ticketed":
                await self._patiently(lambda: person.post(f"/api/orders/{order_id}/cancel"))
                end = await self._follow(person, order_id, frozenset({"refunded"}))
            self.ends.append(end)

    async def _wait_in_line(self, person: Person) -> None:
        event_id, me = self.sale.event_id, person.account_id
        joined = await self._told("join", me, lambda: person.join(event_id))
        ticket = joined["ticket"]
        if self.rng.random() < 0.3:  # a second tab, which knows the ticket from the first
            await self._told("join", me, lambda: person.join(event_id, ticket=ticket))
        while True:
            sent = time.monotonic()
            answer = await self._patiently(lambda: person.claim(event_id, ticket=ticket))
            self.told.append(Told(sent, time.monotonic(), me, "claim", answer.status_code, answer.json()))
            if answer.status_code == 200:
                return
            assert answer.status_code == 409, answer.text
            await asyncio.sleep(self.rng.uniform(0.8, 1.2))

    async def _told(self, kind: str, account: str, ask: Ask) -> dict[str, Any]:
        sent = time.monotonic()
        answer = await self._patiently(ask)
        body: dict[str, Any] = answer.json()
        assert answer.status_code == 200, answer.text
        self.told.append(Told(sent, time.monotonic(), account, kind, answer.status_code, body))
        return body

    async def _choose(self, person: Person, number: int) -> Any:
        event = f"/api/events/{self.sale.event_id}"
        for path in (event, f"{event}/availability"):
            await self._patiently(lambda path=path: person.get(path))  # type: ignore[misc]
        if number // RIVALS % 2 == 0:
            wanted = SEATS[-1 - number // RIVALS]
            answer = await self._patiently(lambda: person.hold(self.sale.event_id, wanted))
            if answer.status_code == 201:
                return await self._ponder(answer)
            assert answer.json().get("code") == "seats_taken", answer.text
        sections = self.rng.sample(SECTIONS, len(SECTIONS))
        quantity = self.rng.randint(1, 2)
        for section in sections:
            answer = await self._patiently(
                lambda section=section: person.hold_best(self.sale.event_id, section, quantity)  # type: ignore[misc]
            )
            if answer.status_code == 201:
                return await self._ponder(answer)
            assert answer.json().get("code") == "no_seats_left", answer.text
        return None

    async def _ponder(self, hold: httpx.Response) -> Any:
        await asyncio.sleep(self.rng.uniform(0.2, 1.0))
        return hold.json()

    async def _order(self, person: Person, hold: Any) -> str | None:
        key = str(uuid.uuid4())
        self.still_inside[person.account_id] = time.monotonic()
        answer = await self._patiently(lambda: person.order(hold["token"], "tok_ok", key))
        if answer.status_code != 202:
            assert answer.status_code == 409, answer.text
            return None
        order_id = str(answer.json()["order_id"])
        self.sale.orders[order_id] = person
        return order_id

    async def _follow(self, person: Person, order_id: str, until: frozenset[str] = FINAL) -> str:
        while True:
            asked = time.monotonic()
            answer = await self._patiently(lambda: person.get(f"/api/orders/{order_id}"))
            status = str(answer.json()["status"]) if answer.status_code == 200 else ""
            if status in until:
                return status
            if status in _UNPAID:
                self.still_inside[person.account_id] = asked
            await asyncio.sleep(self.rng.uniform(0.8, 1.2))

    async def _patiently(self, ask: Ask) -> httpx.Response:
        while True:
            pause = 1.0
            try:
                answer = await ask()
            except httpx.TransportError:
                pass
            else:
                if answer.status_code < 500 and answer.status_code != 429:
                    return answer
                told = answer.headers.get("retry-after", "1")
                pause = min(10.0, float(told) if told.isdigit() else 1.0)
            await asyncio.sleep(pause * self.rng.uniform(1.0, 1.3))
