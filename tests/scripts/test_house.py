"""The lock files and the Makefile say what they should."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from scripts import bootstrap

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements.txt", "requirements-dev.txt", "scripts/uv.txt", "scripts/node.txt"]


def requirements(lock: str) -> dict[str, str]:
    """Each requirement's block of lines, by package name."""
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
    return {re.split(r"[=\[ ]", block, maxsplit=1)[0]: block for block in blocks}


def name_of(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_files_pin_content_and_name_no_place(lock: str) -> None:
    for name, block in requirements(lock).items():
        assert re.match(rf"{re.escape(name)}==\S+", block), block
        assert "--hash=sha256:" in block, name
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_production_runs_the_versions_that_were_tested() -> None:
    tested = requirements("requirements-dev.txt")
    for name, block in requirements("requirements.txt").items():
        assert block.split(" ", 1)[0] == tested[name].split(" ", 1)[0]


def test_every_declared_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = {name_of(one) for one in project["project"]["dependencies"]}
    dev = {name_of(one) for one in project["dependency-groups"]["dev"]}
    build = {name_of(one) for one in project["build-system"]["requires"]}
    assert runtime <= requirements("requirements.txt").keys(), "run `make lock`"
    assert runtime | dev | build | {"uv"} <= requirements("requirements-dev.txt").keys(), "run `make lock`"


def test_bootstrap_installs_the_uv_that_the_lock_holds() -> None:
    pinned = bootstrap.pinned(ROOT / bootstrap.UV_LOCK, "uv")
    assert requirements("requirements-dev.txt")["uv"].startswith(f"uv=={pinned} ")
    with pytest.raises(bootstrap.BootstrapError, match="does not pin absent"):
        bootstrap.pinned(ROOT / bootstrap.UV_LOCK, "absent")


def test_help_explains_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^\.PHONY: (\S+)$", makefile, re.MULTILINE))
    shown = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True).stdout
    explained = set(re.findall(r"^  ([a-z-]+) +\S", shown, re.MULTILINE))
    assert targets == explained
    assert {"help", "demo", "test"} <= explained
