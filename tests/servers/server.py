"""A database server process of one's own: started, stopped and killed by its process id, gone with its folder."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from os import getuid
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncmy

USER = "ticketing"
PASSWORD = "ticketing"
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_LONGEST_PARENT = 50


class ServerFailedError(RuntimeError):
    """The server could not be set up or did not come up; the message ends with its log."""


class DatabaseServer(ABC):
    """A MySQL-compatible server in a temporary folder, on a Unix socket and a free port of 127.0.0.1.

    `durable=True` makes every commit reach the disk, as in production. The default hands commits to the operating
    system only: they outlive `kill()`, which is what drills do, though not a power cut, and cost far less time.
    The isolation level stays at the server's own default, so that a client must pin what it relies on.
    """

    name: str

    def __init__(self, *, durable: bool = False) -> None:
        # A Unix socket's path may have about 100 characters, and TMPDIR can be long: "/tmp" then, where there is one.
        parent = "/tmp" if len(tempfile.gettempdir()) > _LONGEST_PARENT and Path("/tmp").is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=parent))
        self.data = self.folder / "data"
        self.socket = self.folder / "s"
        self.log = self.folder / "log"
        self.port = _free_port()
        self.durable = durable
        self.account = pwd.getpwuid(getuid()).pw_name
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def install(self) -> None:
        """Fill `data` with the server's system tables."""

    @abstractmethod
    def command(self) -> list[str]:
        """The server's command line without what `start` adds to it."""

    @property
    def pid(self) -> int | None:
        """The process id while the server runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start the server on the same port and data as before, and return once it greets.

        Raises ServerFailedError when it ends or stays silent.
        """
        if self.pid is not None:
            return
        if not self.data.exists():
            self.install()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._await_greeting()

    def stop(self) -> None:
        """Ask the server to end in good order (SIGTERM) and wait for it."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_SECONDS)

    def kill(self) -> None:
        """End the server at once (SIGKILL), as a crash would, and wait until it is gone."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(_STOP_SECONDS)

    def close(self) -> None:
        """Kill the server and remove its folder."""
        atexit.unregister(self.close)
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str = "ticketing") -> str:
        """The SQLAlchemy URL of a database on this server."""
        return f"mysql+asyncmy://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}?charset=utf8mb4"

    def create_database(self, database: str) -> str:
        """Make an empty utf8mb4 database, dropping an earlier one of that name; returns its URL."""
        self.execute(f"DROP DATABASE IF EXISTS `{database}`", f"CREATE DATABASE `{database}` CHARACTER SET utf8mb4")
        return self.url(database)

    def drop_database(self, database: str) -> None:
        """Remove a database and all in it."""
        self.execute(f"DROP DATABASE IF EXISTS `{database}`")

    def execute(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements, each committed by itself, and return the last one's rows.

        Blocks until done, and may be called with or without an event loop running.
        """
        rows: list[tuple[Any, ...]] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                rows.extend(asyncio.run(self._execute(statements)))
            except BaseException as error:  # noqa: BLE001 handed to the caller's thread below
                errors.append(error)

        thread = threading.Thread(target=run, name=f"{self.name}-execute")
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return rows

    async def _execute(self, statements: tuple[str, ...]) -> list[tuple[Any, ...]]:
        connection = await asyncmy.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, autocommit=True, connect_timeout=10
        )
        try:
            async with connection.cursor() as cursor:
                for statement in statements:
                    await cursor.execute(statement)
                return list(await cursor.fetchall()) if cursor.description else []
        finally:
            await connection.ensure_closed()

    def _arguments(self) -> list[str]:
        # The statements of an init file run before the first client is let in, at every start: no client is needed
        # to make the account, and a server that greets is ready for use.
        init = self.folder / "init.sql"
        init.write_text(
            f"CREATE DATABASE IF NOT EXISTS {USER} CHARACTER SET utf8mb4;\n"
            f"CREATE USER IF NOT EXISTS {USER}@'%' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL PRIVILEGES ON *.* TO {USER}@'%' WITH GRANT OPTION;\n"
        )
        return [
            *self.command(),
            f"--datadir={self.data}",
            f"--socket={self.socket}",
            f"--pid-file={self.folder / 'pid'}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--skip-networking=0",
            "--skip-name-resolve",
            f"--user={self.account}",
            f"--init-file={init}",
            "--character-set-server=utf8mb4",
            "--max-connections=300",
            "--innodb-buffer-pool-size=64M",
            f"--innodb-flush-log-at-trx-commit={1 if self.durable else 2}",
            f"--innodb-doublewrite={'ON' if self.durable else 'OFF'}",
            "--performance-schema=OFF",
        ]

    def _await_greeting(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self.pid is None:
                raise self._failed("ended while starting")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as client:
                # Packet header, then 0x0a (protocol version 10); 0xff would be a refusal.
                if client.recv(5)[4:] == b"\x0a":
                    return
            time.sleep(0.05)
        self.kill()
        raise self._failed(f"did not answer within {_START_SECONDS:.0f} s")

    def _run_setup(self, command: list[str]) -> None:
        with self.log.open("ab") as log:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=120, check=False)
        if done.returncode != 0:
            raise self._failed(f"could not be set up (exit code {done.returncode})")

    def _failed(self, what: str) -> ServerFailedError:
        log = self.log.read_text(errors="replace") if self.log.exists() else ""
        return ServerFailedError(f"{self.name} {what}\n" + "\n".join(log.splitlines()[-30:]))

    def __enter__(self) -> Self:
        atexit.register(self.close)
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
