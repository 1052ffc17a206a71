"""The smoke test of `make demo` passes on a site that keeps the README's promises, and only there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SITE = """
import http.server, json, sys

STATUS = "@status@"
ANSWERS = {
    "/health/ready": (200, "{}"),
    "/": (200, "<!doctype html><html></html>"),
    "/api/events": (200, json.dumps({"events": [{"status": STATUS}]})),
}

class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        code, body = ANSWERS[self.path]
        self.send_response(code)
        self.end_headers()
        self.wfile.write(body.encode())

if STATUS == "crash":
    sys.exit(3)
try:
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Site).serve_forever()
except KeyboardInterrupt:
    pass
"""


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        pytest.param("on_sale", 0, "ended at Ctrl-C", id="as-promised"),
        pytest.param("announced", 1, "no show is on sale", id="nothing-on-sale"),
        pytest.param("crash", 1, "ended by itself", id="does-not-start"),
    ],
)
def test_demo_is_judged_as_a_visitor_would(tmp_path: Path, status: str, code: int, said: str) -> None:
    checkout = tmp_path / "a check out"
    (checkout / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "smoke_demo.py", checkout / "scripts")
    (checkout / "site.py").write_text(SITE.replace("@status@", status))
    (checkout / "Makefile").write_text(f'demo:\n\t@"{sys.executable}" site.py $(ARGS)\n')
    done = subprocess.run(
        [sys.executable, checkout / "scripts" / "smoke_demo.py", "--seconds", "30"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr
