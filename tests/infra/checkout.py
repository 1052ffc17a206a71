"""A checkout with the scripts in it, on a machine of stand-ins where all goes well unless a test says otherwise."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.infra.standins import StandIns

ROOT = Path(__file__).parents[2]
SHELLCHECK = Path(sys.executable).parent / "shellcheck"
REPOSITORY = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/ticketing-dev"
OLDEST, OLD, NEW = (f"sha256:{char * 64}" for char in "0ab")
OUTPUTS = {
    "image_uri": f"{REPOSITORY}@{OLD}",
    "ecr_repository_url": REPOSITORY,
    "aws_region": "ap-northeast-2",
    "asg_name": "ticketing-dev-web",
    "alb_dns_name": "alb.example",
    "site_url": "https://site.example",
    "web_bucket": "ticketing-dev-web",
    "distribution_id": "E123",
    "name": "ticketing-dev",
    "image_platform": "linux/amd64",
}
QUICK = {"POLL_SECONDS": "0", "SMOKE_SECONDS": "0", "REFRESH_SECONDS": "20"}


class Checkout:
    """A folder with the scripts and values in it, on a machine where all goes well unless a test says otherwise."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a checkout"
        (self.root / "scripts").mkdir(parents=True)
        for name in ("deploy.sh", "destroy.sh", "lib.sh", "image.sh"):
            shutil.copy2(ROOT / "scripts" / name, self.root / "scripts" / name)
        (self.root / "envs").mkdir()
        for name in ("dev", "prod"):
            (self.root / "envs" / f"{name}.tfvars").write_text("")
        (self.root / "terraform.tfvars").write_text('db_password = "A1b2c3d4!"\n')
        self.programs = StandIns(folder / "standins")
        self.all_is_well()

    def all_is_well(self) -> None:
        """An environment that runs, and a change to it that works."""
        say = self.programs.answers
        say("terraform version", "Terraform v1.11.4\non linux_amd64\n")
        for command in ("init", "validate", "plan", "apply", "workspace select"):
            say(f"terraform {command}")
        say("terraform plan -input=false -detailed-exitcode", {"code": 2})
        say("terraform show -no-color", "  # module.compute.aws_launch_template.this will be updated in-place\n")
        say("terraform workspace show", "default\n")
        say("terraform state list", "module.vpc.aws_vpc.this\n")
        say("terraform state pull", '{"deletion_protection": false}')
        say("terraform console", '"linux/arm64"\n')
        say("terraform output -raw", {"code": 1, "err": "no such output"})
        for name, value in OUTPUTS.items():
            say(f"terraform output -raw {name}", value)
        say("aws sts get-caller-identity", "123456789012\n")
        say("aws ecr get-login-password", "pw")
        say(
            "aws ecr describe-images --region ap-northeast-2 --repository-name ticketing-dev --image-ids",
            {"code": 254},
            NEW,
        )
        say(
            "aws ecr describe-images --region ap-northeast-2 --repository-name ticketing-dev --query",
            f"{OLD}\n{OLDEST}\n",
        )
        say("aws autoscaling describe-instance-refreshes", "Pending\tNone\n", "InProgress\t50\n", "Successful\t100\n")
        say("aws s3 sync")
        say("aws cloudfront create-invalidation", "I1\n")
        say("docker")
        say("docker create", "c1\n")
        say("docker context", "unix:///var/run/docker.sock")
        say("git rev-parse", "0123456789ab\n")
        say("git status", "")
        say("curl -fsSL --max-time 10 http://alb.example/health", '{"status":"ok"}')
        say("curl -fsSL --max-time 10 https://site.example/health", '{"status":"ok"}')
        say("curl -fsSL --max-time 10 https://site.example/", "<!doctype html><title>Tickets</title>")

    def run(self, script: str, *arguments: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = [self.root / "scripts" / script, *arguments]
        return self.programs.run(command, QUICK | environ, stdin=stdin, cwd=self.root.parent)

    def deploy(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        return self.run("deploy.sh", *arguments, **more)

    def destroy(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        return self.run("destroy.sh", *arguments, **more)

    def remote_state(self) -> None:
        (self.root / "backend_override.tf").write_text("")

    @property
    def changed(self) -> list[str]:
        """What was asked that changes something in the account."""
        changing = r"terraform apply|aws s3 sync|aws cloudfront create|docker push"
        return [line for line in self.programs.lines() if re.match(changing, line)]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def in_order(lines: list[str], *patterns: str) -> None:
    """Each pattern is found after the one before it."""
    at = 0
    for pattern in patterns:
        found = [i for i, line in enumerate(lines) if i >= at and re.search(pattern, line)]
        assert found, f"no {pattern} after {lines[:at]} in {lines[at:]}"
        at = found[0] + 1
