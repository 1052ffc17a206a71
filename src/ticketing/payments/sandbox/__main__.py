"""`python -m ticketing.payments.sandbox --port 9100 --data DIR`: the provider on its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ticketing.payments.sandbox.config import SandboxSettings
from ticketing.payments.sandbox.serve import serve
from ticketing.payments.sandbox.signature import MIN_SECRET_CHARS

_SECRET_ENV = "SANDBOX_PROVIDER_SECRET"  # noqa: S105  (a variable's name)


def main(
    data: Annotated[Path, typer.Option(help="Folder of the provider's books.")],
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one and prints it.")] = 9100,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    secret_env: Annotated[str, typer.Option(help="Environment variable with the shared secret.")] = _SECRET_ENV,
    callback_url: Annotated[str | None, typer.Option(help="Default URL for callbacks.")] = None,
    slow_s: Annotated[float, typer.Option(help="Seconds that tok_slow and the slow mode take.")] = 3.0,
    pending_s: Annotated[float, typer.Option(help="Seconds until a pending capture is decided.")] = 1.0,
    callback_backoff_s: Annotated[float, typer.Option(help="Seconds before the first callback retry.")] = 0.5,
) -> None:
    """Run the sandbox payment provider until stopped."""
    secret = os.environ.get(secret_env, "")
    if len(secret) < MIN_SECRET_CHARS:
        typer.echo(f"Set {secret_env} to a secret of at least {MIN_SECRET_CHARS} characters.", err=True)
        raise typer.Exit(2)
    settings = SandboxSettings(data, secret, slow_s=slow_s, pending_s=pending_s, callback_backoff_s=callback_backoff_s)
    try:
        serve(host, port, data, secret, callback_url, settings=settings, on_listening=_announce)
    except OSError as error:
        typer.echo(f"Cannot serve on {host}:{port} with data in {data}: {error}", err=True)
        raise typer.Exit(1) from None


def _announce(address: str) -> None:
    sys.stdout.write(f"sandbox payment provider: {address}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    typer.run(main)
