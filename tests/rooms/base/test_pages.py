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
        json.dumps([{"path": "/", "file": "index.html"}, {"path": "/events/{id}", "file": "event.html"}])
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
