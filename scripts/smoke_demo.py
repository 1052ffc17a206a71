"""Does what a newcomer does: `make demo`, look at the site, Ctrl-C. Ends with 0 when all of it went as promised.

    python scripts/smoke_demo.py [--seconds 300]

`--seconds` bounds the time until the site answers, installation and web build included.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

STOP_SECONDS = 60.0


class SmokeError(Exception):
    """The demo did not do what the README promises; the message says what."""


def fetch(url: str) -> tuple[int, bytes]:
    """Status and body of a GET; any status is an answer. Raises OSError when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 always http on loopback
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def await_ready(demo: subprocess.Popen[bytes], site: str, seconds: float) -> None:
    """Return once the demo says that it is ready. Raises SmokeError when it ends before, or takes too long."""
    deadline = time.monotonic() + seconds
    last = "no answer"
    while time.monotonic() < deadline:
        if demo.poll() is not None:
            raise SmokeError(f"`make demo` ended by itself with exit code {demo.returncode}")
        try:
            status, body = fetch(f"{site}/health/ready")
        except OSError as error:
            last = str(error)
        else:
            if status == 200:
                return
            last = f"{status} {body[:300].decode(errors='replace')}"
        time.sleep(0.5)
    raise SmokeError(f"the demo was not ready after {seconds:.0f} s; last: {last}")


def look_around(site: str) -> None:
    """Check what a visitor meets first. Raises SmokeError at the first thing amiss."""
    status, page = fetch(f"{site}/")
    if status != 200 or b"<html" not in page.lower():
        raise SmokeError(f"the front page answered {status} with {page[:200]!r}")
    status, body = fetch(f"{site}/api/events")
    events = json.loads(body).get("events", []) if status == 200 else []
    if not any(event["status"] == "on_sale" for event in events):
        raise SmokeError(f"no show is on sale: {status} {body[:300]!r}")


def stop(demo: subprocess.Popen[bytes], port: int) -> None:
    """Press Ctrl-C, as a terminal would: to make and to all that it started. Raises SmokeError if anything stays."""
    os.killpg(demo.pid, signal.SIGINT)
    try:
        demo.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        raise SmokeError(f"the demo still ran {STOP_SECONDS:.0f} s after Ctrl-C") from None
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise SmokeError("something still listens on the demo's port after Ctrl-C")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def main() -> int:
    """Run the whole visit; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=300.0, help="until the site must answer")
    seconds = parser.parse_args().seconds
    os.chdir(Path(__file__).resolve().parent.parent)
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="demo-") as data:
        # A session of its own, so that Ctrl-C reaches the demo's processes and not this one.
        demo = subprocess.Popen(["make", "demo", f"ARGS=--port {port} --data {data}"], start_new_session=True)
        try:
            await_ready(demo, site, seconds)
            ready = time.monotonic() - started
            look_around(site)
            stop(demo, port)
        except SmokeError as error:
            print(f"smoke: {error}", file=sys.stderr)
            return 1
        finally:
            if demo.poll() is None:
                os.killpg(demo.pid, signal.SIGKILL)
                demo.wait()
    print(f"smoke: the demo was ready after {ready:.1f} s, had a show on sale, and ended at Ctrl-C")
    return 0


if __name__ == "__main__":
    sys.exit(main())
