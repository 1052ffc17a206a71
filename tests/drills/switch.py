"""TCP switches: an address that clients keep while what stands behind it moves, refuses, or falls silent.

One stands where AWS has a cluster's endpoint (fail-over moves it), or between two machines (a partition cuts it).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path

Target = int | Path
"""A TCP port of 127.0.0.1, or the path of a Unix socket."""

PASS, REFUSE, SILENT = "pass", "refuse", "silent"


class Switch:
    """One address. `refuse` resets connections, new and old; `silent` keeps them and lets nothing through."""

    def __init__(self, board: Board, target: Target) -> None:
        self.target = target
        self.mode = PASS
        self.port = 0
        self.connections = 0
        self._board = board
        self._open: set[asyncio.StreamWriter] = set()
        self._through = asyncio.Event()
        self._through.set()

    def move(self, target: Target) -> None:
        """Send new connections elsewhere and reset the present ones, as a fail-over does."""
        self._board.do(lambda: self._move(target))

    def set(self, mode: str) -> None:
        """Let pass, refuse, or be silent."""
        assert mode in (PASS, REFUSE, SILENT), mode
        self._board.do(lambda: self._set(mode))

    def _move(self, target: Target) -> None:
        self.target = target
        self._reset()

    def _set(self, mode: str) -> None:
        was_silent, self.mode = self.mode == SILENT, mode
        if mode == SILENT:
            self._through.clear()
            return
        if mode == REFUSE or was_silent:
            # What was kept back in a silence never arrives: connections of before are dead, as after a partition.
            self._reset()
        self._through.set()

    def _reset(self) -> None:
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def listen(self) -> asyncio.Server:
        """Open the port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        up: asyncio.StreamWriter | None = None
        try:
            if self.mode == REFUSE:
                return
            await self._through.wait()
            up_reader, up = await self._connect()
            self._open.add(up)
            await asyncio.gather(self._pump(reader, up), self._pump(up_reader, writer))
        except OSError:
            pass
        finally:
            for one in (writer, up):
                if one is not None:
                    self._open.discard(one)
                    one.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.target, Path):
            return await asyncio.open_unix_connection(str(self.target))
        return await asyncio.open_connection("127.0.0.1", self.target)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                await self._through.wait()
                sink.write(data)
                await sink.drain()
        with contextlib.suppress(OSError, RuntimeError):
            sink.write_eof()


class Board:
    """All switches, on a loop of their own: a drill that blocks does not hold up what passes."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="switches", daemon=True)
        self._servers: list[asyncio.Server] = []
        self._thread.start()

    def add(self, target: Target) -> Switch:
        """A new address for something."""
        switch = Switch(self, target)
        server = asyncio.run_coroutine_threadsafe(switch.listen(), self._loop).result(10)
        self._servers.append(server)
        return switch

    def do(self, work: Callable[[], None]) -> None:
        """Run on the loop of the switches, and wait until it is done."""

        async def run() -> None:
            work()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    def close(self) -> None:
        """Close every address and end the thread."""

        async def end() -> None:
            for server in self._servers:
                server.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


def is_open(port: int) -> bool:
    """Whether somebody listens on a port of 127.0.0.1."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
