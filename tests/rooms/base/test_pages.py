"""Built pages from memory: clean URLs, caching by name, a strict policy, and nothing outside the build."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from ticketing.base.pages import Pages, routes
from ticketing.base.web import EXCEPTION_HANDLERS

INDEX = b"<!doctype html><title>home</title>" + b"<p>text</p>" * 100
Client = AsyncTestClient[Litestar]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Client]:
    build = tmp_path / "dist"
    (build / "assets").mkdir(parents=True)
    (build / "index.html").write_bytes(INDEX)
    (build / "event.html").write_bytes(b"<title>event</title>")
    (build / "assets" / "app-a1b2c3.js").write_bytes(b"let x = 1;" * 100)
    (build / "routes.json").write_text(
        json.dumps(
            [
                {"path": "/", "file": "index.html"},
                {"path": "/events/{id}", "file": "event.html"},
                {"path": "/events/{id}/plain", "to": "/plain/{id}"},
            ]
        )
    )
    (tmp_path / "secret.txt").write_text("not part of the build")
    async with AsyncTestClient(Litestar(routes(Pages(build)), exception_handlers=EXCEPTION_HANDLERS)) as client:
        yield client


async def test_clean_urls(site: Client) -> None:
    for path, title in (("/", b"home"), ("/events/evt_abc", b"event"), ("/event.html", b"event")):
        answer = await site.get(path)
        assert answer.status_code == 200
        assert title in answer.content
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_clean_url_may_lead_elsewhere(site: Client) -> None:
    answer = await site.get("/events/evt_abc/plain", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, "/plain/evt_abc")
    tricky = await site.get("/events/a%0d%0ab%7Bid%7D/plain", follow_redirects=False)
    assert tricky.headers["location"] == "/plain/a%0D%0Ab%7Bid%7D"
    assert (await site.get("/events/a/b/plain", follow_redirects=False)).status_code == 404


async def test_hashed_names_are_kept_for_ever_and_pages_are_asked_about(site: Client) -> None:
    asset = await site.get("/assets/app-a1b2c3.js")
    assert asset.headers["content-type"] == "text/javascript; charset=utf-8"
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    page = await site.get("/")
    assert page.headers["cache-control"] == "no-cache"
    again = await site.get("/", headers={"if-none-match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_compressed_for_those_who_can(site: Client) -> None:
    request = site.build_request("GET", "/", headers={"accept-encoding": "gzip"})
    answer = await site.send(request, stream=True)
    raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert gzip.decompress(raw) == INDEX
    assert answer.headers["vary"] == "Accept-Encoding"
    plain = await site.get("/", headers={"accept-encoding": "identity"})
    assert plain.content == INDEX
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize(
    "path",
    [
        "/secret.txt",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/../../secret.txt",
        "/assets/",
        "/assets",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/index.html%00",
        "/events/",
        "/events/a/b",
        "/%ff",
        "/api/nothing",
    ],
)
async def test_there_is_nothing_else(site: Client, path: str) -> None:
    answer = await site.get(path)
    assert answer.status_code == 404, answer.text
    assert answer.json()["code"] == "not_found"
    assert b"not part of the build" not in answer.content


async def test_only_a_captcha_opens_the_policy_and_only_to_its_own_service(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes(INDEX)
    (tmp_path / "routes.json").write_text('[{"path": "/", "file": "index.html"}]')
    host = "https://challenges.example"
    for foreign, allowed in (((), False), ((host,), True)):
        app = Litestar(routes(Pages(tmp_path, foreign)), exception_handlers=EXCEPTION_HANDLERS)
        async with AsyncTestClient(app) as client:
            policy = (await client.get("/")).headers["content-security-policy"]
        parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        assert (host in parts["script-src"]) is allowed
        assert (host in parts.get("frame-src", "")) is allowed
        assert parts["default-src"] == "'self'"
        assert parts["object-src"] == "'none'"
