"""The cast of the tests: fans and staff who speak HTTP, as a browser or an app would.

Alice buys, Bob wants the same seats, Charlie is a stranger.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.stack import PASSWORD

FINAL = {"ticketed", "refused", "declined", "expired", "cancelled", "refunded"}


@dataclass
class Person:
    """A signed-in account. `client` is shared by all people of a test."""

    client: httpx.AsyncClient
    email: str
    token: str = field(repr=False)
    account_id: str
    passes: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} | self.passes

    async def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return await self.client.get(path, headers=self.headers, **kwargs)

    async def post(self, path: str, json: Any = None, headers: dict[str, str] | None = None) -> httpx.Response:
        return await self.client.post(path, json=json, headers=self.headers | (headers or {}))

    async def delete(self, path: str) -> httpx.Response:
        return await self.client.delete(path, headers=self.headers)

    async def join(self, event_id: str, **body: Any) -> httpx.Response:
        return await self.post(f"/api/events/{event_id}/queue", body)

    async def claim(self, event_id: str, **body: Any) -> httpx.Response:
        """Claim; a pass that is given goes along with every further request."""
        answer = await self.post(f"/api/events/{event_id}/admission", body)
        if answer.status_code == 200:
            self.passes["X-Queue-Pass"] = answer.json()["pass"]
        return answer

    async def hold(self, event_id: str, *seats: str) -> httpx.Response:
        return await self.post(f"/api/events/{event_id}/holds", {"seats": list(seats)})

    async def hold_best(self, event_id: str, section: str, quantity: int) -> httpx.Response:
        return await self.post(f"/api/events/{event_id}/holds", {"section": section, "quantity": quantity})

    async def order(self, hold_token: str, card: str = "tok_ok", key: str | None = None) -> httpx.Response:
        return await self.post(
            "/api/orders",
            {"hold_token": hold_token, "payment": {"method": "card", "token": card}},
            {"Idempotency-Key": key or str(uuid.uuid4())},
        )

    async def follow(self, order_id: str, timeout: float = 30.0, until: set[str] = FINAL) -> dict[str, Any]:
        """The order once it is final; fails with its last state otherwise."""
        deadline = time.monotonic() + timeout
        last: Any = None
        while time.monotonic() < deadline:
            answer = await self.get(f"/api/orders/{order_id}")
            last = answer.json()
            if answer.status_code == 200 and last["status"] in until:
                return dict(last)
            await asyncio.sleep(0.05)
        raise AssertionError(f"order {order_id} is not final after {timeout} s: {last}")

    async def buy(self, event_id: str, *seats: str, card: str = "tok_ok", timeout: float = 30.0) -> dict[str, Any]:
        """Hold, order, follow."""
        hold = await self.hold(event_id, *seats)
        assert hold.status_code == 201, hold.text
        order = await self.order(hold.json()["token"], card)
        assert order.status_code == 202, order.text
        return await self.follow(order.json()["order_id"], timeout)


async def sign_in(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> Person:
    """Sign in an account that exists."""
    answer = await client.post("/api/sessions", json={"email": email, "password": password})
    assert answer.status_code == 201, answer.text
    client.cookies.clear()  # people share the client: each speaks by token
    body = answer.json()
    return Person(client, email, body["token"], body["account"]["account_id"])


async def sign_up(client: httpx.AsyncClient, name: str) -> Person:
    """A new fan, signed in."""
    email = f"{name.lower()}-{uuid.uuid4().hex[:8]}@example.com"
    answer = await client.post("/api/accounts", json={"email": email, "password": PASSWORD, "name": name})
    assert answer.status_code == 201, answer.text
    return await sign_in(client, email)


async def eventually(check: Callable[[], Awaitable[bool]], timeout: float = 10.0) -> None:
    """Wait until `check` holds; fails after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not await check():
        if time.monotonic() > deadline:
            raise AssertionError(f"did not come true within {timeout} s")
        await asyncio.sleep(0.05)
