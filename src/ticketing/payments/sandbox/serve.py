"""Runs the provider on a port until it is told to stop."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import uvicorn

from ticketing.payments.sandbox.app import create_app
from ticketing.payments.sandbox.config import SandboxSettings


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
            app, log_level="warning", access_log=False, lifespan="on", server_header=False, timeout_graceful_shutdown=1
        )
        uvicorn.Server(config).run(sockets=[listener])
