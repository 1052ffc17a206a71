"""Secrets, migration and the end of an instance, by the very scripts that user data lays down."""

from __future__ import annotations

import json
import os
import shlex
import stat
import threading
import time
from typing import Any

import pytest

from tests.infra.instance import VALUES, Instance, leaks
from tests.infra.rendered import ARN, ENVIRONMENT, SECRETS, Rendered
from ticketing.settings import read_settings

pytestmark = pytest.mark.infra


def test_no_secret_is_in_the_script_or_on_the_disk(booted: Instance, rendered: Rendered) -> None:
    booted.start("ticketing-api.service")
    assert leaks(rendered.user_data) == []
    assert leaks(booted.everything_on_disk()) == []
    assert leaks("\n".join(booted.programs.lines("docker run"))) == []


def test_control_a_secret_would_be_found(booted: Instance) -> None:
    (booted.root / "etc/ticketing/environment").write_text("TICKETING_MAIL_URL=smtps://user:mailpass@mail.example")
    assert leaks(booted.everything_on_disk()) == ["mailpass"]


def test_what_the_application_is_given_makes_settings(booted: Instance) -> None:
    """The environment file and the secrets together are what `ticketing` wants, and nothing is missing."""
    booted.start("ticketing-api.service")
    lines = (booted.root / "etc/ticketing/environment").read_text().splitlines()
    environ = dict(line.partition("=")[::2] for line in lines if line)
    for name, path in environ.items():
        if name.endswith("_FILE"):
            environ[name] = str(booted.root / path.lstrip("/"))
    settings = read_settings(environ)
    assert settings.database_url == VALUES["database"]["url"]
    assert settings.valkey_url == VALUES["cache"]["url"]
    assert settings.signing_keys == {"k1": bytes.fromhex("ab" * 32)}
    assert settings.payment_secret == "shared with the provider"
    assert settings.payment_url == "https://pay.example.com"
    assert settings.queue_dead_url == ENVIRONMENT["TICKETING_QUEUE_DEAD_URL"]


def test_secrets_are_files_in_memory_for_the_container_alone(booted: Instance) -> None:
    booted.start("ticketing-api.service")
    folder = booted.root / "run/ticketing/secrets"
    assert {path.name for path in folder.iterdir()} == set(SECRETS)
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o400
        if os.geteuid() == 0:
            assert path.stat().st_uid == 10001
    asked = booted.programs.lines("aws secretsmanager")
    assert len(asked) == len(VALUES), "each secret is asked for once"


def test_the_database_is_migrated_once_however_many_start(booted: Instance) -> None:
    starts = [
        threading.Thread(target=booted.start, args=(f"ticketing-{name}.service",)) for name in ("api", "worker") * 2
    ]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert len(booted.programs.lines("docker run --rm --name ticketing-migrate")) == 1


def test_a_failed_migration_keeps_the_api_from_starting_and_is_tried_again(booted: Instance) -> None:
    booted.programs.answers("docker run --rm --name ticketing-migrate", {"code": 1, "err": "locked"}, "")
    with pytest.raises(AssertionError, match="ticketing-migrate"):
        booted.start("ticketing-api.service")
    assert booted.programs.lines("docker run --rm --name ticketing-api") == []
    booted.programs.answers("docker run --rm --name ticketing-migrate", "")
    booted.start("ticketing-api.service")
    assert len(booted.programs.lines("docker run --rm --name ticketing-api")) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"code": 254, "err": "AccessDeniedException"}, "may the instance role read it"),
        ({"out": "{}"}, "has no key"),
        ({"out": "not json"}, "has no key"),
        ({"out": json.dumps(VALUES["app"] | {"MAIL_URL": ""})}, "is empty"),
    ],
)
def test_a_secret_that_cannot_be_had_stops_the_start_and_is_named(
    booted: Instance, answer: dict[str, Any], words: str
) -> None:
    prefix = f"aws secretsmanager get-secret-value --region ap-northeast-2 --secret-id {ARN}:app-AbCdEf"
    booted.programs.answers(prefix, answer)
    with pytest.raises(AssertionError, match=words) as error:
        booted.start("ticketing-worker.service")
    assert "app-AbCdEf" in str(error.value)
    assert leaks(str(error.value)) == []
    assert booted.programs.lines("docker run") == []


def metadata(instance: Instance, path: str, *answers: str | dict[str, Any]) -> None:
    """What the instance's metadata service says."""
    base = "http://169.254.169.254/latest/meta-data"
    prefix = "curl -sf --max-time 2 -H X-aws-ec2-metadata-token: token "
    instance.programs.answers(prefix + f"{base}/{path}", *answers)


@pytest.fixture
def running(booted: Instance) -> Instance:
    """An instance in service, whose metadata can be asked."""
    booted.programs.forget()
    booted.programs.answers("curl -sf --max-time 2 -X PUT", "token")
    metadata(booted, "instance-id", "i-0abc")
    metadata(booted, "spot/instance-action", {"code": 22})
    booted.programs.answers("aws autoscaling complete-lifecycle-action")
    return booted


def drain_line(instance: Instance) -> str:
    return instance.unit("ticketing-drain.service")["ExecStart"][0]


def test_told_to_terminate_it_stops_both_and_then_lets_auto_scaling_go_on(running: Instance) -> None:
    metadata(running, "autoscaling/target-lifecycle-state", "InService", {"code": 22}, "Terminated")
    running.execute(drain_line(running))
    lines = running.programs.lines()
    stop = lines.index("systemctl stop ticketing-worker.service ticketing-api.service")
    (done,) = running.programs.lines("aws autoscaling")
    assert lines.index(done) > stop
    for part in ("--auto-scaling-group-name ticketing-dev-web", "--lifecycle-hook-name ticketing-dev-drain", "i-0abc"):
        assert part in done


def test_a_spot_notice_drains_too_even_where_no_hook_answers(running: Instance) -> None:
    metadata(running, "autoscaling/target-lifecycle-state", "InService")
    metadata(running, "spot/instance-action", {"code": 22}, '{"action": "terminate"}')
    running.programs.answers("aws autoscaling complete-lifecycle-action", {"code": 255, "err": "no such action"})
    running.execute(drain_line(running))
    assert running.programs.lines("systemctl stop")
    assert len(running.programs.lines("aws autoscaling")) == 3


@pytest.mark.parametrize("state", ["InService", "Detached", ""])
def test_control_in_service_nothing_is_stopped(running: Instance, state: str) -> None:
    metadata(running, "autoscaling/target-lifecycle-state", state)
    words = shlex.split(drain_line(running))
    with running.programs.running([running.root / words[0].lstrip("/"), *words[1:]], running.environ) as watch:
        until = time.monotonic() + 60
        while len(running.programs.lines("curl")) <= 8 and time.monotonic() < until:
            assert watch.poll() is None
            time.sleep(0.05)
    assert running.programs.lines("systemctl stop") == []
    assert len(running.programs.lines("curl")) > 8
