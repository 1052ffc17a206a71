"""destroy.sh: what it refuses, what it asks, what it says; and what all scripts have in common."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.infra.checkout import ROOT, SHELLCHECK, Checkout, in_order

pytestmark = pytest.mark.infra


def test_destroying_dev_asks_and_says_what_stays(checkout: Checkout) -> None:
    checkout.programs.answers(
        "terraform plan -destroy",
        "  # module.vpc.aws_vpc.this will be destroyed\nPlan: 0 to add, 0 to change, 1 to destroy.\n",
    )
    checkout.programs.answers("terraform state list", "module.vpc.aws_vpc.this\n", "data.aws_region.current\n")
    done = checkout.destroy(stdin="dev\n", TICKETING_ASSUME_TTY="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "aws_vpc.this will be destroyed" in done.stdout
    assert "What stays" in done.stdout
    assert "cancel-key-deletion" in done.stdout
    in_order(checkout.programs.lines(), "plan -destroy .*-out=", r"apply .*plan\.tfplan$")


@pytest.mark.parametrize("typed", ["", "yes\n", "prod\n"])
def test_control_unless_confirmed_nothing_is_destroyed(checkout: Checkout, typed: str) -> None:
    done = checkout.destroy(stdin=typed, TICKETING_ASSUME_TTY="1")
    assert (done.returncode, checkout.changed) == (1, [])


def test_prod_is_protected_thrice(checkout: Checkout) -> None:
    checkout.remote_state()
    assert checkout.destroy("--environment", "prod", "--yes").returncode == 2
    checkout.programs.answers("terraform state pull", '{"attributes": {"deletion_protection": true}}')
    done = checkout.destroy("--environment", "prod", stdin="destroy prod\n", TICKETING_ASSUME_TTY="1")
    assert (done.returncode, checkout.changed) == (1, [])
    assert "deletion_protection = false" in done.stderr
    checkout.programs.answers("terraform state pull", '{"attributes": {"deletion_protection": false}}')
    assert checkout.destroy("--environment", "prod", stdin="prod\n", TICKETING_ASSUME_TTY="1").returncode == 1
    assert checkout.changed == []
    checkout.programs.answers("terraform state list", "a.b\n", "")
    done = checkout.destroy("--environment", "prod", stdin="destroy prod\n", TICKETING_ASSUME_TTY="1")
    assert done.returncode == 0, done.stderr
    assert "final snapshot" in done.stdout


def test_destroying_nothing_is_fine_and_leftovers_are_not(checkout: Checkout) -> None:
    checkout.programs.answers("terraform state list", "")
    done = checkout.destroy("--yes")
    assert (done.returncode, checkout.changed) == (0, [])
    checkout.programs.answers("terraform state list", "module.vpc.aws_vpc.this\n")
    done = checkout.destroy("--yes")
    assert done.returncode == 1
    assert "1 resources are left" in done.stderr


def test_plan_only_destroys_nothing(checkout: Checkout) -> None:
    assert checkout.destroy("--plan-only").returncode == 0
    assert checkout.changed == []


@pytest.mark.parametrize("script", ["deploy.sh", "destroy.sh"])
def test_help_tells_every_option(checkout: Checkout, script: str) -> None:
    done = checkout.run(script, "--help")
    assert (done.returncode, checkout.programs.asked) == (0, [])
    options = set(re.findall(r"^ +(?:-\w \| )?(--[a-z-]+)\)", (ROOT / "scripts" / script).read_text(), re.MULTILINE))
    assert options <= set(re.findall(r"--[a-z-]+", done.stdout))


def test_shellcheck_finds_nothing_in_any_script(tmp_path: Path) -> None:
    scripts = [*ROOT.glob("scripts/*.sh"), ROOT / "modules/compute/files/ticketing-drain"]
    done = subprocess.run([SHELLCHECK, "-x", *scripts], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    (tmp_path / "control.sh").write_text("#!/bin/bash\nrm $1\n")
    control = subprocess.run([SHELLCHECK, tmp_path / "control.sh"], capture_output=True, text=True, check=False)
    assert "SC2086" in control.stdout
