"""Fans who buy while somebody watches: they sign up, look, hold, hesitate, pay, lose seats, give up, come back."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

_FINAL = {"ticketed", "refused", "declined", "expired", "cancelled", "refunded"}
_CARDS = ("tok_ok",) * 17 + ("tok_declined", "tok_slow", "tok_pending_callback")


@dataclass
class Tally:
    """What the fans have come to so far: outcome → fans. `busy` are still at it."""

    busy: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    def line(self) -> str:
        """One line for a terminal."""
        done = ", ".join(f"{name} {count}" for name, count in sorted(self.outcomes.items()))
        return f"fans at it: {self.busy}  {done}"


class Crowd:
    """A number of fans for the events on sale.

    Args:
        url: address of the site.
        fans: how many.
        seconds: over which they arrive.
        tell: called with a line of progress now and then.
    """

    def __init__(self, url: str, fans: int, *, seconds: float = 30.0, tell: Callable[[str], None]) -> None:
        self._url = url
        self._fans = fans
        self._seconds = seconds
        self._tell = tell
        self._random = random.Random()  # noqa: S311 - plays people, guards nothing
        self.tally = Tally()

    async def run(self, stop: asyncio.Event) -> Tally:
        """Send them; ends when all are done or `stop` is set. An answer that was not expected counts as `error`."""
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(base_url=self._url, timeout=30, limits=limits) as client:
            listed = (await client.get("/api/events")).json()["events"]
            on_sale = [event["id"] for event in listed if event["status"] == "on_sale"]
            if not on_sale:
                self._tell("no event is on sale: the fans stay at home")
                return self.tally
            details = [(await client.get(f"/api/events/{event_id}")).json() for event_id in on_sale]
            people = [asyncio.create_task(self._fan(client, details)) for _ in range(self._fans)]
            progress = asyncio.create_task(self._progress())
            stopped = asyncio.create_task(stop.wait())
            everyone = asyncio.gather(*people, return_exceptions=True)
            either: set[asyncio.Future[Any]] = {stopped, everyone}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            for task in (*people, progress, stopped):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await everyone
        self._tell(self.tally.line())
        return self.tally

    async def _progress(self) -> None:
        while True:
            await asyncio.sleep(2.0)
            self._tell(self.tally.line())

    async def _fan(self, client: httpx.AsyncClient, details: list[dict[str, Any]]) -> None:
        await asyncio.sleep(self._random.uniform(0, self._seconds))
        self.tally.busy += 1
        try:
            outcome = await self._visit(client, self._random.choice(details))
        except (httpx.HTTPError, KeyError, ValueError):
            outcome = "error"
        finally:
            self.tally.busy -= 1
        self.tally.outcomes[outcome] += 1

    async def _visit(self, client: httpx.AsyncClient, event: dict[str, Any]) -> str:
        headers = await self._sign_up(client)
        path = f"/api/events/{event['id']}"
        for _ in range(4):
            availability = (await client.get(f"{path}/availability")).json()
            free = [name for name, section in availability["sections"].items() if section["free"]]
            if not free:
                return "sold out"
            await self._hesitate(3)
            wanted = {"section": self._random.choice(free), "quantity": self._random.choice((1, 2, 2, 2, 3, 4))}
            hold = await client.post(f"{path}/holds", json=wanted, headers=headers)
            if hold.status_code == 409:
                continue
            hold.raise_for_status()
            await self._hesitate(4)
            if self._random.random() < 0.1:
                await client.delete(f"/api/holds/{hold.json()['hold_id']}", headers=headers)
                return "changed their mind"
            return await self._pay(client, headers, hold.json()["token"])
        return "gave up"

    async def _sign_up(self, client: httpx.AsyncClient) -> dict[str, str]:
        account = {"email": f"fan-{uuid.uuid4().hex[:12]}@example.com", "password": secrets.token_hex(8)}
        (await client.post("/api/accounts", json=account | {"name": "Simulated fan"})).raise_for_status()
        signed_in = await client.post("/api/sessions", json=account)
        client.cookies.clear()  # the fans share connections, not sessions
        signed_in.raise_for_status()
        return {"Authorization": f"Bearer {signed_in.json()['token']}"}

    async def _pay(self, client: httpx.AsyncClient, headers: dict[str, str], hold_token: str) -> str:
        body = {"hold_token": hold_token, "payment": {"method": "card", "token": self._random.choice(_CARDS)}}
        key = {"Idempotency-Key": str(uuid.uuid4())}
        for _ in range(5):
            order = await client.post("/api/orders", json=body, headers=headers | key)
            if order.status_code != 503:
                break
            await asyncio.sleep(1.0)
        order.raise_for_status()
        for _ in range(120):
            status = (await client.get(order.json()["status_url"], headers=headers)).json()["status"]
            if status in _FINAL:
                return str(status)
            await asyncio.sleep(0.5)
        return "still waiting"

    async def _hesitate(self, seconds: float) -> None:
        await asyncio.sleep(self._random.uniform(0.2, seconds))
