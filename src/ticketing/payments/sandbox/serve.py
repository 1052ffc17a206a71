"""Runs the provider on a port until it is told to stop."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn
from litestar.types import ASGIApp, Receive, Scope, Send

from ticketing.base.tracing import taken_over
from ticketing.payments.sandbox.app import create_app
from ticketing.payments.sandbox.config import SandboxSettings


def traced(app: ASGIApp) -> ASGIApp:
    """The provider, going on in the trace that a caller names: it is one of ours."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        plain: Any = scope
        if plain["type"] != "http":
            await app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in plain["headers"]}
        with taken_over(f"provider {plain['method']}", headers):
            await app(scope, receive, send)

    return asked


def serve(
    host: str,
    port: int,
    data: Path,
    secret: str,
    callback_url: str | None = None,
    *,
    settings: SandboxSettings | None = None,
    on_listening: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        host, port: where to listen; port 0 takes a free one.
        data: folder of the books, made when missing.
        secret: shared with the gateway adapter, at least 16 characters.
        callback_url: where outcomes of captures that name no URL of their own are reported.
        settings: waits and retries other than the defaults; its data, secret and callback_url are replaced.
        on_listening: called with the address (`http://host:port`) once connections are accepted.

    Raises:
        ValueError: the secret is too short.
        OSError: the port is taken, or the folder cannot be written.
    """
    base = settings or SandboxSettings(data, secret)
    app = create_app(replace(base, data=data, secret=secret, callback_url=callback_url))
    with socket.create_server((host, port), backlog=2048) as listener:
        if on_listening is not None:
            on_listening(f"http://{host}:{listener.getsockname()[1]}")
        config = uvicorn.Config(
            traced(app),
            log_level="warning",
            access_log=False,
            lifespan="on",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        uvicorn.Server(config).run(sockets=[listener])
