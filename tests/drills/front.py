"""What stands before the application: HAProxy as the load balancer, nginx as the cache that a CDN is.

HAProxy asks every API process for `/health/ready` twice a second and takes out what is dead, draining or silent; like
AWS's balancer it does not send a request again that a process may have begun. nginx keeps what answers say may be
kept (`Cache-Control: public`), serves what it last had while the origin fails, and passes on all else.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.drills.switch import is_open
from tests.stack import free_port

_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/usr/local/bin"))

_HAPROXY = """
global
  maxconn 2000
  stats socket {folder}/haproxy.sock mode 600 level admin
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 20s
  timeout check 1s
  retries 2
  option redispatch 1
  retry-on conn-failure
  option http-keep-alive
  http-reuse safe
frontend balancer
  bind 127.0.0.1:{port}
  default_backend api
backend api
  balance leastconn
  option httpchk GET /health/ready
  http-check expect status 200
  default-server inter 500ms fastinter 250ms fall 2 rise 1 observe layer4 error-limit 2 on-error mark-down
{servers}
"""

_NGINX = """
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log warn;
daemon off;
events {{ worker_connections 1024; }}
http {{
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  access_log off;
  proxy_cache_path {folder}/kept keys_zone=kept:2m inactive=1h;
  upstream balancer {{ server 127.0.0.1:{origin} max_fails=0; keepalive 32; keepalive_timeout 20s; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{
      proxy_pass http://balancer;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_read_timeout 20s;
      proxy_cache kept;
      proxy_cache_key $request_uri;
      proxy_cache_lock on;
      proxy_cache_use_stale error timeout updating http_502 http_503 http_504;
      proxy_cache_background_update on;
      add_header X-Cache $upstream_cache_status always;
    }}
  }}
}}
"""


def find(program: str) -> str | None:
    """Where a program is, also where packages put servers."""
    return shutil.which(program, path=_PATH)


def missing() -> list[str]:
    """Programs that are not installed."""
    return [name for name in ("haproxy", "nginx") if find(name) is None]


class Front:
    """Balancer and cache in front of API processes on these ports; `port` is what buyers know."""

    def __init__(self, folder: Path, apis: Sequence[int], *, checks: bool = True) -> None:
        self.folder = folder
        self.port, self.balancer_port = free_port(), free_port()
        self._apis = list(apis)
        self._checks = checks
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start both and wait until they listen."""
        self.folder.mkdir(parents=True, exist_ok=True)
        check = " check" if self._checks else ""
        servers = "\n".join(
            f"  server api-{number} 127.0.0.1:{port}{check}" for number, port in enumerate(self._apis, 1)
        )
        haproxy, nginx = self.folder / "haproxy.cfg", self.folder / "nginx.conf"
        haproxy.write_text(_HAPROXY.format(folder=self.folder, port=self.balancer_port, servers=servers))
        user = "user root;" if os.getuid() == 0 else ""
        nginx.write_text(_NGINX.format(folder=self.folder, port=self.port, origin=self.balancer_port, user=user))
        self._spawn("haproxy", "-db", "-f", str(haproxy))
        self._spawn("nginx", "-c", str(nginx), "-p", str(self.folder))
        deadline = time.monotonic() + 20
        while not (is_open(self.port) and is_open(self.balancer_port)):
            if time.monotonic() > deadline:
                raise AssertionError("balancer or cache did not start:\n" + self.log()[-2000:])
            time.sleep(0.05)

    def _spawn(self, program: str, *arguments: str) -> None:
        path = find(program)
        assert path is not None, f"{program} is not installed: apt-get install {program}"
        with (self.folder / "front.log").open("ab") as log:
            self._processes[program] = subprocess.Popen([path, *arguments], stdout=log, stderr=log)

    def pids(self) -> dict[str, int]:
        """Process ids of haproxy, nginx and nginx's worker, which does its work."""
        found = {name: process.pid for name, process in self._processes.items()}
        master = found["nginx"]
        workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return found | {"nginx worker": int(workers[0])} if workers else found

    def log(self) -> str:
        """What both said."""
        return (self.folder / "front.log").read_text(errors="replace")

    def states(self) -> dict[str, str]:
        """API process → what the balancer thinks of it: UP, DOWN, …"""
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as client:
            client.settimeout(5)
            client.connect(str(self.folder / "haproxy.sock"))
            client.sendall(b"show stat\n")
            text = b"".join(iter(lambda: client.recv(65536), b"")).decode()
        lines = [line.split(",") for line in text.splitlines()]
        status = lines[0].index("status")
        return {line[1]: line[status] for line in lines if line[0] == "api" and line[1].startswith("api-")}

    def wait_for(self, name: str, *, up: bool, timeout: float = 60.0) -> None:
        """Wait until the balancer has taken a process in, or out. At once where it does not check."""
        if not self._checks:
            return
        deadline = time.monotonic() + timeout
        while self.states()[name].startswith("UP") != up:
            if time.monotonic() > deadline:
                raise AssertionError(f"the balancer says of {name}: {self.states()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End both."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait(20)
        self._processes.clear()
