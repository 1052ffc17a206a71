"""The boot scripts as Terraform renders them: a plan of the compute module, without account or network."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TERRAFORM = ROOT / "scripts" / "terraform.sh"
DIGEST = "sha256:" + "5e" * 32
REGISTRY = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com"
IMAGE = f"{REGISTRY}/ticketing-dev@{DIGEST}"
ARN = "arn:aws:secretsmanager:ap-northeast-2:123456789012:secret"
SECRETS = {
    "TICKETING_DATABASE_URL": f"{ARN}:database-AbCdEf#url",
    "TICKETING_VALKEY_URL": f"{ARN}:cache-AbCdEf#url",
    "TICKETING_SIGNING_KEYS": f"{ARN}:app-AbCdEf#SIGNING_KEYS",
    "TICKETING_TICKET_SEED": f"{ARN}:app-AbCdEf#TICKET_SEED",
    "TICKETING_PAYMENT_SECRET": f"{ARN}:app-AbCdEf#PAYMENT_SECRET",
    "TICKETING_MAIL_URL": f"{ARN}:app-AbCdEf#MAIL_URL",
}
_SQS = "https://sqs.ap-northeast-2.amazonaws.com/123456789012"
ENVIRONMENT = {
    "TICKETING_QUEUE_URL": f"{_SQS}/orders",
    "TICKETING_QUEUE_DEAD_URL": f"{_SQS}/orders-dead",
    "TICKETING_BLOBS_URL": "s3://ticketing-dev-tickets",
    "TICKETING_PUBLIC_URL": "https://tickets.example.com",
    "TICKETING_TRUSTED_PROXIES": "10.0.0.0/16",
}
_GIVEN: dict[str, dict[str, Any]] = {
    "database_connections": {"type": "number", "default": 80},
    "enable_https_targets": {"type": "bool", "default": True},
    "environment": {"type": "map(string)", "default": ENVIRONMENT},
    "image_uri": {"type": "string", "default": IMAGE},
    "instance_type": {"type": "string", "default": "t3.medium"},
}
_PROVIDER = """
provider "aws" {
  region                      = "ap-northeast-2"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}
"""


@dataclass(frozen=True)
class Rendered:
    """What a plan says: the boot script, the image's platform, and the launch template's planned values."""

    user_data: str
    platform: str
    launch_template: dict[str, Any]


def terraform(folder: Path, *arguments: str, stdin: str | None = None) -> str:
    """Run Terraform in a folder; its standard output. Raises AssertionError with what it said when it fails."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_VAR_"))}
    done = subprocess.run(
        [TERRAFORM, f"-chdir={folder}", *arguments],
        env=environ | {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def prepare(folder: Path) -> Path:
    """A configuration that holds the compute module, initialised."""
    module = {
        "source": str(ROOT / "modules" / "compute"),
        **{name: f"${{var.{name}}}" for name in _GIVEN},
        "alb_security_group_id": "sg-0a",
        "ami_id": "ami-0123456789abcdef0",
        "app_security_group_id": "sg-0b",
        "aws_region": "ap-northeast-2",
        "boot_log_group_name": "/ticketing-dev/boot",
        "collector_config": "receivers: {}",
        "instance_profile_name": "ticketing-dev",
        "log_group_name": "/ticketing-dev/application",
        "name": "ticketing-dev",
        "payment_url": "https://pay.example.com",
        "private_subnet_ids": ["subnet-0a", "subnet-0b"],
        "public_subnet_ids": ["subnet-0c", "subnet-0d"],
        "secret_arns": SECRETS,
        "vpc_id": "vpc-0a",
    }
    (folder / "provider.tf").write_text(_PROVIDER)
    (folder / "main.tf.json").write_text(
        json.dumps(
            {
                "variable": _GIVEN,
                "module": {"compute": module},
                "output": {
                    "platform": {"value": "${module.compute.image_platform}"},
                    "user_data": {"value": "${module.compute.user_data}"},
                },
            }
        )
    )
    terraform(folder, "init", "-input=false", "-no-color")
    return folder


def render(folder: Path, **variables: Any) -> Rendered:
    """Plan with these variables changed."""
    plan = folder / "plan.tfplan"
    (folder / "given.auto.tfvars.json").write_text(json.dumps(variables))
    terraform(folder, "plan", "-input=false", "-no-color", "-refresh=false", "-lock=false", f"-out={plan.name}")
    shown = json.loads(terraform(folder, "show", "-json", plan.name))
    outputs = shown["planned_values"]["outputs"]
    changes = {change["address"]: change["change"]["after"] for change in shown["resource_changes"]}
    return Rendered(
        outputs["user_data"]["value"],
        outputs["platform"]["value"],
        changes["module.compute.aws_launch_template.this"],
    )


def render_sandbox(folder: Path) -> str:
    """The boot script of the sandbox payment provider's instance."""
    values = {
        "image_uri": IMAGE,
        "log_group_name": "/ticketing-dev/application",
        "port": 9100,
        "prepare_script": (ROOT / "modules/compute/files/ticketing-prepare").read_text(),
        "region": "ap-northeast-2",
        "secrets": json.dumps({"TICKETING_PAYMENT_SECRET": SECRETS["TICKETING_PAYMENT_SECRET"]}),
    }
    (folder / "values.json").write_text(json.dumps(values))
    template = ROOT / "modules/compute/templates/sandbox.sh.tftpl"
    said = terraform(
        folder,
        "console",
        stdin=f'jsonencode(templatefile("{template}", jsondecode(file("{folder}/values.json"))))\n',
    )
    return str(json.loads(json.loads(said)))
