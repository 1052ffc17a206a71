"""One browser and one house for all of these tests, and visitors who leave when their test ends.

Everything lives on the loop of the session: tests say `pytestmark = at_browser`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser import chromium, edge
from tests.browser.house import WEB, House, open_house, stack_with_web
from tests.browser.visitor import Visitor
from tests.stack import Stack, running

Arrive = Callable[..., Awaitable[Visitor]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A Chromium."""
    async with chromium.running() as browser:
        yield browser


@pytest.fixture(scope="session")
def web_stack(short_folder: Path) -> Iterator[Stack]:
    """The stack with its pages, as the demo runs it."""
    with running(stack_with_web(short_folder / "web")) as stack:
        yield stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house(web_stack: Stack) -> AsyncIterator[House]:
    async with open_house(web_stack) as house:
        yield house


@pytest.fixture(scope="session")
def hasty_stack(short_folder: Path) -> Iterator[Stack]:
    """A stack that keeps seats for eight seconds only."""
    with running(stack_with_web(short_folder / "hasty", hold_seconds=8, payment_window_seconds=60)) as stack:
        yield stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def hasty_house(hasty_stack: Stack) -> AsyncIterator[House]:
    async with open_house(hasty_stack) as house:
        yield house


@pytest.fixture(scope="session")
def line_stack(short_folder: Path) -> Iterator[Stack]:
    """A stack of its own: one test kills its API."""
    with running(stack_with_web(short_folder / "line")) as stack:
        yield stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def hall(line_stack: Stack) -> AsyncIterator[House]:
    """A house behind an edge that serves pages and status without the API, as a CDN does."""
    with edge.running(WEB, line_stack.folder / "blobs", line_stack.url) as origin:
        async with open_house(line_stack, origin) as house:
            yield house


@pytest_asyncio.fixture(loop_scope="session")
async def arrive(browser: Browser, house: House) -> AsyncIterator[Arrive]:
    """`await arrive(lang="en", size=PHONE)`: a new visitor, of `house` unless another is named."""
    visitors: list[Visitor] = []

    async def new(at: House = house, **how: Any) -> Visitor:
        visitors.append(await Visitor.arrive(at, browser, **how))
        return visitors[-1]

    yield new
    for visitor in visitors:
        await visitor.leave()
