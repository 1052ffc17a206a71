"""A server of one's own outlives Ctrl-C, and never the process that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from redis import Redis

from ticketing.base.valkey_server import ValkeyServer

# Starts a server, says its process id, and waits without a thought for how it may end.
CARELESS = """
import signal, sys, time
from pathlib import Path
from ticketing.base.valkey_server import ValkeyServer
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in a shell's background
server = ValkeyServer(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(60)
"""


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_an_interrupt_from_the_keyboard_is_not_the_servers(short_folder: Path) -> None:
    server = ValkeyServer(short_folder / "ctrl")
    server.start()
    try:
        assert server.pid is not None
        os.kill(server.pid, signal.SIGINT)
        time.sleep(0.5)
        with Redis.from_url(server.url) as client:
            assert client.ping()
    finally:
        server.stop(5)
    assert "User requested shutdown" in (server.folder / "valkey.log").read_text()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_server_ends_with_the_process_that_started_it(short_folder: Path, how: signal.Signals) -> None:
    command = [sys.executable, "-c", CARELESS, str(short_folder / how.name)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as careless:
        assert careless.stdout is not None
        pid = int(careless.stdout.readline())
        assert runs(pid)
        # As a terminal does, or whoever ends a whole group.
        os.killpg(careless.pid, how)
        careless.wait(20)
    deadline = time.monotonic() + 10
    while runs(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not runs(pid)
