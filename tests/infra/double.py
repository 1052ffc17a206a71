"""AWS's stand-in: moto's server with our extension, as a process of its own, and Terraform pointed at it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError
from urllib.request import urlopen

import boto3

ROOT = Path(__file__).resolve().parent.parent.parent
REGION = "ap-northeast-2"
ACCOUNT = "123456789012"
PASSWORD = "Only-for-the-double-1"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/ticketing@sha256:{'0123456789abcdef' * 4}"
STATE_BUCKET = "ticketing-state"
_START_SECONDS = 60.0
_PARALLEL = "-parallelism=40"  # nearly all of the time is spent waiting for waits

# What a stand-in needs of the provider, laid over each of the root's provider blocks. It never becomes product code.
_PROVIDER = """
provider "aws" {{
  {alias}
  access_key                  = "testing"
  max_retries                 = 4
  s3_use_path_style           = true
  secret_key                  = "testing"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}}
"""
_BACKEND = """
terraform {{
  backend "s3" {{
    access_key                  = "testing"
    bucket                      = "{bucket}"
    encrypt                     = true
    key                         = "ticketing/terraform.tfstate"
    region                      = "{region}"
    secret_key                  = "testing"
    skip_credentials_validation = true
    skip_metadata_api_check     = true
    skip_requesting_account_id  = true
    use_lockfile                = true
    use_path_style              = true
    workspace_key_prefix        = "env"

    endpoints = {{
      s3 = "{endpoint}"
    }}
  }}
}}
"""


class TerraformError(RuntimeError):
    """Terraform ended with an error; the message is all that it said."""


class AwsDouble:
    """moto's server on a free port of 127.0.0.1; use it as a context manager."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self.log = Path(tempfile.mkdtemp(prefix="aws-double-")) / "log"

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "tests.infra.moto_ext", "--port", str(self.port)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(URLError, ConnectionError), urlopen(f"{self.endpoint}/moto-api/", timeout=5):  # noqa: S310
                return self
            time.sleep(0.1)
        said = self.log.read_text(errors="replace")
        self.close()
        raise RuntimeError(f"moto's server did not come up:\n{said[-3000:]}")

    def close(self) -> None:
        """End the server and remove its log."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
        shutil.rmtree(self.log.parent, ignore_errors=True)

    def __exit__(self, *_: object) -> None:
        self.close()

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client for the stand-in."""
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def missing_operations(self) -> list[str]:
        """Operations that were called and that neither moto nor our extension has."""
        lines = self.log.read_text(errors="replace").splitlines()
        return sorted(
            {line.split("The ")[1].split(" action")[0] for line in lines if "has not been implemented" in line}
        )


