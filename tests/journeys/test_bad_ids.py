"""Ids, paths and methods that are not there: 404 and 405, for everything that is not one's own too."""

from __future__ import annotations

import time
from urllib.parse import quote

import pytest

from tests.journeys.bad_input import Scene, ask, assert_problem, send_raw

UNKNOWN = {
    "event_id": "evt_aaaaaaaaaaaaaaaa",
    "hold_id": "hld_aaaaaaaaaaaaaaaa_evt_aaaaaaaaaaaaaaaa",
    "order_id": "ord_" + "a" * 32,
    "ticket_id": "tkt_aaaaaaaaaaaaaaaaaaaa",
}
NO_IDS = [
    "nope",
    "%00",
    "%ff%fe",
    "..%2f..%2fetc%2fpasswd",
    "%27%20OR%201%3D1%20--",
    "%F0%9F%8E%AB",
    "a" * 3000,
    "evt_",
    "hld__",
    "hld_aaaaaaaa_",
    "hld_aaaaaaaa_{x}y",
    "ord_AAAAAAAA",
    "tkt_aaaaaaaa.exe",
    ".svg",
    "%0d%0aX-Injected:1",
]
BY_ID = [
    ("GET", "/api/events/{event_id}"),
    ("GET", "/api/events/{event_id}/plan"),
    ("GET", "/api/events/{event_id}/availability"),
    ("GET", "/api/events/{event_id}/holds"),
    ("POST", "/api/events/{event_id}/holds"),
    ("DELETE", "/api/holds/{hold_id}"),
    ("GET", "/api/orders/{order_id}"),
    ("POST", "/api/orders/{order_id}/cancel"),
    ("GET", "/api/tickets/{ticket_id}"),
    ("GET", "/api/tickets/{ticket_id}.svg"),
    ("GET", "/api/tickets/{ticket_id}.pdf"),
    ("POST", "/api/payments/callbacks/{provider}"),
]


def routes_with(ids: dict[str, str]) -> list[tuple[str, str]]:
    return [(method, path.format(provider="nobody", **ids)) for method, path in BY_ID]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(("method", "path"), routes_with(UNKNOWN), ids=lambda value: value[:50])
async def test_unknown_ids(scene: Scene, method: str, path: str) -> None:
    assert_problem(await ask(scene, method, path), 404, "not_found")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("bad", NO_IDS, ids=lambda value: value[:20])
async def test_what_is_no_id_at_all(scene: Scene, bad: str) -> None:
    for method, template in BY_ID:
        for name in (*UNKNOWN, "provider"):
            if f"{{{name}}}" in template:
                answer = await ask(scene, method, template.replace(f"{{{name}}}", bad))
                assert_problem(answer, 404, "not_found")
                assert "x-injected" not in answer.headers


@pytest.mark.usefixtures("unchanged")
async def test_what_belongs_to_somebody_else_does_not_exist(scene: Scene) -> None:
    order, ticket = scene.order["order_id"], scene.order["tickets"][0]["ticket_id"]
    for method, path in (
        ("GET", f"/api/orders/{order}"),
        ("POST", f"/api/orders/{order}/cancel"),
        ("GET", f"/api/tickets/{ticket}"),
        ("GET", f"/api/tickets/{ticket}.svg"),
        ("GET", f"/api/tickets/{ticket}.pdf"),
        ("DELETE", f"/api/holds/{scene.hold['hold_id']}"),
    ):
        assert_problem(await scene.client.request(method, path, headers=scene.bob.headers), 404, "not_found")
    assert (await scene.bob.get("/api/orders")).json() == {"orders": []}
    assert (await scene.bob.get(f"/api/events/{scene.event.id}/holds")).json() == {"holds": []}


@pytest.mark.usefixtures("unchanged")
async def test_ids_of_one_kind_are_nothing_to_another(scene: Scene) -> None:
    ids = [
        scene.event.id,
        scene.hold["hold_id"],
        scene.order["order_id"],
        scene.order["tickets"][0]["ticket_id"],
        scene.alice.account_id,
        scene.hold["token"],
    ]
    for method, template in BY_ID:
        for name, kind in (("event_id", 0), ("hold_id", 1), ("order_id", 2), ("ticket_id", 3)):
            if f"{{{name}}}" not in template:
                continue
            for wrong in [value for n, value in enumerate(ids) if n != kind]:
                answer = await ask(scene, method, template.replace(f"{{{name}}}", quote(wrong, safe="")))
                assert_problem(answer, 404, "not_found")


@pytest.mark.parametrize("skewed", ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 2099 23:59:59 GMT", "yesterday"])
async def test_what_time_a_client_believes_it_is_does_not_matter(scene: Scene, skewed: str) -> None:
    headers = {"Date": skewed, "If-Modified-Since": skewed}
    path = f"/api/events/{scene.event.id}/holds"
    before = time.time()
    answer = await ask(scene, "POST", path, json={"section": "1C", "quantity": 1}, headers=headers)
    assert answer.status_code == 201
    hold = answer.json()
    assert before - 5 < instant(hold["server_time"]) < time.time() + 5
    assert 400 < instant(hold["expires_at"]) - instant(hold["server_time"]) <= 421
    assert (await scene.client.get(f"/api/events/{scene.event.id}", headers=headers)).status_code == 200
    assert (await scene.alice.delete(f"/api/holds/{hold['hold_id']}")).status_code == 204


def instant(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


async def test_unknown_queries_are_ignored(scene: Scene) -> None:
    for path in (
        "/api/events",
        f"/api/events/{scene.event.id}",
        f"/api/events/{scene.event.id}/availability",
        "/health",
    ):
        for query in ("x=1", "a=b&a=c&=&&", "%00=%ff", "q=" + "x" * 4000):
            assert (await ask(scene, "GET", f"{path}?{query}")).status_code == 200


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/events"),
        ("DELETE", "/api/events"),
        ("POST", "/health"),
        ("PATCH", "/api/orders"),
        ("DELETE", "/api/orders"),
        ("GET", "/api/accounts"),
        ("GET", "/api/checkins"),
        ("PUT", "/api/sessions"),
        ("TRACE", "/api/events"),
        ("PROPFIND", "/api/events"),
    ],
)
async def test_methods_that_a_path_does_not_know(scene: Scene, method: str, path: str) -> None:
    answer = await ask(scene, method, path, content=b"{}", headers={"Content-Type": "application/json"})
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"]
    assert method not in answer.headers["allow"]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "path",
    [
        "/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/api",
        "/api/",
        "/api/../health/../../etc/passwd",
        "/api/events/../../etc/passwd",
        "/%c0%ae%c0%ae/etc/passwd",
        "/docs/..%2f..%2fetc%2fpasswd",
        "/.env",
        "/api/demo/../../x",
    ],
)
async def test_paths_that_lead_nowhere(scene: Scene, path: str) -> None:
    for method in ("GET", "POST"):
        raw = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode()
        answer = await send_raw(scene.stack.port, raw)
        assert answer.status in (404, 405)
        assert b"root:" not in answer.body
