"""The scene of the tests of bad input, and the document of the API."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.journeys.bad_input import Scene, prepare
from tests.people import Person, sign_in
from tests.stack import Stack
from ticketing.accounts.model import Role


@pytest.fixture(scope="session")
def document(stack: Stack) -> dict[str, Any]:
    """The OpenAPI document that the running API serves."""
    answer = httpx.get(f"{stack.url}/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    return dict(answer.json())


@pytest.fixture(scope="module")
def prepared(stack: Stack) -> Iterator[Scene]:
    """Alice and Bob before two shows. Whatever a module sent there: no process broke, and nothing surprised one."""
    yield asyncio.run(prepare(stack))
    log = stack.log("api")
    assert stack.children["api"].poll() is None
    assert "starting another" not in log
    assert "unhandled" not in log, log[log.index("unhandled") - 200 :][:2000]


@pytest.fixture
async def scene(prepared: Scene, client: httpx.AsyncClient) -> Scene:
    """The same people and shows for every test, over a client of the test's own loop."""
    alice, bob = replace(prepared.alice, client=client), replace(prepared.bob, client=client)
    return replace(prepared, client=client, alice=alice, bob=bob)


@pytest.fixture
async def unchanged(scene: Scene) -> AsyncIterator[None]:
    """What the test does must leave no trace."""
    before = await scene.state()
    yield
    assert await scene.state() == before


@pytest.fixture
async def operator(stack: Stack, client: httpx.AsyncClient) -> Person:
    """A member of staff who may do everything."""
    email = f"operator-{uuid.uuid4().hex[:8]}@example.com"
    await stack.add_staff(Role.OPERATOR, email)
    return await sign_in(client, email)
