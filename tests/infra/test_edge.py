"""What stands at the edge: clean URLs as CloudFront runs them, and an image that holds what instances need."""

from __future__ import annotations

import fnmatch
import functools
import json
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.certificates import authority, certificate
from tests.infra.rendered import terraform
from ticketing.base import pages
from ticketing.waiting.captcha import captcha_origins

pytestmark = pytest.mark.infra

ROOT = Path(__file__).parents[2]
ROUTES = json.loads((ROOT / "web" / "routes.json").read_text())
_PLACE = r"{[^}]*}"


@functools.cache
def code() -> str:
    """The function as Terraform makes it, by the module's own expression and the module's own type of the table."""
    variables, policies = ((ROOT / f"modules/cdn/{name}.tf").read_text() for name in ("variables", "policies"))
    (variable,) = re.findall(r'^variable "routes" {.*?^}', variables, re.MULTILINE | re.DOTALL)
    (expression,) = re.findall(r'^resource "aws_cloudfront_function" .*?  code = (.*?)^}', policies, re.M | re.DOTALL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "files").mkdir()
        shutil.copy(ROOT / "modules/cdn/files/clean-urls.js", folder / "files")
        (folder / "main.tf").write_text(f"{variable}\nlocals {{\n  code = {expression}}}\n")
        (folder / "terraform.tfvars.json").write_text(json.dumps({"routes": ROUTES}))
        return str(json.loads(json.loads(terraform(folder, "console", stdin="jsonencode(local.code)\n"))))


