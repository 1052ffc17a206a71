"""ticketing api, ticketing worker, ticketing sandbox-provider: the processes of an installation."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
import uvicorn

from ticketing.base.health import Drain
from ticketing.base.http_protocol import answering
from ticketing.base.instant import Instant
from ticketing.base.request_log import RequestLog
from ticketing.base.telemetry import set_up_logging, set_up_telemetry
from ticketing.cli.console import app, err, fail, run, settings_or_exit
from ticketing.payments.sandbox.serve import serve
from ticketing.settings import Settings
from ticketing.wiring.app import create_asgi
from ticketing.wiring.parts import open_parts
from ticketing.wiring.work import run_worker

_FD = "TICKETING_LISTEN_FD"


@app.command()
def api(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the port.")] = 1,
    drain_seconds: Annotated[
        float, typer.Option(min=0, help="After SIGTERM: keep answering, not ready, for so long.")
    ] = 0.0,
    certificate: Annotated[
        Path | None, typer.Option(help="Speak TLS with this certificate (PEM); needs --key.")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="The certificate's private key (PEM).")] = None,
) -> None:
    """Serve the HTTP API."""
    tls = _tls_or_exit(certificate, key)
    settings = settings_or_exit()
    set_up_logging()
    inherited = os.environ.get(_FD)
    if inherited is not None:
        listener = socket.socket(fileno=int(inherited))
        run(lambda: _serve(settings, listener, drain_seconds, tls))
        return
    try:
        listener = socket.create_server((host, port), backlog=4096)
    except OSError as error:
        raise fail(f"cannot listen on {host}:{port}: {error.strerror}. Choose another --port.", 2) from None
    err.print(f"listening on {'https' if tls else 'http'}://{host}:{listener.getsockname()[1]} ({processes} processes)")
    if processes == 1:
        run(lambda: _serve(settings, listener, drain_seconds, tls))
    else:
        raise typer.Exit(_supervise(listener, processes))


def _tls_or_exit(certificate: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    """Certificate and key, tried before anything else is begun; None for plain HTTP."""
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise fail("--certificate and --key go together", 2)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:
        raise fail(f"cannot speak TLS with {certificate} and {key}: {error}", 2) from None
    return certificate, key


class _Server(uvicorn.Server):
    """On SIGTERM: not ready at once, still answering for a while, then finish what is under way."""

    def __init__(self, config: uvicorn.Config, drain: Drain, seconds: float) -> None:
        super().__init__(config)
        self._drain = drain
        self._drain_seconds = seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature is uvicorn's
        """Begin to drain; a second signal begins the end at once, a third one (Ctrl-C) does not wait for anybody."""
        again, self._drain.draining = self._drain.draining, True
        if not again and self._drain_seconds > 0:
            asyncio.get_running_loop().call_later(self._drain_seconds, self._finish, sig)
        else:
            self._finish(sig)

    def _finish(self, sig: int) -> None:
        # uvicorn's own way raises the signal again when all is done: that would end the process before its parts are
        # closed, and with an exit code that looks like a failure.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


async def _serve(
    settings: Settings, listener: socket.socket, drain_seconds: float, tls: tuple[Path, Path] | None
) -> None:
    drain = Drain()
    async with _telemetry("ticketing-api"), open_parts(settings) as parts:
        instant = Instant()
        application = create_asgi(parts, drain, instant)
        log = RequestLog(application)
        config = uvicorn.Config(
            log if settings.request_log else application,
            http=answering(instant),
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=25,
            timeout_keep_alive=120,  # longer than the balancer waits (60 s), and than any page between two looks (89 s)
            backlog=4096,
            ssl_certfile=tls[0] if tls else None,
            ssl_keyfile=tls[1] if tls else None,
            forwarded_allow_ips=os.environ.get("TICKETING_TRUSTED_PROXIES", "127.0.0.1"),
        )
        server = _Server(config, drain, drain_seconds)
        try:
            await server.serve(sockets=[listener])
        finally:
            log.flush()
        if not server.started:
            raise typer.Exit(1)


def _supervise(listener: socket.socket, processes: int) -> int:
    """Run children on one listening socket, start those again that die, pass SIGTERM on."""
    listener.set_inheritable(True)
    environ = os.environ | {_FD: str(listener.fileno())}
    command = [sys.executable, "-m", "ticketing", *sys.argv[1:]]
    children: list[subprocess.Popen[bytes]] = []
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    def pass_on(*_: object) -> None:
        for child in children:
            child.send_signal(signal.SIGTERM)

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, env=environ, pass_fds=[listener.fileno()])  # noqa: S603

    _on_signals(stop)
    children += [start() for _ in range(processes)]
    while not stopping:
        time.sleep(0.2)
        for i, child in enumerate(children):
            if child.poll() is not None and not stopping:
                err.print(f"api process {child.pid} ended with {child.returncode}; starting another")
                time.sleep(0.5)
                children[i] = start()
    # Only here, where no further child can be started behind our back.
    _on_signals(pass_on)
    pass_on()
    # A child that had not yet installed its handlers ends by the signal itself: that is no failure.
    return max(0 if code == -signal.SIGTERM else abs(code) for code in [child.wait() for child in children])


def _on_signals(handler: Callable[..., None]) -> None:
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, handler)


@app.command()
def worker() -> None:
    """Fulfil orders, take money, issue tickets, send mail."""
    settings = settings_or_exit()
    set_up_logging()

    async def work() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for sig in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sig, stop.set)
        async with _telemetry("ticketing-worker"), open_parts(settings) as parts:
            await run_worker(parts, stop)

    run(work)


@app.command("sandbox-provider")
def sandbox_provider(
    data: Annotated[Path, typer.Option(help="Folder of its books.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 9100,
) -> None:
    """Run the sandbox payment provider. Its secret is TICKETING_PAYMENT_SECRET."""
    secret = os.environ.get("TICKETING_PAYMENT_SECRET", "")
    file = os.environ.get("TICKETING_PAYMENT_SECRET_FILE", "")
    try:
        secret = secret or (Path(file).read_text(encoding="utf-8").strip() if file else "")
    except OSError as error:
        raise fail(f"TICKETING_PAYMENT_SECRET_FILE: cannot read {file}: {error.strerror}", 2) from None
    if not secret:
        raise fail("set TICKETING_PAYMENT_SECRET, the secret that the platform shares with this provider", 2)
    set_up_logging()
    telemetry = set_up_telemetry("payment-sandbox")
    try:
        serve(host, port, data, secret, on_listening=lambda url: err.print(f"sandbox provider on {url}"))
    except (OSError, ValueError) as error:
        raise fail(str(error), 2) from None
    finally:
        telemetry.close()


@contextlib.asynccontextmanager
async def _telemetry(service: str) -> AsyncIterator[None]:
    telemetry = set_up_telemetry(service)
    try:
        yield
    finally:
        await asyncio.to_thread(telemetry.close)
