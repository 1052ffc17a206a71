"""The API with one guard of `hold.lua` cut out, to show that a race notices. Run as a program, it is `ticketing`.

python -m tests.drills.race_unguarded api --port 0
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.stack import Stack
from ticketing.base.valkey import Script
from ticketing.holds import store

TAKEN_CHECK = "if redis.call('GETRANGE', seats, ARGV[i], ARGV[i]) == '0' then"
"""The line of `hold.lua` that makes a seat one buyer's."""

_CHECKOUT = Path(__file__).parents[2]


def without(script: Script, line: str, instead: str) -> Script:
    """A script in which something stands in the place of one line."""
    if script.text.count(line) != 1:
        raise AssertionError(f"{script.name}.lua has changed: the negative control no longer finds {line!r}")
    return Script(f"{script.name}_broken", script.text.replace(line, instead))


@contextlib.contextmanager
def unguarded_holds() -> Iterator[None]:
    """Within this process, holds without the check."""
    kept = store._HOLD
    store._HOLD = without(kept, TAKEN_CHECK, "if true then")
    try:
        yield
    finally:
        store._HOLD = kept


@contextlib.contextmanager
def unguarded_api(stack: Stack, processes: int) -> Iterator[list[int]]:
    """Processes of an API without the check, over the stores of a running stack; gives their ports."""
    ports = [_free_port() for _ in range(processes)]
    environ = os.environ | stack.environ | {"PYTHONPATH": str(_CHECKOUT)}
    with (stack.folder / "unguarded.log").open("ab") as log, contextlib.ExitStack() as exits:
        for port in ports:
            command = [sys.executable, "-m", "tests.drills.race_unguarded", "api", "--port", str(port)]
            exits.callback(_end, subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=_CHECKOUT))
        for port in ports:
            _await_health(port, stack.folder / "unguarded.log")
        yield ports


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _await_health(port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"http://127.0.0.1:{port}/health", timeout=1).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"the unguarded API did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(20)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(10)


if __name__ == "__main__":
    from ticketing.__main__ import main

    with unguarded_holds():
        main()