def asked(*paths: str) -> list[dict[str, Any]]:
    """What the function makes of requests for these paths."""
    node = shutil.which("node") or str(ROOT / ".tools/bin/node")
    script = (
        code()
        + f"""
    const out = {json.dumps(paths)}.map((uri) => handler({{ request: {{ uri, headers: {{}} }} }}));
    process.stdout.write(JSON.stringify(out));
    """
    )
    done = subprocess.run([node, "-e", script], capture_output=True, text=True, timeout=30, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_every_route_leads_to_its_file() -> None:
    paths = [re.sub(_PLACE, "evt_abc", route["path"]) for route in ROUTES]
    for route, one in zip(ROUTES, asked(*paths), strict=True):
        if "file" in route:
            assert one["uri"] == f"/{route['file']}"
        else:
            assert one["headers"]["location"]["value"] == re.sub(_PLACE, "evt_abc", route["to"])


def test_the_edge_and_the_api_agree_about_every_page(tmp_path: Path) -> None:
    """The API serves the same pages by the same table: where the one has a page, so has the other."""
    for route in [one for one in ROUTES if "file" in one]:
        (tmp_path / route["file"]).write_text(route["file"])
    (tmp_path / "routes.json").write_text(json.dumps(ROUTES))
    site = pages.Pages(tmp_path)
    paths = [
        "/",
        "/events/x",
        "/events/x/",
        "/events/x/seats",
        "/events",
        "/nothing",
        "/gate",
        "/orders/a/b",
        "/tickets/",
    ]
    for path, one in zip(paths, asked(*paths), strict=True):
        here = site.find(path.rstrip("/") or "/")
        assert one.get("headers", {}).get("location", {}).get("value") == site.elsewhere(path)
        there = (tmp_path / one["uri"].lstrip("/")).read_text() if "uri" in one else None
        assert (here.body.decode() if here else None) == there, path


def test_files_pass_and_what_is_neither_is_not_found() -> None:
    file, nothing = asked("/assets/index-DM7XWfrG.css", "/nothing/here")
    assert file["uri"] == "/assets/index-DM7XWfrG.css"
    assert nothing["statusCode"] == 404


def test_the_edge_sends_the_headers_that_the_api_sends() -> None:
    policies = (ROOT / "modules/cdn/policies.tf").read_text()
    for name, value in pages.SECURITY_HEADERS.items():
        elsewhere = ("X-Content-Type-Options", "Content-Security-Policy")
        assert value in policies or name in elsewhere, name
    assert "content_type_options" in policies


@pytest.mark.parametrize("kind", [None, "turnstile", "hcaptcha", "recaptcha"])
def test_the_edge_lets_pages_load_the_captcha_that_the_api_lets_them(tmp_path: Path, kind: str | None) -> None:
    policies = (ROOT / "modules/cdn/policies.tf").read_text()
    given = {"captcha_kind": {"type": "string", "default": kind}}
    (tmp_path / "given.tf.json").write_text(json.dumps({"variable": given}))
    (tmp_path / "main.tf").write_text(policies[: policies.index("\nresource ")])
    said = json.loads(json.loads(terraform(tmp_path, "console", stdin="jsonencode(local.content_security_policy)\n")))
    site = tmp_path / "site"
    site.mkdir()
    (site / "routes.json").write_text("[]")
    assert said == pages.Pages(site, captcha_origins(kind)).headers["Content-Security-Policy"]
    assert ("https://" in said) == (kind is not None)
    assert "= local.content_security_policy" in policies, "and it is what the distribution sends"


DOCKERFILE = (ROOT / "Dockerfile").read_text()


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Each instruction and its arguments, lines joined, comments left out."""
    lines = "\n".join(line for line in dockerfile.splitlines() if not line.lstrip().startswith("#"))
    joined = lines.replace("\\\n", " ")
    return [(one.split(None, 1)[0], one.split(None, 1)[1]) for one in joined.splitlines() if one.strip()]


def faults(dockerfile: str) -> list[str]:
    """What an image of ours must not be."""
    found = []
    last = dict(instructions("FROM" + dockerfile.rsplit("\nFROM", 1)[1]))
    base = instructions(dockerfile)[0][1]
    if not re.search(r":\d+\.\d+\.\d+-slim", base):
        found.append("the base is not pinned to a full version")
    if last.get("USER", "root").split(":")[0] in ("root", "0"):
        found.append("runs as root")
    if "HEALTHCHECK" not in last:
        found.append("no health check")
    for kind, one in instructions(dockerfile):
        for command in one.split("&&") if kind == "RUN" else []:
            pinned = "--require-hashes" in command or "--no-deps" in command
            if re.search(r"pip (install|sync)|uv build", command) and not pinned:
                found.append(f"installs without hashes: {command.strip()}")
        if kind in ("ENV", "ARG") and re.search(r"(?i)secret|password|token|key=", one):
            found.append(f"a secret stays in the image: {one}")
    return found


def test_the_image_is_pinned_unprivileged_and_checked() -> None:
    assert faults(DOCKERFILE) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [(("USER 10001:10001", "USER root"), "runs as root"), (("python:3.11.14-slim", "python:slim"), "not pinned"),
     (("HEALTHCHECK", "LABEL"), "no health check"), (("USER 10001", "ENV DB_PASSWORD=x\nUSER 10001"), "a secret"),
     (("--require-hashes --target /uv -r uv.txt", "uv"), "without hashes")],
)  # fmt: skip
def test_control_faults_of_an_image_are_found(change: tuple[str, str], fault: str) -> None:
    assert change[0] in DOCKERFILE
    assert any(fault in one for one in faults(DOCKERFILE.replace(*change)))


def ignored(path: str) -> bool:
    """By .dockerignore, whose last fitting line counts."""
    out = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.lstrip("!")
        if line and not line.startswith("#"):
            folders = [path, *map(str, Path(path).parents)]
            parts = [Path(folder).name for folder in folders] if pattern.startswith("**/") else folders
            if any(fnmatch.fnmatch(part, pattern.removeprefix("**/")) for part in parts):
                out = not line.startswith("!")
    return out


def test_what_the_image_copies_is_there_and_nothing_else_gets_in() -> None:
    for kind, one in instructions(DOCKERFILE):
        if kind == "COPY" and "--from" not in one:
            for source in one.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert not ignored(source), source
    for secret in (".env", "terraform.tfvars", ".git/config", "terraform.tfstate", "src/.env", "web/node_modules/x"):
        assert ignored(secret), secret


def test_the_image_trusts_auroras_authorities_of_seoul_for_years() -> None:
    found = x509.load_pem_x509_certificates((ROOT / "docker/rds-global-bundle.pem").read_bytes())
    names = [one.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value for one in found]
    assert sum("ap-northeast-2 Root CA" in str(name) for name in names) == 3
    late = datetime.now(UTC) + timedelta(days=365)
    assert [one.subject for one in found if one.not_valid_after_utc < late] == []
    for one in found:
        one.verify_directly_issued_by(one)  # roots only, and whole


class _Health(BaseHTTPRequestHandler):
    """An API that lives, or does not, by the class attribute."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on the test's output."""


@pytest.mark.parametrize(("tls", "status", "code"), [(False, 200, 0), (True, 200, 0), (True, 503, 1)])
def test_the_health_check_speaks_both(tmp_path: Path, tls: bool, status: int, code: int) -> None:
    handler = type("Health", (_Health,), {"status": status})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate(tmp_path, authority(tmp_path), "api", "127.0.0.1"))
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            assert health_check(server.server_port) == code
        finally:
            server.shutdown()
            thread.join()


def test_control_nobody_there_is_not_healthy() -> None:
    assert health_check(9) == 1


def health_check(port: int) -> int:
    """The exit code of the image's health check for an API on that port."""
    command = [sys.executable, str(ROOT / "docker/healthcheck.py")]
    return subprocess.run(command, env={"PORT": str(port)}, capture_output=True, timeout=30, check=False).returncode
