"""`ticketing verify-draw`: exit codes, packed files, what it says to people and to machines."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ticketing.cli import app

VECTORS = json.loads((Path(__file__).parent / "draw_vectors.json").read_text(encoding="utf-8"))
EXPORTS = {each["name"]: "".join(f"{line}\n" for line in each["lines"]).encode() for each in VECTORS["exports"]}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["verify-draw", *map(str, arguments)])


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "draw.jsonl"
    path.write_bytes(EXPORTS["plain"])
    return path


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.parametrize("packed", [False, True])
def test_a_genuine_draw_is_proved(name: str, packed: bool, tmp_path: Path) -> None:
    path = tmp_path / "draw"
    path.write_bytes(gzip.compress(EXPORTS[name]) if packed else EXPORTS[name])
    result = run(path)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == "proved"
    assert ("without outside randomness" in result.output) == (name != "with a beacon")


def test_a_changed_draw_fails(plain: Path) -> None:
    plain.write_bytes(EXPORTS["plain"].replace(b",12]", b",11]"))
    result = run(plain)
    assert result.exit_code == 1
    assert "was given place 11; the draw gives it place 12" in result.output
    assert result.output.splitlines()[-1] == "NOT proved"


def test_what_was_noted_is_compared(plain: Path) -> None:
    digest = json.loads(EXPORTS["plain"].splitlines()[0])["digest"]
    assert run(plain, "--digest", digest).exit_code == 0
    assert run(plain, "--digest", "0" * 64).exit_code == 1
    assert run(plain, "--commitment", "0" * 64).exit_code == 1


def test_somebody_is_looked_up(plain: Path) -> None:
    subject, place = json.loads(EXPORTS["plain"].splitlines()[3])
    result = run(plain, "--index", "3", "--json")
    found = json.loads(result.stdout)
    assert found["ok"]
    assert found["person"] == {"index": 3, "subject": subject, "place": place}
    assert found["record"]["event_id"] == "evt_abcdefgh"
    assert f"has place {place}" in run(plain, "--subject", subject, "--place", str(place)).output
    assert run(plain, "--place", "13").exit_code == 1


@pytest.mark.parametrize("arguments", [("--digest", "abc"), ("--commitment", "x" * 64), ("--index", "0")])
def test_wrong_usage_is_told_apart(plain: Path, arguments: tuple[str, str]) -> None:
    assert run(plain, *arguments).exit_code == 2


def test_a_file_that_cannot_be_read_is_told_apart(tmp_path: Path) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(EXPORTS["plain"])[:-20])
    for path in (tmp_path / "missing", tmp_path, cut):
        result = run(path)
        assert result.exit_code == 2
        assert "cannot read" in result.output


def test_rubbish_is_not_proved(tmp_path: Path) -> None:
    path = tmp_path / "rubbish"
    for content in (b"", b"\x1f", b"hello\n", b"\0" * 10_000):
        path.write_bytes(content)
        assert run(path).exit_code == 1
