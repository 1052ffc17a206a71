"""The whole installation on this machine: Valkey servers, provider, worker, API, each a process of its own."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from ticketing.base.valkey_server import ServerFailed, ValkeyServer
from ticketing.cli.console import fail


def without_settings() -> dict[str, str]:
    """This process's environment without any setting of the platform (TICKETING_…) or of its telemetry (OTEL_…), so
    that what is started with it cannot reach the stores of another installation on this machine, nor count for it.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith(("TICKETING_", "OTEL_"))}


@dataclass(frozen=True)
class Layout:
    """Where an installation on this machine keeps its things."""

    folder: Path

    def environment(self, port: int, provider_port: int, web: Path | None, sockets: Path) -> dict[str, str]:
        """The settings of its processes (TICKETING_…), whatever this process's own environment says; secrets are made
        once and kept in the folder.
        """
        values = {
            "DATABASE_URL": f"sqlite+aiosqlite:///{self.folder / 'ticketing.sqlite3'}",
            "VALKEY_URL": f"unix://{sockets / 'cache' / 'valkey.sock'}",
            "QUEUE_URL": f"unix://{sockets / 'queue' / 'valkey.sock'}",
            "SIGNING_KEYS": f"k1:{self._secret('signing-key')}",
            "TICKET_SEED": self._secret("ticket-seed"),
            "PAYMENT_SECRET": self._secret("payment-secret"),
            "PAYMENT_URL": f"http://127.0.0.1:{provider_port}",
            "BLOBS_URL": f"file://{self.folder / 'blobs'}",
            "MAIL_URL": f"mailbox://{self.folder / 'mail'}",
            "ALERTS_URL": "mailto:operator@demo.example",
            "PUBLIC_URL": f"http://localhost:{port}",
            "DEMO_FOLDER": str(self.folder),
            # On a laptop everybody comes from one address, simulated crowds too.
            "ADDRESS_BURST": "100000",
            # Nor do simulated people compute for their places: thousands of them would, on the two cores that serve.
            "LINE_WORK_BITS": "0",
        }
        if web is not None:
            values["WEB_FOLDER"] = str(web)
        return {f"TICKETING_{key}": value for key, value in values.items()}

    def _secret(self, name: str) -> str:
        path = self.folder / f"{name}.secret"
        if not path.exists():
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(32))
        return path.read_text().strip()


@contextlib.contextmanager
def short_folder(folder: Path) -> Iterator[Path]:
    """A way to the folder that is short enough for a unix socket (about 100 bytes), whatever its real name."""
    if len(str(folder)) < 70:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="tk-") as short:
        link = Path(short) / "d"
        link.symlink_to(folder)
        yield link


def free_port(port: int) -> int:
    """The port, or for 0 any that is free at this moment. Raises an exit when it is taken."""
    try:
        with socket.create_server(("127.0.0.1", port)) as probe:
            return int(probe.getsockname()[1])
    except OSError:
        raise fail(f"port {port} is taken: choose another with --port, or --port 0 for any free one", 2) from None


def start_valkeys(exits: contextlib.ExitStack, sockets: Path) -> dict[str, ValkeyServer]:
    """Start `cache` and `queue`, stopped with `exits`. Raises an exit that says why one did not come up."""
    servers = {}
    # Two servers: losing the cache must never lose the queue. The queue's file is synced at every write.
    for name, fsync in (("cache", "everysec"), ("queue", "always")):
        server = ValkeyServer(sockets / name, fsync=fsync)
        exits.callback(server.stop)
        try:
            server.start()
        except ServerFailed as error:
            raise fail(str(error), 2) from None
        servers[name] = server
    return servers


def start_children(
    exits: contextlib.ExitStack, environ: dict[str, str], port: int, processes: int, data: Path
) -> dict[str, subprocess.Popen[bytes]]:
    """Start provider, worker and API, stopped with `exits`; each writes a log into `data`.

    Args:
        environ: their whole environment.
    """
    provider_port = environ["TICKETING_PAYMENT_URL"].rpartition(":")[2]
    commands = {
        "provider": ["sandbox-provider", "--port", provider_port, "--data", str(data / "provider")],
        "worker": ["worker"],
        "api": ["api", "--port", str(port), "--processes", str(processes)],
    }
    children = {}
    for name, arguments in commands.items():
        log = exits.enter_context((data / f"{name}.log").open("ab"))
        child = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "ticketing", *arguments],
            env=environ,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        exits.callback(_stop, child)
        children[name] = child
    return children


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(5)


def wait_until_ready(port: int, children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Return when the API says that it is ready. Raises an exit that names what did not start."""
    deadline = time.monotonic() + 60
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=2) as client:
        while time.monotonic() < deadline:
            dead = [name for name, child in children.items() if child.poll() is not None]
            if dead:
                raise fail(f"{dead[0]} did not start; see {dead[0]}.log in the data folder", 2)
            with contextlib.suppress(httpx.HTTPError):
                if client.get("/health/ready").json()["status"] == "ready":
                    return
            time.sleep(0.1)
    raise fail("the stack did not become ready within 60 s; see the .log files in the data folder", 2)
