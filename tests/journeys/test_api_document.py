"""The OpenAPI document and its page: valid, complete, and readable without a script or another host."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import httpx
from openapi_spec_validator import validate

from tests.journeys.openapi import operations


def test_it_is_valid_openapi_and_the_command_prints_the_same(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)
    printed = subprocess.run(
        [sys.executable, "-m", "ticketing", "openapi"], capture_output=True, check=True, timeout=60
    ).stdout
    assert json.loads(printed) == document


def test_every_operation_is_described_in_full(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        name, responses = f"{method} {path}", operation["responses"]
        assert operation.get("summary"), name
        assert operation.get("tags"), name
        for status, response in responses.items():
            content = response.get("content", {})
            if int(status) >= 400 and path != "/health/ready":
                assert list(content) == ["application/problem+json"], f"{name} {status}"
            if status == "429" or (status == "503" and path != "/health/ready"):
                assert "Retry-After" in response["headers"], f"{name} {status}"
            if status in ("204", "304"):
                assert content == {}, f"{name} {status}"
            if status in ("200", "201", "202"):
                for media_type, form in content.items():
                    assert media_type != "application/json" or "$ref" in form["schema"], f"{name} {status}"
        if "security" in operation:
            assert "401" in responses, name
            assert {"bearer": []} in operation["security"], name
            by_cookie = next(way for way in operation["security"] if "cookie" in way)
            assert ("csrf" in by_cookie) is (method != "get"), name
        if "x-roles" in operation or ("security" in operation and method != "get"):
            assert "403" in responses, name
        if "requestBody" in operation:
            assert {"400", "413", "415"} <= set(responses), name
    schemes = document["components"]["securitySchemes"]
    assert (schemes["cookie"]["name"], schemes["csrf"]["name"]) == ("__Host-session", "X-CSRF-Token")


def test_the_contract_of_the_design_is_in_it(document: dict[str, Any]) -> None:
    described = {f"{method.upper()} {path}" for path, method, _ in operations(document)}
    assert described >= {
        "GET /health",
        "GET /health/ready",
        "GET /api/events",
        "GET /api/events/{event_id}",
        "GET /api/events/{event_id}/plan",
        "GET /api/events/{event_id}/availability",
        "POST /api/accounts",
        "POST /api/sessions",
        "DELETE /api/sessions",
        "POST /api/events/{event_id}/holds",
        "DELETE /api/holds/{hold_id}",
        "POST /api/orders",
        "GET /api/orders",
        "GET /api/orders/{order_id}",
        "POST /api/orders/{order_id}/cancel",
        "GET /api/tickets/{ticket_id}",
        "POST /api/checkins",
    }


class Loads(HTMLParser):
    """What a page would make a browser load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.hosts: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            if name in ("src", "href", "action") and value and "//" in value:
                self.hosts.add(value)
            assert not name.startswith("on")
            assert name != "style", "an inline style would be stopped by the page's own policy"


async def test_the_docs_page_needs_no_script_and_no_other_host(
    client: httpx.AsyncClient, document: dict[str, Any]
) -> None:
    page = await client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    loads = Loads()
    loads.feed(page.text)
    assert loads.hosts == set()
    assert loads.tags["script"] == loads.tags["link"] == loads.tags["img"] == loads.tags["iframe"] == 0
    style = page.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = page.headers["content-security-policy"]
    assert f"style-src 'sha256-{digest}'" in policy, "the one style is allowed by what it says"
    assert "default-src 'none'" in policy
    for path, method, _ in operations(document):
        assert f'<span class="method">{method.upper()}</span> <code>{path}</code>' in page.text
    for shape in document["components"]["schemas"]:
        assert f'id="{shape}"' in page.text
