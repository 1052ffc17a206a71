"""Start the stack under drill and leave it to you: `python -m tests.drills.run_stack`, ended by Ctrl-C.

Prints where everything is and how to sign in. Lines on standard input do to it what drills do: `kill api-1`,
`stop leader`, `cut api cache`, `fail-over`, `flush`, `states`, `mend`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any

from tests.drills import faults
from tests.drills.drill import stack_for, temporary_folder
from tests.drills.preflight import look
from tests.drills.yard import Yard
from tests.stack import PASSWORD
from ticketing.accounts.model import Role

_NOBODY: Any = None
"""Faults take the sale that is going on; those that are offered here do not look at it."""


def addresses(yard: Yard) -> str:
    """Where everything is, line by line."""
    assert yard.server is not None
    rows = [
        ("buyers come to (CDN)", yard.url),
        ("balancer", f"http://127.0.0.1:{yard.front.balancer_port}"),
        *((name, f"http://127.0.0.1:{port}") for name, port in yard.api_ports.items()),
        ("payment provider", f"http://127.0.0.1:{yard.provider_port}"),
        ("Valkey endpoint", yard.environ["TICKETING_VALKEY_URL"]),
        ("Valkey primary, replica", f"{yard.primary.url}, {yard.replica.url}"),
        ("queue", yard.environ["TICKETING_QUEUE_URL"]),
        ("database", f"{yard.server.name} on 127.0.0.1:{yard.server.port}"),
        ("logs", str(yard.folder)),
        *((f"sign in as {role.value}", f"{role.value}@stack.example / {PASSWORD}") for role in Role),
    ]
    return "\n".join(f"{name:24} {value}" for name, value in rows)


async def obey(yard: Yard, line: str) -> str:
    """Do what a line says; gives what to print."""
    match line.split():
        case ["kill", kind]:
            await faults.killed(kind)(yard, _NOBODY)
        case ["stop", kind]:
            await faults.stopped(kind, 8.0)(yard, _NOBODY)
        case ["cut", side, store] if (side, store) in yard.links:
            await faults.cut(side, store, "silent", 8.0)(yard, _NOBODY)
        case ["fail-over"]:
            await faults.fail_over(yard, _NOBODY)
        case ["flush"]:
            await faults.flush_all(yard, _NOBODY)
        case ["mend"]:
            await asyncio.to_thread(yard.mend)
        case ["states"]:
            return f"{yard.front.states()} {await yard.ready()}"
        case _:
            return "say: kill KIND, stop KIND, cut api|worker STORE, fail-over, flush, states, mend"
    return "done"


def _listen(yard: Yard) -> None:
    for line in sys.stdin:
        try:
            print(asyncio.run(obey(yard, line)), flush=True)
        except (Exception, AssertionError) as error:  # noqa: BLE001 - shown to who typed it
            print(f"{type(error).__name__}: {error}", flush=True)


async def _fill(yard: Yard) -> None:
    for role in Role:
        await yard.add_staff(role, f"{role.value}@stack.example")
    await yard.add_event_async(waiting_room=True)
    await yard.add_event_async()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser("python -m tests.drills.run_stack", description=__doc__)
    parser.add_argument("--database", choices=("mariadb", "mysql"), default="mariadb")
    parser.add_argument("--sqs", action="store_true", help="the queue is SQS, as moto's server plays it")
    options = parser.parse_args(arguments)
    look(database=options.database)
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    print("starting …", file=sys.stderr, flush=True)
    with temporary_folder() as folder, stack_for("yard", options.database, folder / "y", sqs=options.sqs) as yard:
        asyncio.run(_fill(yard))
        print(addresses(yard), flush=True)
        print("Stop with Ctrl-C.", flush=True)
        threading.Thread(target=_listen, args=[yard], daemon=True).start()
        over.wait()
        print("stopping …", file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        raise SystemExit(main())
