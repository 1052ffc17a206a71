"""The bench is run by hand; here that every part can be imported, is documented, and says what it cannot do."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import bench
from bench import __main__ as programme
from bench.line import cdn, million
from bench.line.costs import Cost, Costs
from bench.tables import TABLES, chosen
from tests.servers import mariadb
from ticketing.rehearsal.policy import draw_span

ROOT = Path(__file__).parents[2]
MODULES = [module.name for module in pkgutil.walk_packages(bench.__path__, "bench.") if "__main__" not in module.name]


@pytest.mark.parametrize("module", MODULES)
def test_it_can_be_imported(module: str) -> None:
    importlib.import_module(module)


def test_the_document_names_the_command_of_every_table() -> None:
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    commands = " ".join(re.findall(r"`[^`]*python -m bench ([^`]*)`", text)).split()
    assert {table.name for table in TABLES} - set(commands) == set()
    asked = [word for word in commands if not word.startswith("--") and not re.fullmatch(r"[-\d.]+|mariadb|both", word)]
    for name in asked:
        assert chosen([name])


def test_every_table_is_printed_when_none_is_named() -> None:
    assert chosen([]) == list(TABLES)
    assert [table.minutes for table in TABLES] == sorted(table.minutes for table in TABLES)
    assert [table.name for table in chosen(["line", "fulfil"])] == [
        "fulfil", "line:slots", "line:cdn", "line:costs", "line:waiters",
    ]  # fmt: skip


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["bench", *arguments])
    try:
        return programme.main()
    except SystemExit as stopped:
        return int(stopped.code or 0)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("fulfil --rounds 0", "argument --rounds"),
        ("fulfil --rounds x", "no whole number"),
        ("fulfil --scale 0", "argument --scale"),
        ("fulfil --scale nan", "argument --scale"),
        ("fulfil --nice 40", "argument --nice"),
        ("nought", "no such table: nought"),
    ],
)
def test_what_cannot_be_measured_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: str, says: str
) -> None:
    assert run(monkeypatch, *given.split()) == 2
    assert says in capsys.readouterr().err


def test_a_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cdn, "available", lambda: False)
    monkeypatch.setattr(mariadb, "available", lambda: False)
    assert run(monkeypatch, "line:cdn") == 2
    assert "line:cdn needs nginx" in capsys.readouterr().err
    assert run(monkeypatch, "line:costs", "--database", "mariadb") == 2
    assert "MariaDB" in capsys.readouterr().err
    assert run(monkeypatch, "line", "--database", "both") == 2
    assert "MariaDB" in capsys.readouterr().err


def test_what_is_missing_is_left_out_of_all_and_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = [table for table in TABLES if table.name in ("pages", "line:cdn")]
    monkeypatch.setattr(programme, "chosen", lambda _: few)
    monkeypatch.setattr(cdn, "available", lambda: False)
    assert run(monkeypatch) == 2
    printed = capsys.readouterr()
    assert "make web" in printed.out
    assert "left out: line:cdn, which needs nginx" in printed.err
    assert "1 tables: about 0 minutes" in printed.err
    few.pop()
    assert run(monkeypatch) == 0


def test_who_interrupts_keeps_what_was_printed() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "bench", "pages", "imports"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}, text=True,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        printed = ""
        while "$ python -m pytest" not in printed:
            printed += running.stdout.readline()
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert "make web" in printed
    assert running.returncode == 130
    assert "interrupted in imports; left: imports" in said


def test_a_million_look_at_the_draw_over_the_span_of_the_policy() -> None:
    cost = Cost("", 1.0, 100.0, 0.0, 0.0, 0.0)
    costs = Costs(cost, cost, cost, cost, cost, 400.0, 0.0)
    for people in (10_000, 100_000, 1_000_000):
        told = million.story(people, 200, costs)
        assert told.reveal == pytest.approx(people / draw_span(people))
        assert told.joins == pytest.approx(people * 0.05, rel=0.05), "a fifth come within four seconds"
    assert told.reveal == 50_000
