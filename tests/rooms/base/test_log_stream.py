"""A log that cannot be written ends nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.servers import require

_LOGS = """
import logging, structlog
from ticketing.base.telemetry import set_up_logging
set_up_logging()
for n in range(2000):
    structlog.get_logger("x").info("tick", n=n, padding="x" * 200)
    logging.getLogger("y").warning("plain %d", n)
print("still here")
"""
_PRINTS = """
import sys
for n in range(2000):
    print("tick" * 50, file=sys.stderr)
print("still here")
"""


def _with_full_disk(program: str) -> subprocess.CompletedProcess[str]:
    full = Path("/dev/full")
    require("/dev/full (Linux)", full.exists())
    with full.open("w") as stderr:
        return subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=stderr, text=True, check=False, timeout=60,
            env=os.environ | {"PYTHONPATH": "src"},
        )  # fmt: skip


def test_a_full_disk_below_the_log_ends_no_process() -> None:
    done = _with_full_disk(_LOGS)
    assert done.stdout == "still here\n"


def test_control_without_it_the_process_ends() -> None:
    assert "still here" not in _with_full_disk(_PRINTS).stdout


def test_what_can_be_written_is_there() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOGS], capture_output=True, text=True, check=True, timeout=60,
        env=os.environ | {"PYTHONPATH": "src"},
    )  # fmt: skip
    lines = done.stderr.splitlines()
    assert len(lines) == 4000
    assert json.loads(lines[0])["n"] == 0
