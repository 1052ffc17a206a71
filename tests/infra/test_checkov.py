"""checkov finds nothing, and whoever told it to look away said why."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.infra.double import ROOT, clean_environment, copy_configuration
from tests.infra.steps import step

pytestmark = pytest.mark.infra


def scan(folder: Path) -> list[dict[str, Any]]:
    """What checkov reports of a folder."""
    done = subprocess.run(
        [
            str(ROOT / "scripts" / "checkov.sh"),
            "-d",
            str(folder),
            "--framework",
            "terraform",
            "-o",
            "json",
            "--compact",
        ],
        env=clean_environment(None),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr[-3000:]
    found = json.loads(done.stdout)
    return found if isinstance(found, list) else [found]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with step("checkov"):
        (found,) = scan(copy_configuration(tmp_path_factory.mktemp("checkov")))
    return found


def test_nothing_is_found(report: dict[str, Any]) -> None:
    failed = report["results"]["failed_checks"]
    assert [f"{one['check_id']} {one['resource']}: {one['check_name']}" for one in failed] == []
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] >= 300, "it must have looked at everything"


def test_each_skip_has_a_reason(report: dict[str, Any]) -> None:
    skipped = report["results"].get("skipped_checks", [])
    reasons = {(one["check_id"], one["resource"]): one["check_result"].get("suppress_comment") or "" for one in skipped}
    assert [key for key, reason in reasons.items() if len(reason) < 15] == []
    for path in ROOT.glob("**/*.tf"):
        if ".tools" in path.parts or ".venv" in path.parts or "node_modules" in path.parts:
            continue
        for line in path.read_text().splitlines():
            if "checkov:skip=" in line:
                assert line.split("checkov:skip=")[1].count(":") >= 1, f"{path.name}: {line.strip()}"


def test_it_would_find_something(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "aws_s3_bucket" "open" {\n  bucket = "open"\n}\n')
    (found,) = scan(tmp_path)
    assert "CKV2_AWS_6" in {one["check_id"] for one in found["results"]["failed_checks"]}
