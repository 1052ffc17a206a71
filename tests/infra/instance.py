"""An instance that is none: a folder for its disk, stand-ins for its programs, and what systemd would do."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.rendered import ARN, Rendered, prepare, render
from tests.infra.standins import CTL, StandIns

SHELLCHECK = Path(sys.executable).parent / "shellcheck"
PASSWORD = "registry-password"
VALUES = {
    "database": {"url": "mysql+asyncmy://app:pa%2Fss@db.example:3306/ticketing?ssl_ca=/etc/ssl/certs/rds.pem"},
    "cache": {"url": "rediss://app:token@cache.example:6379/0"},
    "app": {
        "SIGNING_KEYS": f"k1:{'ab' * 32}",
        "TICKET_SEED": "01" * 32,
        "PAYMENT_SECRET": "shared with the provider",
        "MAIL_URL": "smtps://user:mailpass@mail.example",
    },
}
SECRET_WORDS = ["pa%2Fss", "rediss://app:token", "ab" * 32, "01" * 32, "shared with the provider", "mailpass", PASSWORD]
QUICK = {"TICKETING_RETRY_SECONDS": "0", "TICKETING_WAIT_TRIES": "3", "TICKETING_POLL_SECONDS": "0.05"}


@pytest.fixture(scope="session")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("rendered"))


@pytest.fixture(scope="session")
def rendered(configuration: Path) -> Rendered:
    return render(configuration)


class Instance:
    """A folder that stands for the disk of an instance, and its programs."""

    def __init__(self, folder: Path, script: str) -> None:
        self.root = folder / "root"
        self.root.mkdir(parents=True)
        self.programs = StandIns(folder / "standins")
        self.script = folder / "user-data.sh"
        self.script.write_text(script)
        self.programs.install(self.root / "opt/aws/amazon-cloudwatch-agent/bin" / CTL)
        for prefix in ("dnf install", "systemctl", "docker", "chown", CTL, "curl"):
            self.programs.answers(prefix)
        self.programs.answers("aws ecr get-login-password", PASSWORD)
        for name, value in VALUES.items():
            self.programs.answers(
                f"aws secretsmanager get-secret-value --region ap-northeast-2 --secret-id {ARN}:{name}-AbCdEf",
                json.dumps(value) + "\n",
            )

    @property
    def environ(self) -> dict[str, str]:
        return {"TICKETING_ROOT": str(self.root), **QUICK}

    def boot(self) -> subprocess.CompletedProcess[str]:
        return self.programs.run(["bash", self.script], self.environ)

    @property
    def log(self) -> str:
        return (self.root / "var/log/user-data.log").read_text()

    def unit(self, name: str) -> dict[str, list[str]]:
        """A systemd unit's [Service] lines: key → values."""
        found: dict[str, list[str]] = {}
        for line in (self.root / "etc/systemd/system" / name).read_text().splitlines():
            key, sep, value = line.partition("=")
            if sep:
                found.setdefault(key, []).append(value)
        return found

    def execute(self, line: str) -> subprocess.CompletedProcess[str]:
        """One Exec line of a unit, as systemd would run it: a "-" in front forgives failure."""
        words = shlex.split(line.removeprefix("-"))
        program = words[0]
        here = self.root / program.lstrip("/")
        done = self.programs.run([here if here.exists() else Path(program).name, *words[1:]], self.environ)
        if done.returncode != 0 and not line.startswith("-"):
            raise AssertionError(f"{line}: {done.stderr}")
        return done

    def start(self, name: str) -> None:
        """What systemd does to start a unit."""
        for line in self.unit(name)["ExecStartPre"] + self.unit(name)["ExecStart"]:
            self.execute(line)

    def everything_on_disk(self) -> str:
        """The text of every file but those in memory (/run)."""
        texts = [
            path.read_text(errors="replace")
            for path in self.root.rglob("*")
            if path.is_file() and "run" not in path.relative_to(self.root).parts[:1]
        ]
        return "\n".join(texts)


@pytest.fixture
def instance(tmp_path: Path, rendered: Rendered) -> Instance:
    return Instance(tmp_path, rendered.user_data)


@pytest.fixture
def booted(instance: Instance) -> Instance:
    done = instance.boot()
    assert done.returncode == 0, instance.log
    return instance


def leaks(text: str) -> list[str]:
    """Secrets that a text gives away."""
    return [word for word in SECRET_WORDS if word in text]


def order(lines: list[str], *beginnings: str) -> list[int]:
    """Where lines that begin so come first."""
    return [next(i for i, line in enumerate(lines) if line.startswith(beginning)) for beginning in beginnings]