def clean_environment(double: AwsDouble | None) -> dict[str, str]:
    """Ours without anything that could lead to a real account or other settings of Terraform."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "TF_")) or name in ("TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR")
    }
    kept.update(TF_IN_AUTOMATION="1", TF_INPUT="0", CHECKPOINT_DISABLE="1", AWS_EC2_METADATA_DISABLED="true")
    if double is not None:
        kept.update(AWS_ENDPOINT_URL=double.endpoint, AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing")
    return kept


def copy_configuration(target: Path) -> Path:
    """Copy everything that Terraform reads of this checkout into a folder, so that a run leaves nothing here."""
    target.mkdir(parents=True, exist_ok=True)
    for path in ROOT.glob("*.tf"):
        if not path.name.endswith("_override.tf"):
            shutil.copy(path, target)
    for name in ("modules", "envs", "bootstrap", "tests/terraform", "docker"):
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*")
            shutil.copytree(ROOT / name, target / name, dirs_exist_ok=True, ignore=ignored)
    (target / "web").mkdir(exist_ok=True)
    shutil.copy(ROOT / "web" / "routes.json", target / "web")
    return target


class Terraform:
    """Terraform in one folder; every call is bounded in time and leaves its output in `said`."""

    def __init__(self, folder: Path, double: AwsDouble | None = None) -> None:
        self.folder = folder
        self.environment = clean_environment(double)
        self.said = ""

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and return at once."""
        return subprocess.Popen(
            [str(ROOT / "scripts" / "terraform.sh"), *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, seconds: float = 420, codes: tuple[int, ...] = (0,)) -> int:
        """Run a command to its end; returns its exit code. Raises TerraformError for one that is not in `codes`."""
        process = self.start(*arguments)
        try:
            self.said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.terminate()  # Terraform then releases its lock
            self.said, _ = process.communicate(timeout=60)
            raise TerraformError(f"terraform {arguments[0]} took over {seconds:g} s\n{self.said[-6000:]}") from None
        if process.returncode not in codes:
            raise TerraformError(f"terraform {' '.join(arguments)}: exit {process.returncode}\n{self.said[-12000:]}")
        return process.returncode

    def json(self, *arguments: str) -> Any:
        """What a command that answers with JSON says."""
        done = subprocess.run(
            [str(ROOT / "scripts" / "terraform.sh"), *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        if done.returncode != 0:
            raise TerraformError(done.stderr[-6000:])
        return json.loads(done.stdout)


class Stack(Terraform):
    """The whole platform in one workspace of a state in the stand-in's S3."""

    def __init__(self, folder: Path, double: AwsDouble, workspace: str, variables: Mapping[str, Any]) -> None:
        super().__init__(copy_configuration(folder), double)
        self.double = double
        self.workspace = workspace
        overrides = _PROVIDER.format(alias="") + _PROVIDER.format(alias='alias = "us_east_1"')
        backend = _BACKEND.format(bucket=STATE_BUCKET, region=REGION, endpoint=double.endpoint)
        (folder / "double_override.tf").write_text(overrides + backend)
        self.values = folder / "double.auto.tfvars.json"
        self.set(variables)

    def set(self, variables: Mapping[str, Any]) -> None:
        """Give these values on top of the environment's file."""
        self.values.write_text(json.dumps(variables))

    @property
    def _file(self) -> str:
        return f"-var-file=envs/{self.workspace}.tfvars"

    def init(self) -> None:
        """Take up the backend and make the workspace."""
        self.run("init", "-no-color")
        self.run("workspace", "select", "-or-create", self.workspace)

    def plan(self, *arguments: str) -> Any:
        """A saved plan (file `tfplan`), as JSON."""
        self.run("plan", "-no-color", _PARALLEL, self._file, "-out=tfplan", *arguments)
        return self.json("show", "-json", "tfplan")

    def apply(self) -> None:
        """Apply the plan that was saved last."""
        self.run("apply", "-no-color", _PARALLEL, "tfplan")

    def destroy(self) -> None:
        """Destroy all of it."""
        self.run("destroy", "-no-color", _PARALLEL, "-auto-approve", self._file)

    def state(self) -> Any:
        """What is there, as JSON."""
        return self.json("show", "-json")

    def raw_state(self) -> str:
        """The state as it lies in the bucket."""
        key = f"env/{self.workspace}/ticketing/terraform.tfstate"
        return str(self.double.client("s3").get_object(Bucket=STATE_BUCKET, Key=key)["Body"].read().decode())

    def outputs(self) -> dict[str, Any]:
        """`terraform output -json`, values only."""
        return {name: one["value"] for name, one in self.json("output", "-json").items()}


def resources(module: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All managed resources of a state's or plan's `root_module`, its children's included."""
    managed = (one for one in module.get("resources", []) if one["mode"] == "managed")
    # Where nothing is known yet of a planned resource, it has no values at all.
    yield from ({"values": {}, **one} for one in managed)
    for child in module.get("child_modules", []):
        yield from resources(child)


def changes(plan: Mapping[str, Any]) -> dict[str, list[str]]:
    """Address → actions, of every resource that a plan would change."""
    found = {one["address"]: one["change"]["actions"] for one in plan.get("resource_changes", [])}
    return {address: actions for address, actions in found.items() if actions not in (["no-op"], ["read"])}
