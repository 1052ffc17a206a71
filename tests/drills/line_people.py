"""People in a waiting line, as their pages behave: they join, look at the status, claim when it is their turn."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.drills.line_checker import Told
from tests.drills.sale import crowd_at
from tests.drills.site import Site
from tests.people import Person


@dataclass
class Sale:
    """One event with a line, and everything that its people were told."""

    site: Site
    client: httpx.AsyncClient
    people: list[Person]
    event_id: str
    told: list[Told] = field(default_factory=list)
    serving: int = 0
    phase: str = "lobby"
    rng: random.Random = field(default_factory=lambda: random.Random(11))

    def inside(self) -> int:
        """How many different people got in so far."""
        return len({t.account for t in self.told if t.inside})

    def last_told(self) -> str:
        """What everybody was told last, and how often: why a sale came to no end."""
        last = {t.account: (t.kind, t.status, t.body.get("code")) for t in self.told}
        return f"{self.inside()} got in; {self.phase}, {self.serving} served; last told: {Counter(last.values())}"

    async def ask(self, kind: str, account: str, ask: Callable[[], Awaitable[httpx.Response]]) -> Told:
        """Ask once, and write down what came of it."""
        sent = time.monotonic()
        try:
            answer = await ask()
            body = answer.json() if answer.content else {}
            told = Told(sent, time.monotonic(), account, kind, answer.status_code, body)
        except (httpx.TransportError, ValueError):
            told = Told(sent, time.monotonic(), account, kind, None)
        self.told.append(told)
        return told

    async def watch(self) -> None:
        """The public status, twice a second, for everybody."""
        while True:
            told = await self.ask("status", "", lambda: self.client.get(f"/api/events/{self.event_id}/queue"))
            if told.status == 200:
                self.serving, self.phase = max(self.serving, told.body["serving"]), told.body["phase"]
            await asyncio.sleep(0.5)

    async def visit(self, person: Person, delay: float, stay: float) -> None:
        """Join, wait, claim until in, stay with a sign of life each second, leave."""
        me = person.account_id
        await asyncio.sleep(delay)
        ticket = await self._join(person)
        while self.phase != "open":
            await asyncio.sleep(0.2)
        place = await self._until(lambda: self.ask("me", me, lambda: person.get(f"{self.path}/me")))
        # A tab that sleeps comes late, and is not punished for it.
        await asyncio.sleep(self.rng.uniform(0, 0.5) if self.rng.random() < 0.9 else 5.0)
        position = int(place.body.get("position") or 0) if place.status == 200 else 0
        while self.serving < position:
            await asyncio.sleep(0.2)
        while not (await self._claim(person, ticket)).inside:
            await asyncio.sleep(self.rng.uniform(1.5, 2.5))
        over = time.monotonic() + stay
        while time.monotonic() < over:
            await asyncio.sleep(min(1.0, max(0.01, over - time.monotonic())))
            if time.monotonic() < over:
                await self._claim(person, ticket)
        await self._until(lambda: self.ask("leave", me, lambda: person.delete(self.path)), (204,))

    @property
    def path(self) -> str:
        """Of the line."""
        return f"/api/events/{self.event_id}/queue"

    async def _join(self, person: Person) -> str:
        told = await self._until(lambda: self.ask("join", person.account_id, lambda: person.join(self.event_id)))
        return str(told.body["ticket"])

    async def _claim(self, person: Person, ticket: str) -> Told:
        return await self.ask("claim", person.account_id, lambda: person.claim(self.event_id, ticket=ticket))

    async def _until(self, ask: Callable[[], Awaitable[Told]], wanted: tuple[int, ...] = (200, 404)) -> Told:
        while (told := await ask()).status not in wanted:
            await asyncio.sleep(0.5)
        return told


@contextlib.asynccontextmanager
async def line_at(site: Site, size: int, opens_in: float) -> AsyncIterator[Sale]:
    """A new event whose line opens soon, and people with sessions."""
    async with crowd_at(site, size) as crowd:
        event = await site.add_event_async(waiting_room=True, opens_in_ms=int(opens_in * 1000))
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(base_url=site.url, timeout=15, limits=limits) as client:
            people = [Person(client, p.email, p.token, p.account_id) for p in crowd.people]
            yield Sale(site, client, people, event.id)


async def hold_sale(
    sale: Sale, accident: Callable[[Sale], Awaitable[Any]], *, after: int, patience: float
) -> tuple[float, float]:
    """Everybody comes; the accident happens when `after` people have been inside. Gives when it began and ended."""
    watching = asyncio.create_task(sale.watch())
    visits = [
        asyncio.create_task(sale.visit(person, 3.0 * number / len(sale.people), sale.rng.uniform(0.5, 3.0)))
        for number, person in enumerate(sale.people)
    ]
    try:
        async with asyncio.timeout(patience):
            while sale.inside() < after:
                await asyncio.sleep(0.1)
            began = time.monotonic()
            await accident(sale)
            ended = time.monotonic()
            await asyncio.gather(*visits)
    except TimeoutError:
        ended = began = 0.0
    finally:
        for task in (watching, *visits):
            task.cancel()
        await asyncio.gather(watching, *visits, return_exceptions=True)
    return began, ended
