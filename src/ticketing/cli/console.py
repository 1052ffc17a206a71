"""The Typer application and how it talks: rich for people, JSON for machines, errors that say what to do."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer
import uvloop
from rich.console import Console
from rich.markup import escape

from ticketing.base.db import DatabaseAway
from ticketing.base.errors import Problem
from ticketing.base.valkey import ValkeyAway
from ticketing.settings import InvalidSettings, Settings, read_settings

T = TypeVar("T")

app = typer.Typer(
    help="Ticket on-sale platform. Start with: ticketing demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document for machines.")]


def fail(message: str, code: int = 1) -> typer.Exit:
    """Print an error, as it is, whatever brackets it has; raise what this gives."""
    err.print(f"[bold red]error:[/] {escape(message)}", soft_wrap=True)
    return typer.Exit(code)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def settings_or_exit() -> Settings:
    """The settings, or exit code 2 with everything that is wrong with them."""
    try:
        return read_settings()
    except InvalidSettings as error:
        raise fail(f"the environment is not complete:\n{error}\nOn a laptop, `ticketing demo` needs none.", 2) from None


def run(work: Callable[[], Awaitable[T]], code: int = 1) -> T:
    """Run a command's coroutine; expected failures become an exit with this code."""

    async def call() -> T:
        return await work()

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(call())
    except Problem as error:
        raise fail(error.detail, code) from None
    except (DatabaseAway, ValkeyAway, InvalidSettings) as error:
        raise fail(f"{type(error).__name__}: {error}", code) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
