"""The boot script is rendered by Terraform and really run, in a folder, among stand-ins for what an instance has."""

from __future__ import annotations

import base64
import configparser
import gzip
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.infra.instance import PASSWORD, SHELLCHECK, Instance, leaks, order
from tests.infra.rendered import DIGEST, ENVIRONMENT, IMAGE, Rendered, render, render_sandbox
from tests.infra.standins import CTL

pytestmark = pytest.mark.infra


def test_it_installs_pulls_by_digest_and_starts_everything_in_order(booted: Instance) -> None:
    lines = booted.programs.lines()
    steps = order(
        lines,
        "dnf install", "systemctl daemon-reload", "systemctl enable --now docker.service", f"{CTL} -a fetch-config",
        f"{CTL} -a append-config", "docker login", f"docker pull --quiet {IMAGE}",
        "systemctl enable --now ticketing-drain.service", "systemctl enable --now --no-block ticketing-api.service",
    )  # fmt: skip
    assert steps == sorted(steps), lines
    assert "ready" in booted.log.splitlines()[-1]
    assert [line for line in lines if line.startswith("docker pull")] == [f"docker pull --quiet {IMAGE}"]


def test_the_registry_password_goes_by_standard_input_and_is_forgotten(booted: Instance) -> None:
    (login,) = [call for call in booted.programs.asked if call["line"].startswith("docker login")]
    assert login["stdin"].strip() == PASSWORD
    assert PASSWORD not in login["line"]
    assert not Path(login["environ"]["DOCKER_CONFIG"]).exists()


@pytest.mark.parametrize("unit", ["ticketing-api.service", "ticketing-worker.service"])
def test_containers_run_by_digest_with_no_privilege(booted: Instance, unit: str) -> None:
    booted.start(unit)
    runs = [call["argv"] for call in booted.programs.asked if call["line"].startswith("docker run")]
    kind = unit.removeprefix("ticketing-").removesuffix(".service")
    (run,) = [argv for argv in runs if f"ticketing-{kind}" in argv]
    assert IMAGE in run
    assert run[run.index(IMAGE) + 1] == kind
    for option in ("--rm", "--read-only"):
        assert option in run
    for option, value in [
        ("--cap-drop", "ALL"), ("--security-opt", "no-new-privileges"), ("--network", "host"),
        ("--log-driver", "awslogs"), ("--env-file", "/etc/ticketing/environment"),
    ]:  # fmt: skip
        assert run[run.index(option) + 1] == value
    assert "awslogs-group=/ticketing-dev/application" in run
    assert "--privileged" not in run


def test_the_api_speaks_tls_and_drains(booted: Instance) -> None:
    booted.start("ticketing-api.service")
    (run,) = [
        call["argv"]
        for call in booted.programs.asked
        if call["line"].startswith("docker run --rm --name ticketing-api")
    ]
    arguments = run[run.index(IMAGE) + 1 :]
    assert arguments[arguments.index("--drain-seconds") + 1] == "60"
    assert int(arguments[arguments.index("--processes") + 1]) == os.cpu_count() or os.sched_getaffinity(0)
    for option in ("--certificate", "--key"):
        file = booted.root / arguments[arguments.index(option) + 1].lstrip("/")
        assert "BEGIN" in file.read_text()
    assert int(booted.unit("ticketing-api.service")["TimeoutStopSec"][0]) > 60


def test_connections_to_the_database_are_shared_out(booted: Instance, configuration: Path, tmp_path: Path) -> None:
    def pool(instance: Instance) -> int:
        text = (instance.root / "etc/ticketing/environment").read_text()
        (found,) = re.findall(r"^TICKETING_DATABASE_POOL=(\d+)$", text, re.MULTILINE)
        return int(found)

    assert pool(booted) == 2, "a small database has few for each of twenty instances, and none gets less than two"
    large = Instance(tmp_path / "large", render(configuration, database_connections=2000).user_data)
    large.boot()
    assert pool(large) == 8
    said = Instance(
        tmp_path / "said", render(configuration, environment=ENVIRONMENT | {"TICKETING_DATABASE_POOL": "5"}).user_data
    )
    said.boot()
    assert pool(said) == 5


def test_units_come_back_and_start_at_boot(booted: Instance) -> None:
    for unit in ("ticketing-api", "ticketing-worker"):
        found = booted.unit(f"{unit}.service")
        assert found["Restart"] == ["always"]
        assert found["WantedBy"] == ["multi-user.target"]
        assert found["StartLimitIntervalSec"] == ["0"], "systemd would give up after five tries"
        configparser.ConfigParser(strict=False).read(booted.root / f"etc/systemd/system/{unit}.service")
    drop_in = booted.root / "etc/systemd/system/amazon-cloudwatch-agent.service.d/ticketing.conf"
    assert "Restart=always" in drop_in.read_text()


