"""House rules for the Terraform code: tflint's core rules, provider 5.100 as well as 6, and what the READMEs say."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest

from tests.infra.double import ROOT

NAMES = (
    "audit",
    "cache",
    "cdn",
    "compute",
    "database",
    "dns",
    "identity",
    "monitoring",
    "queue",
    "security",
    "storage",
    "vpc",
)
MODULES = [ROOT / "modules" / name for name in NAMES]
CONFIGURATIONS = [ROOT, ROOT / "bootstrap", *MODULES]
_IDS = [path.name if path != ROOT else "root" for path in CONFIGURATIONS]
# Provider 5.100 has none of these, or 6 has them no more: attribute of a resource or data source type.
_NOT_IN_BOTH = {
    "aws_eip": ("vpc",),
    "aws_flow_log": ("log_group_name",),
    "aws_guardduty_detector": ("datasources",),
    "aws_launch_template": ("elastic_gpu_specifications", "elastic_inference_accelerator"),
    "aws_nat_gateway": ("availability_mode",),
    "aws_autoscaling_group": ("availability_zone_impairment_policy",),
    "aws_cloudwatch_log_group": ("deletion_protection_enabled",),
    "aws_elasticache_replication_group": ("auth_token_wo", "auth_token_wo_version"),
    "aws_lb": ("health_check_logs",),
    "aws_db_instance": ("character_set_name",),
    "aws_batch_compute_environment": ("compute_environment_name",),
    "aws_redshift_cluster": ("publicly_accessible",),
}
_NOT_IN_EITHER = ("aws_wafv2_web_acl_rule_group_association", "aws_xray_indexing_rule", "aws_opsworks_stack")


def plain(value: Any) -> str:
    """Without HCL's quotation marks."""
    return str(value).strip('"')


@functools.cache
def parsed(path: Path) -> dict[str, Any]:
    """A file as its parser sees it."""
    return dict(hcl2.loads(path.read_text()))


def blocks(folder: Path, kind: str) -> Iterator[tuple[Path, tuple[str, ...], dict[str, Any]]]:
    """File, labels and body of each block of a kind."""
    depth = {"resource": 2, "data": 2, "ephemeral": 2, "variable": 1, "output": 1, "module": 1, "provider": 1}[kind]
    for path in sorted(folder.glob("*.tf")):
        for block in parsed(path).get(kind, []):
            yield from ((path, labels, body) for labels, body in _unfold(block, depth))


def _unfold(block: dict[str, Any], depth: int) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for name, body in block.items():
        if name == "__is_block__":
            continue
        if depth == 1:
            yield (plain(name),), body
        else:
            yield from (((plain(name), *rest), inner) for rest, inner in _unfold(body, depth - 1))


def source(folder: Path) -> str:
    """All code of a folder."""
    return "\n".join(path.read_text() for path in sorted(folder.glob("*.tf")))


each = pytest.mark.parametrize("folder", CONFIGURATIONS, ids=_IDS)
module = pytest.mark.parametrize("folder", MODULES, ids=NAMES)


def test_there_are_the_twelve_modules() -> None:
    assert sorted(path.name for path in (ROOT / "modules").iterdir() if path.is_dir()) == sorted(NAMES)


@module
def test_a_module_has_the_files_that_one_looks_for(folder: Path) -> None:
    for name in ("variables.tf", "outputs.tf", "versions.tf", "README.md"):
        assert (folder / name).is_file(), name
    assert list((folder / "tests").glob("*.tftest.hcl"))


@each
def test_variables_are_typed_described_and_in_order(folder: Path) -> None:
    found = list(blocks(folder, "variable"))
    assert {path.name for path, _, _ in found} <= {"variables.tf"}
    names = [labels[0] for _, labels, _ in found]
    assert names == sorted(names)
    for _, (name,), body in found:
        assert "type" in body, name
        assert len(plain(body.get("description", ""))) >= 10, name
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)


@each
def test_outputs_are_described_and_in_order(folder: Path) -> None:
    found = list(blocks(folder, "output"))
    assert {path.name for path, _, _ in found} <= {"outputs.tf"}
    names = [labels[0] for _, labels, _ in found]
    assert names == sorted(names)
    assert [name for _, (name,), body in found if len(plain(body.get("description", ""))) < 10] == []


