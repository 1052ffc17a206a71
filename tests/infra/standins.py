"""Programs of an instance that a test stands in for: each writes down what it was asked, and answers as it was told.

`python standins.py NAME ARGUMENT...`, with $STANDINS naming a folder: `asked.jsonl` takes one line for each call, and
`answers.json` holds, for a prefix of a command line, a list of answers, one for each call; the last one stays:
`{"out": text, "code": 0}`. A command line that no prefix matches fails: what is not foreseen is an error.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

NAMES = ("aws", "chown", "curl", "dnf", "docker", "systemctl", "terraform", "git", "npm", "node")
TOOLS = """bash sh cat chmod mkdir rm mv cp mktemp dirname basename date sed grep tail head cut tr sort seq nproc
install
tee touch flock hostname sleep timeout openssl env find wc awk uname ls id true false printf cmp python3 stat tty xargs
readlink"""
CTL = "amazon-cloudwatch-agent-ctl"


def answer(name: str, arguments: list[str]) -> int:
    """Write the call down and answer it."""
    folder = Path(os.environ["STANDINS"])
    line = " ".join([name, *arguments])
    stdin = sys.stdin.read() if "--password-stdin" in arguments else None
    told = {key: os.environ[key] for key in ("DOCKER_CONFIG", "IMAGE_TAG", "TF_WORKSPACE") if key in os.environ}
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with (folder / "asked.jsonl").open("a") as log:
            log.write(json.dumps({"line": line, "argv": [name, *arguments], "stdin": stdin, "environ": told}) + "\n")
        answers = json.loads((folder / "answers.json").read_text())
        fitting = [prefix for prefix in answers if line.startswith(prefix)]
        if not fitting:
            sys.stderr.write(f"stand-in: nobody foresaw: {line}\n")
            return 97
        prefix = max(fitting, key=len)
        now = answers[prefix][0]
        if len(answers[prefix]) > 1:
            del answers[prefix][0]
            (folder / "answers.json").write_text(json.dumps(answers))
    sys.stdout.write(now.get("out", ""))
    sys.stderr.write(now.get("err", ""))
    for path, content in now.get("files", {}).items():
        Path(path).write_text(content)
    return int(now.get("code", 0))


class StandIns:
    """The programs in a folder for PATH, and what they were asked."""

    def __init__(self, folder: Path, names: tuple[str, ...] = NAMES) -> None:
        self.folder = folder
        self.programs = folder / "bin"
        self.programs.mkdir(parents=True)
        self._answers: dict[str, list[dict[str, Any]]] = {}
        for name in names:
            self.install(self.programs / name)

    def install(self, path: Path) -> None:
        """Put a stand-in at a path."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -E "{Path(__file__)}" {path.name} "$@"\n')
        path.chmod(0o755)

    def remove(self, name: str) -> None:
        """As on a machine without the program."""
        (self.programs / name).unlink()

    def answers(self, prefix: str, *answers: str | dict[str, Any]) -> None:
        """What command lines that begin so are answered: a text, or more; one after the other, the last one stays."""
        self._answers[prefix] = [{"out": one} if isinstance(one, str) else one for one in answers or ("",)]

    @property
    def environ(self) -> dict[str, str]:
        """The environment to run a script in: nothing of ours but the stand-ins and the machine's plain tools."""
        plain = self.folder / "plain"
        if not plain.exists():
            plain.mkdir()
            for tool in TOOLS.split():
                found = shutil.which(tool)
                if found:
                    (plain / tool).symlink_to(found)
        return {"PATH": f"{self.programs}:{plain}", "STANDINS": str(self.folder), "HOME": str(self.folder)}

    def run(
        self,
        command: list[str | Path],
        environ: Mapping[str, str],
        *,
        timeout: float = 60,
        stdin: str = "",
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a script among the stand-ins."""
        (self.folder / "answers.json").write_text(json.dumps(self._answers))
        return subprocess.run(
            [str(part) for part in command],
            env={**self.environ, **environ},
            input=stdin,
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    @contextlib.contextmanager
    def running(self, command: list[str | Path], environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
        """A script that goes on among the stand-ins until the block ends."""
        (self.folder / "answers.json").write_text(json.dumps(self._answers))
        script = subprocess.Popen(
            [str(part) for part in command],
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield script
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(script.pid, signal.SIGKILL)
            script.wait(10)

    @property
    def asked(self) -> list[dict[str, Any]]:
        """Every call so far, in order."""
        log = self.folder / "asked.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def lines(self, prefix: str = "") -> list[str]:
        """The command lines that begin so."""
        return [call["line"] for call in self.asked if call["line"].startswith(prefix)]

    def forget(self) -> None:
        """Begin a new page."""
        (self.folder / "asked.jsonl").unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(answer(sys.argv[1], sys.argv[2:]))
