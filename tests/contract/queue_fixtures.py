"""The queue adapters over real servers, with handles to stop those servers, to mute them and to lose their data."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Protocol

from tests.contract.queue_moto import MotoServer
from ticketing.base.queue import Queue
from ticketing.base.queue.retry import Retry
from ticketing.base.queue.sqs import SqsConfig, SqsQueue
from ticketing.base.queue.valkey import ValkeyQueue
from ticketing.base.valkey import Valkey
from ticketing.base.valkey_server import ValkeyServer

VISIBILITY_SECONDS = 1
MAX_ATTEMPTS = 3
# For servers that are well, however busy the machine; and for those that a test makes ill.
PATIENT, IMPATIENT = 8.0, 0.5
RETRY = Retry(attempts=3, first_pause=0.05, longest_pause=0.2)


class QueueBackend(Protocol):
    """One kind of queue server, ready for use."""

    kind: str

    async def open(
        self,
        name: str,
        *,
        visibility_seconds: int = VISIBILITY_SECONDS,
        max_attempts: int = MAX_ATTEMPTS,
        proxy: Wire | None = None,
        patience: float = PATIENT,
    ) -> Queue:
        """One more client of the queue `name`, made if missing; through `proxy` if given.

        `patience` is the timeout of a try in seconds; a send ends within four times that.
        """
        ...

    async def upstream(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A raw connection to the server."""
        ...

    async def stop(self) -> None:
        """The server is gone from one moment to the next."""
        ...

    async def start(self) -> None:
        """It is back, with what it had stored."""
        ...

    async def close(self) -> None:
        """Close all clients that were opened here."""
        ...


class ValkeyBackend:
    """A real Valkey server; queues want one that answers a write once the disk has it."""

    kind = "valkey"

    def __init__(self, server: ValkeyServer) -> None:
        self.server = server
        self._exits = AsyncExitStack()

    async def open(
        self,
        name: str,
        *,
        visibility_seconds: int = VISIBILITY_SECONDS,
        max_attempts: int = MAX_ATTEMPTS,
        proxy: Wire | None = None,
        patience: float = PATIENT,
    ) -> Queue:
        valkey = self.connect(proxy, patience)
        queue = ValkeyQueue(
            valkey,
            name,
            visibility_seconds=visibility_seconds,
            max_attempts=max_attempts,
            send_seconds=4 * patience,
            retry=RETRY,
        )
        self._exits.push_async_callback(queue.close)
        return queue

    def connect(self, proxy: Wire | None = None, patience: float = PATIENT) -> Valkey:
        """One more connection, closed with the backend."""
        valkey = Valkey(f"redis://127.0.0.1:{proxy.port}" if proxy else self.server.url, timeout=patience)
        self._exits.push_async_callback(valkey.close)
        return valkey

    async def upstream(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(str(self.server.socket))

    async def stop(self) -> None:
        self.server.kill()

    async def start(self) -> None:
        await self.server.start_async()

    async def close(self) -> None:
        await self._exits.aclose()


class SqsBackend:
    """SQS as moto's server plays it."""

    kind = "sqs"

    def __init__(self, server: MotoServer) -> None:
        self.server = server
        self._exits = AsyncExitStack()

    async def open(
        self,
        name: str,
        *,
        visibility_seconds: int = VISIBILITY_SECONDS,
        max_attempts: int = MAX_ATTEMPTS,
        proxy: Wire | None = None,
        patience: float = PATIENT,
    ) -> Queue:
        queue = await SqsQueue.open(
            await self.config(
                name,
                visibility_seconds=visibility_seconds,
                max_attempts=max_attempts,
                proxy=proxy,
                patience=patience,
            )
        )
        self._exits.push_async_callback(queue.close)
        return queue

    async def config(
        self,
        name: str,
        *,
        visibility_seconds: int = VISIBILITY_SECONDS,
        max_attempts: int = MAX_ATTEMPTS,
        proxy: Wire | None = None,
        patience: float = PATIENT,
    ) -> SqsConfig:
        """Make the queue and its dead-letter queue as Terraform would, and say where they are."""
        queue_url, dead_url = await asyncio.to_thread(self.server.make_queues, name, max_attempts)
        port = proxy.port if proxy else self.server.port
        return SqsConfig(
            queue_url=queue_url,
            dead_letter_url=dead_url,
            region="ap-northeast-2",
            endpoint_url=f"http://127.0.0.1:{port}",
            visibility_seconds=visibility_seconds,
            connect_seconds=patience,
            answer_seconds=patience,
            send_seconds=4 * patience,
            retry=RETRY,
        )

    async def upstream(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.server.port)

    async def stop(self) -> None:
        await asyncio.to_thread(self.server.stop)

    async def start(self) -> None:
        await asyncio.to_thread(self.server.start)

    async def close(self) -> None:
        await self._exits.aclose()


class Wire:
    """A TCP proxy in front of a server that can keep the answers back: the request has its effect, nobody hears."""

    def __init__(self, backend: QueueBackend) -> None:
        self.port = 0
        self.mute = False
        self._backend = backend
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Wire]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            up_reader, up_writer = await self._backend.upstream()
            try:
                await asyncio.gather(self._pump(reader, up_writer, False), self._pump(up_reader, writer, True))
            finally:
                up_writer.close()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, answers: bool) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                if not (answers and self.mute):
                    sink.write(data)
                    await sink.drain()
        if not (answers and self.mute):  # an end of the answers would be an answer too
            sink.close()


def fresh_name() -> str:
    """A queue name nobody has used."""
    return f"q-{uuid.uuid4().hex[:12]}"
