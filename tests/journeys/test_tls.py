"""The API behind a load balancer that speaks TLS to it, and the provider with its secret in a file."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.certificates import authority, certificate
from tests.stack import Stack, free_port, running


@pytest.fixture(scope="module")
def own() -> Iterator[Stack]:
    with (
        tempfile.TemporaryDirectory(prefix="tkt") as folder,
        running(Stack(Path(folder)), worker=False, api=False) as own,
    ):
        yield own


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A ticketing command that is meant to end by itself."""
    command = [sys.executable, "-m", "ticketing", *arguments]
    return subprocess.run(command, env=os.environ | environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("processes", [1, 2])
async def test_it_answers_and_drains_over_tls(own: Stack, tmp_path: Path, processes: int) -> None:
    root = authority(tmp_path)
    pem, key = certificate(tmp_path, root, "api", "127.0.0.1")
    own.spawn(
        "api", "api", "--port", str(own.port), "--processes", str(processes), "--drain-seconds", "1",
        "--certificate", str(pem), "--key", str(key),
    )  # fmt: skip
    url = f"https://127.0.0.1:{own.port}"
    trust = ssl.create_default_context(cafile=str(root.file))
    async with httpx.AsyncClient(base_url=url, verify=trust, timeout=30) as client:
        for _ in range(200):
            try:
                if (await client.get("/health")).json() == {"status": "ok"}:
                    break
            except httpx.ConnectError:
                await asyncio.sleep(0.1)
        else:
            raise AssertionError(own.log("api"))
        with pytest.raises(httpx.HTTPError):  # the control: nothing is answered in the clear
            await asyncio.to_thread(httpx.get, f"http://127.0.0.1:{own.port}/health", timeout=30)
        api = own.children.pop("api")
        api.terminate()
        codes = set()
        while api.poll() is None:
            try:
                codes.add((await client.get("/health/ready")).status_code)
            except httpx.HTTPError:
                await asyncio.sleep(0.05)
        assert 503 in codes, "it never said that it drains"
        assert api.wait(20) == 0


def test_a_certificate_that_cannot_be_used_is_said_at_once(own: Stack, tmp_path: Path) -> None:
    root = authority(tmp_path)
    pem, _ = certificate(tmp_path, root, "one", "127.0.0.1")
    _, foreign = certificate(tmp_path, root, "two", "127.0.0.1")
    for options, words in [
        (["--certificate", str(pem)], "go together"),
        (["--certificate", str(pem), "--key", str(tmp_path / "none")], "cannot speak TLS"),
        (["--certificate", str(pem), "--key", str(foreign)], "cannot speak TLS"),
    ]:
        done = run("api", "--port", "0", *options, **own.environ)
        assert (done.returncode, words in done.stderr) == (2, True), done.stderr


def test_the_provider_reads_its_secret_from_a_file(tmp_path: Path) -> None:
    missing = run(
        "sandbox-provider", "--data", str(tmp_path), "--port", str(free_port()),
        TICKETING_PAYMENT_SECRET="", TICKETING_PAYMENT_SECRET_FILE=str(tmp_path / "none"),
    )  # fmt: skip
    assert (missing.returncode, "cannot read" in missing.stderr) == (2, True)
    file = tmp_path / "secret"
    file.write_text("a secret of sixteen characters\n")
    port = free_port()
    environ = os.environ | {"TICKETING_PAYMENT_SECRET": "", "TICKETING_PAYMENT_SECRET_FILE": str(file)}
    command = [sys.executable, "-m", "ticketing", "sandbox-provider", "--data", str(tmp_path), "--port", str(port)]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as provider:
        assert provider.stderr is not None
        line = provider.stderr.readline()
        provider.terminate()
    assert "sandbox provider on" in line
