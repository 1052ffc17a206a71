"""The first minute on a new machine: which Python and Node are taken, and what is said when there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts import bootstrap

ROOT = Path(__file__).parents[2]
TOO_OLD = "#!/bin/sh\nexit 1\n"


def program(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script)
    path.chmod(0o755)


def fitting(name: str) -> str:
    """A stand-in for a new enough Python, which says its own name when asked for its path."""
    return f'#!/bin/sh\ncase "$2" in *executable*) echo {name} ;; esac\n'


def choose_python(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", ROOT / "scripts" / "python.sh"],
        env={"PATH": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_newest_python_that_runs_is_chosen(tmp_path: Path) -> None:
    program(tmp_path / "python3.13", "#!/bin/sh\nexit 127\n")  # a shim with nothing behind it
    program(tmp_path / "python3.12", fitting("twelve"))
    program(tmp_path / "python3", fitting("plain"))
    assert choose_python(tmp_path).stdout == "twelve\n"
    assert choose_python(tmp_path, PYTHON="python3").stdout == "plain\n"


def test_no_fitting_python_is_said_clearly(tmp_path: Path) -> None:
    program(tmp_path / "python3", TOO_OLD)
    none = choose_python(tmp_path)
    assert none.returncode == 1
    assert "needs Python 3.11 or newer" in none.stderr
    program(tmp_path / "python3.11", fitting("eleven"))
    named = choose_python(tmp_path, PYTHON="python3")
    assert named.returncode == 1
    assert "PYTHON=python3 is not" in named.stderr


@pytest.mark.parametrize(
    ("own_node", "expected"),
    [
        pytest.param("#!/bin/sh\nexit 0\n", "own", id="new-enough"),
        pytest.param(TOO_OLD, "wheel", id="too-old"),
        pytest.param(None, "wheel", id="none"),
    ],
)
def test_node_of_the_wheel_is_used_when_the_machine_has_none(
    tmp_path: Path, own_node: str | None, expected: str
) -> None:
    checkout = tmp_path / "a check out"
    (checkout / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "node.sh", checkout / "scripts")
    say = "#!/bin/sh\necho {}\n"
    program(checkout / ".tools" / "bin" / "npm", say.format("wheel"))
    program(checkout / ".venv" / "bin" / "python", '#!/bin/sh\n[ "$*" = "scripts/bootstrap.py node" ]\n')
    path = tmp_path / "path"
    program(path / "npm", say.format("own"))
    if own_node is not None:
        program(path / "node", own_node)
    (path / "dirname").symlink_to(shutil.which("dirname") or "/usr/bin/dirname")
    done = subprocess.run(
        ["/bin/sh", checkout / "scripts" / "node.sh", "npm"],
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{expected}\n"


def fake_venv(folder: Path, python: str) -> None:
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to(python)


def test_virtualenv_is_kept_where_it_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert bootstrap.reason_to_remake(exact=True) is None
    fake_venv(tmp_path, sys.executable)
    assert bootstrap.reason_to_remake(exact=True) is None
    (tmp_path / ".venv" / ".home").write_text(str(tmp_path))
    assert bootstrap.reason_to_remake(exact=False) is None


def test_virtualenv_of_a_moved_checkout_is_remade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fake_venv(tmp_path, sys.executable)
    (tmp_path / ".venv" / ".home").write_text("/somewhere/else")
    assert bootstrap.reason_to_remake(exact=False) == "the checkout was moved here"


def test_virtualenv_whose_python_is_gone_is_remade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fake_venv(tmp_path, str(tmp_path / "uninstalled"))
    assert bootstrap.reason_to_remake(exact=False) == "its Python does not run"


def test_folder_that_is_no_virtualenv_is_never_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "letters.txt").write_text("dear diary")
    with pytest.raises(bootstrap.BootstrapError, match="is not a virtualenv"):
        bootstrap.venv(exact=False, stamp=None)
    assert (tmp_path / ".venv" / "letters.txt").exists()


def test_python_without_pip_or_uv_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bootstrap, "succeeds", lambda _command: False)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(bootstrap.BootstrapError, match="apt install python3-venv"):
        bootstrap.make_venv()


def test_downloads_are_tried_again_and_then_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    tried = tmp_path / "tried"
    script = f"import pathlib, sys; p = pathlib.Path({str(tried)!r}); n = len(p.read_text()) if p.exists() else 0; "
    script += "p.write_text('x' * (n + 1)); sys.exit(n < int(sys.argv[1]))"
    bootstrap.run([sys.executable, "-c", script, "2"], tries=3)
    assert tried.read_text() == "xxx"
    assert len(pauses) == 2
    with pytest.raises(bootstrap.BootstrapError, match="exit code 1"):
        bootstrap.run([sys.executable, "-c", script, "99"], tries=3)
    assert len(tried.read_text()) == 6


def test_installers_are_kept_inside_the_virtualenv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", "/another/project")
    monkeypatch.setenv("PIP_USER", "1")
    seen = bootstrap.environment()
    assert "VIRTUAL_ENV" not in seen
    assert seen["PIP_USER"] == "0"
    assert seen["PATH"] == os.environ["PATH"]