@each
def test_nothing_is_declared_in_vain(folder: Path) -> None:
    code = source(folder)
    for _, (name,), _ in blocks(folder, "variable"):
        uses = re.findall(rf"\bvar\.{name}\b", code)
        own = re.search(rf'variable "{name}" \{{.*?\n\}}', code, re.DOTALL)
        inside = len(re.findall(rf"\bvar\.{name}\b", own.group(0))) if own else 0
        guard = (folder, name) == (ROOT, "environment")  # it exists to be refused in the wrong workspace
        assert guard or len(uses) > inside, f"variable {name} is never used"
    for path in folder.glob("*.tf"):
        for block in parsed(path).get("locals", []):
            for name in block:
                if not name.startswith("__"):
                    assert re.search(rf"\blocal\.{name}\b", code), f"local {name} is never used"
    for _, (kind, name), _ in blocks(folder, "data"):
        assert f"data.{kind}.{name}" in code, f"data {kind}.{name} is never used"


@each
def test_names_are_snake_case_and_do_not_repeat_their_type(folder: Path) -> None:
    for kind in ("resource", "data"):
        for path, (type_, name), _ in blocks(folder, kind):
            assert re.fullmatch(r"[a-z][a-z0-9_]*", name), f"{path.name}: {type_}.{name}"
            assert name != type_.removeprefix("aws_"), f"{path.name}: {type_}.{name}"


@each
def test_versions_are_asked_for(folder: Path) -> None:
    code = source(folder)
    assert re.search(r'required_version\s*=\s*">= 1\.11', code)
    if "aws_" in code:
        assert re.search(r'version\s*=\s*">= 5\.100, < 7\.0"', code)
    for _, (name,), body in blocks(folder, "module"):
        assert plain(body["source"]).startswith("./"), f"{name}: modules are part of this repository"


@each
def test_old_syntax_is_not_used(folder: Path) -> None:
    code = re.sub(r"#.*", "", source(folder))
    assert not re.search(r'=\s*"\$\{[^{}"]*\}"\s*$', code, re.MULTILINE), "a lone interpolation in quotation marks"
    assert not re.search(r"\.\d+\.[a-z]", re.sub(r'"[^"\n]*"', '""', code)), "an index behind a dot"
    assert not re.search(r'==\s*""\s*\?\s*\[\]', code)
    assert "//" not in re.sub(r'"[^"\n]*"|<<-?EOT.*?EOT', "", code, flags=re.DOTALL), "comments begin with #"


@each
def test_it_holds_for_provider_five_and_six(folder: Path) -> None:
    for kind in ("resource", "data"):
        for path, (type_, name), body in blocks(folder, kind):
            where = f"{path.name}: {type_}.{name}"
            assert type_ not in _NOT_IN_EITHER, where
            assert "region" not in body, f"{where}: `region` is an argument from 6 on; use a provider alias"
            assert not set(body) & set(_NOT_IN_BOTH.get(type_, ())), where
            if type_ == "aws_ami" and body.get("most_recent"):
                assert "owners" in body, f"{where}: 6 wants owners"
    # `.name` is deprecated in 6, `.region` is not in 5.100: `.id` is in both.
    assert not re.search(r"data\.aws_region\.\w+\.(name|region)\b", source(folder))


@each
def test_files_are_of_readable_length_and_know_no_machine(folder: Path) -> None:
    for path in sorted(folder.glob("*.tf")):
        text = path.read_text()
        assert not re.search(r"/(root|home)/", text)
        if path.name not in ("variables.tf", "outputs.tf"):
            assert len(text.splitlines()) <= 330, f"{path.name} is too long: split it by noun"


@each
def test_every_validation_says_what_to_do(folder: Path) -> None:
    for _, (name,), body in blocks(folder, "variable"):
        for validation in body.get("validation", []):
            message = str(validation["error_message"])
            assert len(message) >= 25, name
            assert name in message or "password" in message, f"{name}: its message names another variable"


@module
def test_every_validation_has_a_value_that_it_refuses(folder: Path) -> None:
    tests = "\n".join(path.read_text() for path in sorted((folder / "tests").glob("*.tftest.hcl")))
    refused = re.findall(r"^\s*var\.(\w+),?$|expect_failures = \[([^\]\n]+)\]", tests, re.MULTILINE)
    names = [one for line, many in refused for one in ([line] if line else re.findall(r"var\.(\w+)", many))]
    for _, (name,), body in blocks(folder, "variable"):
        wanted = len(body.get("validation", []))
        assert names.count(name) >= wanted, f"{name}: {wanted} validations, {names.count(name)} values that are refused"


def test_the_readmes_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "terraform-docs.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
