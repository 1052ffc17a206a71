"""`ticketing rehearse` as an operator runs it: a stack of its own, and a site that runs already."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.stack import Stack

# What holds on any machine, however slow and shared: everything but speed.
TRUTHS = {"double sales", "lost orders", "inversions", "cap", "bots", "availability", "unfinished", "fsck"}

# What a machine that serves a sale has set. Nobody answers at any of it: whatever of the rehearsal used it would fail.
OF_A_RUNNING_SALE = {
    "TICKETING_DATABASE_URL": "mysql+asyncmy://nobody:nothing@127.0.0.1:9/sale",
    "TICKETING_VALKEY_URL": "redis://127.0.0.1:9",
    "TICKETING_QUEUE_URL": "https://127.0.0.1:9/orders",
    "TICKETING_BLOBS_URL": "s3://tickets-of-the-sale",
    "TICKETING_STATUS_URL": "s3://status-of-the-sale",
    "TICKETING_MAIL_URL": "smtp://a:b@127.0.0.1:9",
    "TICKETING_PAYMENT_URL": "http://127.0.0.1:9",
    "TICKETING_ALERTS_URL": "arn:aws:sns:ap-northeast-2:123456789012:alarm",
    "TICKETING_SESSION_SECONDS_FILE": "/of/the/sale/session-seconds",
}


def rehearse(folder: Path, *options: str, **environ: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, verdict, and what was said."""
    done = subprocess.run(
        [sys.executable, "-m", "ticketing", "rehearse", "--json", "--report", str(folder), *options],
        capture_output=True,
        timeout=170,
        env=os.environ | environ,
        check=False,
    )
    said = done.stderr.decode(errors="replace")
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, said


def found(verdict: dict[str, Any]) -> dict[str, bool | None]:
    return {criterion["name"]: criterion["passed"] for criterion in verdict["criteria"]}


def test_a_small_sale_on_a_stack_of_its_own_whatever_the_machine_is_set_to(tmp_path: Path) -> None:
    options = ("--fans", "40", "--seats", "60", "--lobby", "4", "--duration", "9", "--pace", "0.3", "--sign-ins", "8")
    code, verdict, said = rehearse(tmp_path / "report", *options, **OF_A_RUNNING_SALE)
    assert verdict, said
    criteria = found(verdict)
    assert {name: criteria[name] for name in TRUTHS} == dict.fromkeys(TRUTHS, True), said
    assert code == (0 if verdict["passed"] else 1)
    written = json.loads((tmp_path / "report" / "verdict.json").read_text())
    assert written["criteria"] == verdict["criteria"]
    assert written["orders"]["ticketed"] > 5
    assert "</html>" in (tmp_path / "report" / "report.html").read_text()


def test_a_site_that_runs_already(tmp_path: Path, stack: Stack) -> None:
    event = stack.add_event()
    options = ("--url", stack.url, "--event", event.id, "--fans", "8", "--sign-up", "50", "--duration", "8")
    _, verdict, said = rehearse(tmp_path / "report", *options, "--lobby", "3", "--pace", "0.2", "--no-sell-out")
    assert verdict, said
    criteria = found(verdict)
    assert criteria["double sales"], said
    assert criteria["lost orders"], said
    assert criteria["availability"], said
    assert criteria["inversions"] is None


def test_what_cannot_be_rehearsed_is_said(tmp_path: Path) -> None:
    code, verdict, said = rehearse(tmp_path, "--url", "http://127.0.0.1:9", "--fans", "1")
    assert (code, verdict) == (2, {})
    assert "does not answer" in said
    code, _, said = rehearse(tmp_path, "--url", "https://tickets.example.com", "--fans", "1")
    assert code == 2
    assert "plain HTTP" in said
    code, _, said = rehearse(tmp_path, "--seats", "1")
    assert code == 2
    assert "--seats" in said


def test_who_stops_a_rehearsal_is_told_how_it_stood(tmp_path: Path, stack: Stack) -> None:
    event = stack.add_event()
    accounts = tmp_path / "fans.jsonl"
    accounts.write_text('{"token": "not a session"}\n' * 3)
    options = ("--url", stack.url, "--event", event.id, "--fans", "3", "--accounts", str(accounts), "--duration", "120")
    command = [sys.executable, "-m", "ticketing", "rehearse", "--json", "--report", str(tmp_path / "r"), *options]
    with subprocess.Popen([*command, "--pace", "50"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stderr is not None
        assert running.stdout is not None
        said = running.stderr.readline()  # the first line of progress
        running.terminate()
        verdict = json.loads(running.stdout.read())
        said += running.stderr.read()
        assert running.wait(30) == 1, said
    assert found(verdict)["unfinished"] is False


def test_ctrl_c_in_a_terminal_still_leaves_the_stores_to_be_judged(tmp_path: Path) -> None:
    options = ("--fans", "20", "--seats", "60", "--lobby", "3", "--duration", "120", "--pace", "20", "--sign-ins", "2")
    command = [sys.executable, "-m", "ticketing", "rehearse", "--json", "--report", str(tmp_path / "r"), *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, start_new_session=True) as running:
        assert running.stderr is not None
        assert running.stdout is not None
        said = b""
        while not (line := running.stderr.readline()).startswith(b"T") and line:
            said += line
        os.killpg(running.pid, signal.SIGINT)  # to everything that runs in the terminal
        verdict = json.loads(running.stdout.read() or "{}")
        said += running.stderr.read()
        assert running.wait(60) == 1, said
    criteria = found(verdict)
    assert criteria["fsck"], said
    assert criteria["unfinished"] is False
