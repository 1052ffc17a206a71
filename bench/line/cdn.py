"""A caching proxy in front of the application: how much of what the crowd asks gets through?

nginx with `proxy_cache_lock` and keep-alive to the application stands for the CDN. What reaches the application is
counted in nginx's log of its upstream.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.line.crowd import Plan
from bench.line.play import Played, play, processes_for
from bench.line.probe import PRIORITY, load_average
from bench.line.waiters import wait_for_lobby
from tests.stack import Stack, free_port
from ticketing.catalog.arena import arena
from ticketing.rehearsal.loop import raise_descriptor_limit

WAITERS = (100, 10_000, 100_000)
LINE_SECONDS = 480.0
"""People look as if they stood in a line of eight minutes: N/60 + 27 N/480 looks a second when it is full."""

_CONFIG = """
user root;
worker_processes {workers};
worker_rlimit_nofile {files};
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
daemon off;
events {{ worker_connections {connections}; }}
http {{
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  log_format origin '$msec $upstream_status $upstream_cache_status';
  map $upstream_status $asked {{ "" 0; default 1; }}
  keepalive_timeout 120; keepalive_requests 1000000;
  proxy_cache_path {folder}/cache keys_zone=status:1m inactive=1d;
  upstream application {{ server 127.0.0.1:{origin}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port} reuseport backlog=4096;
    access_log {folder}/origin.log origin if=$asked;
    location /status/ {{
      proxy_pass http://application;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache status;
      proxy_cache_key $uri;
      proxy_cache_lock on;
      proxy_cache_use_stale updating error timeout http_502 http_503;
    }}
  }}
}}
"""


@dataclass
class Cached:
    """One size of crowd. Looks per second asked of the proxy, and requests per second that reached the application."""

    people: int
    asked: float
    reached: float
    reached_most: int
    played: Played
    load: float


def available() -> bool:
    """Whether nginx is installed."""
    return shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin:/usr/local/sbin") is not None


@contextlib.contextmanager
def nginx(folder: Path, origin: int) -> Iterator[int]:
    """A caching proxy of one application; gives its port."""
    files = raise_descriptor_limit()
    port = free_port()
    folder.mkdir()
    config = folder / "nginx.conf"
    config.write_text(
        _CONFIG.format(
            workers=max(1, processes_for(int(max(WAITERS) * 1.1))), files=files, connections=files - 500,
            folder=folder, origin=origin, port=port,
        )
    )  # fmt: skip
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin:/usr/local/sbin")
    assert program is not None
    process = subprocess.Popen([program, "-c", str(config), "-p", str(folder)], stderr=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(20)


def measure(scale: float) -> list[Cached]:
    """All sizes of crowd, one after the other, on one stack with one API process."""
    with tempfile.TemporaryDirectory(prefix="tkb") as folder:
        stack = Stack(Path(folder), processes=1)
        try:
            stack.start()
            PRIORITY.give_stack(stack)
            event = stack.add_event(arena(50_000), waiting_room=True, opens_in_ms=3_000_000)
            wait_for_lobby(stack, event)
            with nginx(Path(folder) / "nginx", stack.port) as port:
                for _ in range(100):
                    with contextlib.suppress(httpx.HTTPError):
                        httpx.get(f"http://127.0.0.1:{port}/status/{event.id}.json", timeout=2)
                        break
                    time.sleep(0.1)
                log = Path(folder) / "nginx" / "origin.log"
                return [_one(event.id, port, log, max(10, int(people * scale))) for people in WAITERS]
        finally:
            stack.stop()


def _one(event_id: str, port: int, log: Path, people: int) -> Cached:
    arrive, hold = max(3.0, people / 2_500), 20.0
    begin = time.monotonic() + max(2.0, people / 20_000)
    measured_from = time.time() + begin - time.monotonic() + arrive
    plan = Plan(
        event_id, 0, 1, people, ("127.0.0.1", port), begin, arrive, begin + 3600, begin + arrive + hold, late=0.0,
        only_look=LINE_SECONDS,
    )  # fmt: skip
    loads: list[float] = []

    def wait(_: list[int]) -> None:
        while time.monotonic() < plan.end - 1:
            loads.append(load_average())
            time.sleep(0.5)

    played = play(plan, {}, wait)
    seconds: Counter[int] = Counter()
    for line in log.read_text().splitlines():
        at = float(line.split()[0])
        if measured_from <= at < measured_from + hold:
            seconds[int(at)] += 1
    asked = sum(histogram.count for kind, histogram in played.latencies.items() if kind.startswith("status"))
    return Cached(
        people, asked / (arrive / 2 + hold), sum(seconds.values()) / hold, max(seconds.values(), default=0), played,
        max(loads),
    )  # fmt: skip
