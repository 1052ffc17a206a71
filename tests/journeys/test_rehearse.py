"""`ticketing rehearse` as an operator runs it: a stack of its own, and a site that runs already."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.servers import require
from tests.stack import Stack, running
from ticketing.cli.rehearse import cap_for, sold_out_within
from ticketing.settings import read_settings

# What holds on any machine, however slow and shared: everything but speed.
TRUTHS = {
    "double sales", "lost orders", "inversions", "cap", "bots", "availability", "unexpected answers", "unfinished",
    "fsck",
}  # fmt: skip

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


def end(command: Sequence[str], seconds: float, **how: Any) -> tuple[int, str, str]:
    """Exit code, output and errors of a command. One that takes too long is told to stop, so that its stack stops."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how) as running:
        try:
            output, errors = running.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            running.terminate()
            raise
    return running.returncode, output, errors


def rehearse(folder: Path, *options: str, **environ: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, verdict, and what was said."""
    command = [sys.executable, "-m", "ticketing", "rehearse", "--json", "--report", str(folder), *options]
    code, output, said = end(command, 170, env=os.environ | environ)
    return code, json.loads(output) if output else {}, said


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
    _, verdict, said = rehearse(tmp_path / "report", *options, "--lobby", "3", "--pace", "0.2")
    assert verdict, said
    criteria = found(verdict)
    assert criteria["double sales"], said
    assert criteria["lost orders"], said
    assert criteria["availability"], said
    assert criteria["inversions"] is None
    assert criteria["sold out"] is None, "eight people do not buy a whole house"


def test_a_show_is_to_sell_out_only_where_the_fans_can_buy_it_all() -> None:
    assert sold_out_within(None, fans=300, free=50_000) is None
    assert sold_out_within(None, fans=300, free=600) is None
    assert sold_out_within(None, fans=300, free=599) == 60.0
    assert sold_out_within(None, fans=300, free=599, most=4) == 60.0
    assert sold_out_within(None, fans=300, free=599, most=1) is None
    assert sold_out_within(True, fans=300, free=50_000) == 60.0
    assert sold_out_within(False, fans=300, free=1) is None


def test_the_cap_follows_the_fans_as_far_as_a_line_can_be_set(stack: Stack) -> None:
    assert [cap_for(fans) for fans in (1, 300, 200_001, 1_000_000)] == [1, 150, 100_000, 100_000]
    largest = {"TICKETING_LINE_CAP": str(cap_for(1_000_000))}
    assert read_settings(stack.environ | largest).line_cap == 100_000


def test_control_a_site_that_asks_nobody_for_a_pass(tmp_path: Path, short_folder: Path) -> None:
    """The same fans and bots as above, before a real API process whose check of the pass was taken off."""
    stack = Stack(short_folder / "open")
    with running(stack, api=False):
        stack.start_api(programme=("tests.drills.bad_process", "no-pass"))
        event = stack.add_event(opens_in_ms=6_000, waiting_room=True)
        options = ("--url", stack.url, "--event", event.id, "--fans", "6", "--sign-up", "50", "--lobby", "4")
        code, verdict, said = rehearse(tmp_path / "report", *options, "--duration", "8", "--pace", "0.2")
    assert verdict, said
    (bots,) = [criterion for criterion in verdict["criteria"] if criterion["name"] == "bots"]
    assert (code, bots["passed"]) == (1, False)
    assert {what.partition(":")[0] for what in bots["details"]} >= {"no pass", "invented pass"}


def test_what_cannot_be_rehearsed_is_said(tmp_path: Path) -> None:
    code, verdict, said = rehearse(tmp_path, "--url", "http://127.0.0.1:9", "--fans", "1")
    assert (code, verdict) == (2, {})
    assert "does not answer" in said
    code, _, said = rehearse(tmp_path, "--url", "https://tickets.example.com", "--fans", "1")
    assert code == 2
    assert "plain HTTP" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--seats", "1"), "--seats must be"),
        (("--cap", "100001"), "100000"),
        (("--database", "postgresql://localhost/x"), "--database cannot be used"),
        (("--database", "nonsense"), "--database cannot be used"),
        (("--database", "mysql+asyncmy://nobody:nothing@127.0.0.1:9/x", "--fans", "1"), "DatabaseAway"),
        (("--keep", "a-file"), "--keep a-file cannot be used"),
        (("--keep", "."), "is not empty"),
        (("--report", "a-file/report"), "--report a-file/report cannot be written"),
        (("--accounts", "a-file", "--event", "evt_1"), "--event, --accounts: only with --url"),
        (("--url", "http://127.0.0.1:9", "--no-line", "--keep", "k"), "--line, --keep: only without --url"),
        (("--url", "http://127.0.0.1:9", "--accounts", "a-file", "--sign-up", "7"), "--sign-up: only without"),
        (("--url", "http://127.0.0.1:99999"), "out of range"),
        (("--url", "http://a[/b]"), "http://a[/b]: "),
    ],
)
def test_options_that_cannot_be_meant_end_with_2_and_a_line(tmp_path: Path, options: list[str], said: str) -> None:
    (tmp_path / "a-file").write_text("")
    command = [sys.executable, "-m", "ticketing", "rehearse", "--json", *options]
    environ = os.environ | {"PYTHONPATH": str(Path("src").resolve()), "COLUMNS": "200"}
    code, output, errors = end(command, 60, cwd=tmp_path, env=environ)
    assert (code, output) == (2, ""), errors
    assert said in errors
    assert "Traceback" not in errors


def test_a_priority_that_may_not_be_given_is_said_before_anything_is_built(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ticketing", "rehearse", "--json", "--report", str(tmp_path / "r"), "--nice", "-5"]
    if os.geteuid() == 0:
        require("setpriv", shutil.which("setpriv") is not None)  # to be root without that right
        command = ["setpriv", "--bounding-set=-sys_nice", *command]
    code, output, errors = end(command, 60)
    assert (code, output) == (2, ""), errors
    assert "--nice -5 needs root" in errors
    assert "starting" not in errors


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
