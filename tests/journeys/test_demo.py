"""`ticketing demo` in a terminal: what is set for it counts, and Ctrl-C leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway

from tests.stack import free_port


def listens(port: int) -> bool:
    """Whether somebody takes connections at a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_providers_address_from_outside_is_kept_and_ctrl_c_ends_everything(short_folder: Path) -> None:
    port, provider, data = free_port(), free_port(), short_folder / "demo"
    command = [sys.executable, "-m", "ticketing", "demo", "--port", str(port), "--data", str(data), "--processes", "1"]
    # Whoever has exported this for other commands must not find accounts with known passwords in it.
    real = short_folder / "real.sqlite3"
    environ = os.environ | {
        "TICKETING_PAYMENT_URL": f"http://127.0.0.1:{provider}",
        "TICKETING_DATABASE_URL": f"sqlite+aiosqlite:///{real}",
    }
    with (short_folder / "said").open("wb") as said:
        demo = subprocess.Popen(command, stdout=said, stderr=said, env=environ, start_new_session=True)
    try:
        deadline = time.monotonic() + 120
        while "The demo is running" not in (short_folder / "said").read_text():
            assert demo.poll() is None, (short_folder / "said").read_text()
            assert time.monotonic() < deadline, (short_folder / "said").read_text()
            time.sleep(0.2)
        assert httpx.get(f"http://127.0.0.1:{port}/health/ready").json()["status"] == "ready"
        assert listens(provider)
        assert not real.exists()
        assert "TICKETING_DATABASE_URL is set and not used" in " ".join((short_folder / "said").read_text().split())
        os.killpg(demo.pid, signal.SIGINT)  # to everything that runs in the terminal
        assert demo.wait(60) == 0, (short_folder / "said").read_text()
    finally:
        if demo.poll() is None:
            demo.terminate()
            demo.wait(60)
    assert not listens(port)
    assert not listens(provider)
    for store in ("cache", "queue"):
        with pytest.raises(RedisAway), Redis.from_url(f"unix://{data / store / 'valkey.sock'}") as client:
            client.ping()
