"""Every command of the drills says what this machine lacks, and how to get it, before anything starts."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.drills import controls, drill, front, preflight, programme, run_stack, soak
from tests.servers import mariadb


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nothing of it is installed, and where no stack may be started."""
    monkeypatch.setattr(front, "_PATH", str(tmp_path))
    monkeypatch.setattr(mariadb, "_PLACES", str(tmp_path))
    monkeypatch.setattr(preflight, "LIBFAKETIME", None)
    # Without rights: another program of that name, since tests may be run by root.
    mount = tmp_path / "mount"
    mount.write_text("#!/bin/sh\necho 'mount: must be superuser to use mount.' >&2\nexit 1\n")
    mount.chmod(0o755)
    shell = shutil.which("sh")
    assert shell is not None
    monkeypatch.setenv("PATH", f"{tmp_path}:{Path(shell).parent}")

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("a stack was started")

    for module in (programme, controls, run_stack, soak):
        monkeypatch.setattr(module, "stack_for", never)


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("main", [programme.main, controls.main, run_stack.main, soak.main])
def test_each_command_says_what_is_missing(main: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([])
    assert end.value.code == 2
    said = capsys.readouterr().err
    for package in ("haproxy", "nginx", "mariadb-server"):
        assert f"apt-get install {package}" in said
    if main in (programme.main, controls.main):
        assert "apt-get install faketime" in said
        assert "must be superuser to use mount.): run as root on Linux" in said


@pytest.mark.usefixtures("bare")
def test_what_no_drill_wants_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    installed: Sequence[str] = ()
    monkeypatch.setattr(preflight, "missing", lambda: installed)
    assert preflight.lacking(database=None) == []
    (clocks,) = preflight.lacking(database=None, clocks=["clock-api", "clock-leader"])
    assert clocks.startswith("clock-api, clock-leader: libfaketime")
    (disk,) = preflight.lacking(database=None, disks=["disk-full"])
    assert disk.startswith("disk-full: cannot mount")


def test_drills_that_need_faketime_say_so() -> None:
    known = drill.drills(Path("/nowhere"))
    assert {one.name for one in known if one.clock} == {"clock-api", "clock-leader"}
    assert [control.name for control in controls.CONTROLS if control.clock] == ["own-clock"]
