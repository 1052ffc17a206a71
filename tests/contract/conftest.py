"""Servers for the contract tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.contract.database_fixtures import books, empty, place, server_place
from tests.contract.queue_fixtures import QueueBackend, SqsBackend, ValkeyBackend
from tests.contract.queue_moto import MotoServer
from ticketing.base.valkey_server import ValkeyServer

# Fixtures that live beside what they are about.
__all__ = ["books", "empty", "place", "server_place"]


@pytest.fixture(scope="session")
def queue_aws() -> Iterator[None]:
    """Credentials for SQS clients that reach only the loopback."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        # No proxy of the surroundings may come between the tests and a loopback server.
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        yield


@pytest.fixture(scope="session")
def queue_valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """A Valkey server for the queue tests that do not hurt it."""
    server = ValkeyServer(tmp_path_factory.mktemp("q"), fsync="always")
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def queue_moto_server(queue_aws: None) -> Iterator[MotoServer]:
    """moto's SQS for the queue tests that do not hurt it."""
    server = MotoServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def queue_valkey(queue_valkey_server: ValkeyServer) -> AsyncIterator[ValkeyBackend]:
    """Queues on Valkey."""
    backend = ValkeyBackend(queue_valkey_server)
    yield backend
    await backend.close()


@pytest.fixture
async def queue_sqs(queue_moto_server: MotoServer) -> AsyncIterator[SqsBackend]:
    """Queues on SQS."""
    backend = SqsBackend(queue_moto_server)
    yield backend
    await backend.close()


@pytest.fixture(params=["valkey", "sqs"])
async def queue_backend(
    request: pytest.FixtureRequest, queue_valkey_server: ValkeyServer, queue_moto_server: MotoServer
) -> AsyncIterator[QueueBackend]:
    """Queues of each kind."""
    backend = ValkeyBackend(queue_valkey_server) if request.param == "valkey" else SqsBackend(queue_moto_server)
    yield backend
    await backend.close()


@pytest.fixture(params=["valkey", "sqs"])
async def queue_victim(
    request: pytest.FixtureRequest, queue_aws: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[QueueBackend]:
    """Queues of each kind, on a server of their own that a test may stop."""
    backend: QueueBackend
    if request.param == "valkey":
        backend = ValkeyBackend(ValkeyServer(tmp_path_factory.mktemp("q"), fsync="always"))
    else:
        backend = SqsBackend(MotoServer())
    await backend.start()
    yield backend
    await backend.close()
    await backend.stop()