def test_bad_moments_of_package_store_and_registry_are_outlived(instance: Instance) -> None:
    instance.programs.answers("dnf install", {"code": 1}, {"code": 1}, "")
    instance.programs.answers("docker pull", {"code": 1, "err": "500"}, "")
    instance.programs.answers("aws ecr get-login-password", {"code": 255, "err": "throttled"}, PASSWORD)
    assert instance.boot().returncode == 0
    assert instance.log.count("failed (try") == 4


def test_an_image_that_cannot_be_had_is_said_and_nothing_is_started(instance: Instance) -> None:
    instance.programs.answers("docker pull", {"code": 1, "err": "manifest unknown"})
    assert instance.boot().returncode != 0
    assert "FAILED in line" in instance.log
    assert "manifest unknown" in instance.log
    assert instance.programs.lines("systemctl enable --now --no-block") == []


def test_a_collector_that_does_not_start_keeps_no_sale_from_opening(instance: Instance) -> None:
    instance.programs.answers(f"{CTL} -a append-config", {"code": 1})
    assert instance.boot().returncode == 0
    assert "going on without it" in instance.log
    assert instance.programs.lines("systemctl enable --now --no-block ticketing-api.service")


def test_control_a_program_that_nobody_foresaw_fails(instance: Instance) -> None:
    instance.script.write_text(instance.script.read_text().replace("systemctl daemon-reload", "docker ps; terraform"))
    assert instance.boot().returncode != 0
    assert "nobody foresaw: terraform" in instance.log


def test_the_launch_template_holds_this_script_and_fits(configuration: Path, rendered: Rendered) -> None:
    packed = base64.b64decode(rendered.launch_template["user_data"])
    assert gzip.decompress(packed).decode() == rendered.user_data
    assert len(packed) < 16384
    assert rendered.launch_template["image_id"].startswith("ami-"), "with resolve:ssm: no refresh can be rolled back"
    (options,) = rendered.launch_template["metadata_options"]
    assert (options["http_tokens"], options["http_put_response_hop_limit"]) == ("required", 1)


@pytest.mark.parametrize(
    ("instance_type", "platform"),
    [("t4g.medium", "linux/arm64"), ("c7gn.2xlarge", "linux/arm64"), ("g4dn.xlarge", "linux/amd64")],
)
def test_the_image_fits_the_instance_type(configuration: Path, instance_type: str, platform: str) -> None:
    found = render(configuration, instance_type=instance_type)
    assert found.platform == platform
    assert DIGEST in found.user_data


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"image_uri": f"{IMAGE.partition('@')[0]}:latest"}, "by digest"),
        ({"environment": ENVIRONMENT | {"TICKETING_MAIL_URL": "smtps://u:p@h"}}, "must hold no secret"),
        ({"environment": ENVIRONMENT | {"TICKETING_X": "a\nb"}}, "line break"),
        ({"instance_type": "t3.nano"}, "too little memory"),
    ],
)
def test_what_would_not_boot_is_refused_while_planning(configuration: Path, given: dict[str, Any], words: str) -> None:
    with pytest.raises(AssertionError) as error:
        render(configuration, **given)
    assert words in " ".join(str(error.value).replace("│", " ").split())


def test_without_tls_inside_no_certificate_is_made(configuration: Path, tmp_path: Path) -> None:
    instance = Instance(tmp_path, render(configuration, enable_https_targets=False).user_data)
    assert instance.boot().returncode == 0
    instance.start("ticketing-api.service")
    assert not (instance.root / "run/ticketing/tls").exists()
    assert "--certificate" not in instance.programs.lines("docker run --rm --name ticketing-api")[0]


def test_the_payment_sandbox_boots_with_its_secret_alone(configuration: Path, tmp_path: Path) -> None:
    instance = Instance(tmp_path, render_sandbox(configuration))
    assert instance.boot().returncode == 0, instance.log
    instance.start("payment-sandbox.service")
    assert [path.name for path in (instance.root / "run/ticketing/secrets").iterdir()] == ["TICKETING_PAYMENT_SECRET"]
    (run,) = instance.programs.lines("docker run")
    assert run.endswith(f"{IMAGE} sandbox-provider --data /var/lib/payment-sandbox --host 0.0.0.0 --port 9100")
    assert leaks(instance.everything_on_disk() + run) == []


def test_shellcheck_finds_nothing(rendered: Rendered, configuration: Path, tmp_path: Path) -> None:
    (tmp_path / "user-data.sh").write_text(rendered.user_data)
    (tmp_path / "sandbox.sh").write_text(render_sandbox(configuration))
    done = subprocess.run([SHELLCHECK, *tmp_path.glob("*.sh")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    (tmp_path / "control.sh").write_text(rendered.user_data.replace('"$root/var/log"', "$root/var/log"))
    control = subprocess.run([SHELLCHECK, tmp_path / "control.sh"], capture_output=True, text=True, check=False)
    assert "SC2086" in control.stdout
