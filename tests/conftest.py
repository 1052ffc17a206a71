"""Fixtures that every kind of test may use."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers.fixtures import mariadb_server, mysql_server
from tests.stack import Stack, running

__all__ = ["mariadb_server", "mysql_server"]


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder with a path short enough for unix sockets."""
    with tempfile.TemporaryDirectory(prefix="tk") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def stack(short_folder: Path) -> Iterator[Stack]:
    """One running stack on SQLite that tests share; each makes its own event."""
    with running(Stack(short_folder / "s", processes=2, payment_window_seconds=900)) as stack:
        yield stack


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the shared stack."""
    async with httpx.AsyncClient(base_url=stack.url, timeout=20) as client:
        yield client
