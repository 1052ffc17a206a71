"""Health: alive says nothing about stores; ready says everything about them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from ticketing.base.health import Drain, routes


async def fine() -> None:
    return None


async def broken() -> None:
    raise ConnectionError("secret address")


async def hanging() -> None:
    await asyncio.Event().wait()


def app(drain: Drain, cut_off: bool = False, **checks: Callable[[], Awaitable[None]]) -> Litestar:
    return Litestar(routes(checks, drain, lambda: cut_off, timeout=0.2))


@pytest.mark.parametrize(
    ("valkey", "cut_off", "draining", "status", "code"),
    [
        (fine, False, False, "ready", 200),
        (broken, False, False, "degraded", 200),
        (hanging, False, False, "degraded", 200),
        (broken, True, False, "cut_off", 503),
        (fine, False, True, "draining", 503),
        (broken, True, True, "draining", 503),
    ],
)
async def test_ready(
    valkey: Callable[[], Awaitable[None]], cut_off: bool, draining: bool, status: str, code: int
) -> None:
    drain = Drain()
    drain.draining = draining
    async with asyncio.timeout(5), AsyncTestClient(app(drain, cut_off, database=fine, valkey=valkey)) as client:
        answer = await client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (code, status)
        assert answer.json()["dependencies"]["database"] == "ok"
        assert (answer.json()["dependencies"]["valkey"] == "ok") is (valkey is fine)
        assert "secret" not in answer.text
        assert answer.headers["cache-control"] == "no-store"


async def test_alive_asks_nobody() -> None:
    asked: list[str] = []

    async def check() -> None:
        asked.append("database")

    async with AsyncTestClient(app(Drain(), database=check)) as client:
        answer = await client.get("/health")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert asked == []
        await client.get("/health/ready")
        assert asked == ["database"], "control: this is how a question would show"
