"""fmt, validate and `terraform test`, of the root and of each module, offline."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.infra.double import ROOT, AwsDouble, Terraform, TerraformError, copy_configuration
from tests.infra.steps import step

pytestmark = pytest.mark.infra

MODULES = sorted(path.name for path in (ROOT / "modules").iterdir() if path.is_dir())


@pytest.fixture(scope="module")
def double() -> Iterator[AwsDouble]:
    with AwsDouble() as double:
        yield double


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_configuration(tmp_path_factory.mktemp("terraform"))


@pytest.fixture(scope="module")
def tested(folder: Path, double: AwsDouble) -> dict[str, str]:
    """`terraform test` in each module, two at a time; what each said."""

    def test(name: str) -> tuple[str, str]:
        terraform = Terraform(folder / "modules" / name, double)
        with step(f"terraform test {name}"):
            try:
                terraform.run("init", "-no-color")
                terraform.run("test", "-no-color")
            except TerraformError as error:
                return name, f"FAILED {error}"
        return name, terraform.said

    with ThreadPoolExecutor(2) as pool:
        return dict(pool.map(test, MODULES))


def test_the_code_is_formatted(folder: Path) -> None:
    terraform = Terraform(folder)
    terraform.run("fmt", "-check", "-recursive", "-diff")
    (folder / "crooked.tf").write_text('locals {\n a="b"\n}\n')
    try:
        with pytest.raises(TerraformError):
            terraform.run("fmt", "-check", "-recursive")
    finally:
        (folder / "crooked.tf").unlink()


@pytest.mark.parametrize("where", [".", "bootstrap"])
def test_the_configuration_is_valid(folder: Path, where: str) -> None:
    terraform = Terraform(folder / where)
    with step(f"validate {where}"):
        terraform.run("init", "-no-color", "-backend=false")
        found = terraform.json("validate", "-json")
    assert found["valid"]
    assert [one["summary"] for one in found["diagnostics"]] == []


@pytest.mark.parametrize("name", MODULES)
def test_a_module_keeps_what_its_tests_say(tested: dict[str, str], name: str) -> None:
    assert "Success!" in tested[name], tested[name]


@pytest.mark.parametrize("workspace", ["dev", "prod"])
def test_the_root_keeps_what_its_tests_say(folder: Path, double: AwsDouble, workspace: str) -> None:
    terraform = Terraform(folder, double)
    terraform.environment["TF_WORKSPACE"] = workspace
    (folder / "terraform.tfstate.d" / workspace).mkdir(parents=True, exist_ok=True)
    tests = f"tests/terraform/{workspace}"
    assert list((ROOT / tests).glob("*.tftest.hcl"))
    with step(f"terraform test root, {workspace}"):
        # init takes up the modules of the tests' folder as well.
        terraform.run("init", "-no-color", f"-test-directory={tests}")
        terraform.run("test", "-no-color", f"-test-directory={tests}")
    assert "Success!" in terraform.said


def test_the_provider_is_found_without_a_network() -> None:
    done = subprocess.run(
        [str(ROOT / "scripts" / "terraform.sh"), "version", "-json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    major, minor = json.loads(done.stdout)["terraform_version"].split(".")[:2]
    assert (int(major), int(minor)) >= (1, 11)
