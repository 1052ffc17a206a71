"""The real sandbox provider as a real process, for tests that must not share a process with it."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
from pathlib import Path

SECRET = "a secret that both ends of the test know"
_START_S = 30


class ProviderProcess:
    """Start, kill and start again on the same books and the same port."""

    def __init__(self, data: Path, *, slow_s: float = 0.4, pending_s: float = 0.2, secret: str = SECRET) -> None:
        self.data = data
        self.address = ""
        self._port = 0
        self._secret = secret
        self._options = [f"--slow-s={slow_s}", f"--pending-s={pending_s}", "--callback-backoff-s=0.05"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def books_file(self) -> Path:
        """The provider's SQLite file."""
        return self.data / "sandbox-provider.sqlite3"

    def start(self) -> str:
        """Start it; its address."""
        command = [sys.executable, "-m", "ticketing.payments.sandbox", f"--data={self.data}", f"--port={self._port}"]
        self._process = subprocess.Popen(
            [*command, *self._options],
            stdout=subprocess.PIPE,
            env={**os.environ, "SANDBOX_PROVIDER_SECRET": self._secret},
        )
        self.address = self._announced(self._process).rpartition(" ")[2]
        self._port = int(self.address.rpartition(":")[2])
        return self.address

    def kill(self) -> None:
        """SIGKILL: no goodbye."""
        self._end(kill=True)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL if it does not go."""
        self._end(kill=False)

    def _announced(self, process: subprocess.Popen[bytes]) -> str:
        assert process.stdout is not None
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            line = process.stdout.readline().decode().strip() if ready.select(_START_S) else ""
        if not line:
            self.kill()
            raise RuntimeError("the sandbox provider did not start")
        return line

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        (process.kill if kill else process.terminate)()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(15)
        if process.stdout is not None:
            process.stdout.close()
