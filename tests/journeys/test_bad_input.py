"""Bad input: each a clear problem document, nothing lost, nothing half-done, and everybody else is served meanwhile."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from tests.journeys.bad_input import Scene, assert_problem, send_raw
from tests.people import eventually, sign_up
from tests.rooms.catalog.plans import small_hall
from tests.stack import PASSWORD, Stack
from ticketing.base.tokens import Signer
from ticketing.holds.token import read_hold, sign_hold
from ticketing.payments.sandbox import signature

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
SEATS = {"seats": ["1C-A-9"]}


@pytest.fixture(scope="module")
def prepared(stack: Stack) -> Scene:
    return asyncio.run(prepare(stack))


@pytest.fixture
async def scene(prepared: Scene, client: httpx.AsyncClient) -> Scene:
    """The same people and shows for every test, over a client of the test's own loop."""
    alice, bob = replace(prepared.alice, client=client), replace(prepared.bob, client=client)
    return replace(prepared, client=client, alice=alice, bob=bob)


async def prepare(stack: Stack) -> Scene:
    async with httpx.AsyncClient(base_url=stack.url, timeout=20) as client:
        event = await stack.add_event_async()
        other = await stack.add_event_async(small_hall())
        alice, bob = await sign_up(client, "Alice"), await sign_up(client, "Bob")
        order = await alice.buy(event.id, "1C-B-9")
        hold = (await alice.hold(event.id, "1C-A-8")).json()
        for each in (event, other):
            await client.get(f"/api/events/{each.id}/availability")
        scene = Scene(stack, client, alice, bob, event, other, hold, order)
        await eventually(lambda: settled(scene), timeout=30)
        return scene


async def settled(scene: Scene) -> bool:
    """Whether Valkey knows of the sold seat: from then on nothing moves by itself."""
    seats = (await scene.state())[scene.event.id]
    return seats is not None and b"3" in seats


@pytest.fixture
async def unchanged(scene: Scene) -> AsyncIterator[None]:
    """What the test does must leave no trace."""
    before = await scene.state()
    yield
    assert await scene.state() == before


def routes_with(ids: dict[str, str]) -> list[tuple[str, str]]:
    return [(method, path.format(provider="nobody", **ids)) for method, path in BY_ID]


async def ask(scene: Scene, method: str, path: str, **how: Any) -> httpx.Response:
    """As Alice; with a good body where one is needed, and no client that tidies the path."""
    headers = scene.alice.headers | how.pop("headers", {})
    if method == "POST" and not how:
        how["json"] = SEATS
    return await scene.client.request(method, httpx.URL(scene.stack.url + path), headers=headers, **how)


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


HOLDS: list[tuple[str, Any, int, str]] = [
    ("seats of another event", {"seats": ["A-1-1"]}, 422, "unknown_seats"),
    ("one of them of another event", {"seats": ["1C-A-9", "A-1-1"]}, 422, "unknown_seats"),
    ("a seat twice", {"seats": ["1C-A-9", "1C-A-9"]}, 400, "invalid_request"),
    ("no seats", {"seats": []}, 400, "invalid_request"),
    ("101 seats", {"seats": [f"1C-A-{n}" for n in range(101)]}, 400, "invalid_request"),
    ("5,000 seats", {"seats": [f"1C-A-{n}" for n in range(5000)]}, 400, "invalid_request"),
    ("100 unknown seats", {"seats": [f"X-{n}" for n in range(100)]}, 422, "unknown_seats"),
    ("more than allowed", {"seats": [f"1C-C-{n}" for n in range(4, 10)]}, 409, "limit_exceeded"),
    ("a taken seat", {"seats": ["1C-A-9", "1C-B-9"]}, 409, "seats_taken"),
    ("an empty name", {"seats": [""]}, 400, "invalid_request"),
    ("a name of 65", {"seats": ["x" * 65]}, 400, "invalid_request"),
    ("NUL", {"seats": ["1C-A-9\x00"]}, 422, "unknown_seats"),
    ("another case", {"seats": ["1c-a-9"]}, 422, "unknown_seats"),
    ("blanks", {"seats": [" 1C-A-9"]}, 422, "unknown_seats"),
    ("a number", {"seats": [5]}, 400, "invalid_request"),
    ("nested", {"seats": [["1C-A-9"]]}, 400, "invalid_request"),
    ("a text", {"seats": "1C-A-9"}, 400, "invalid_request"),
    ("null", {"seats": None}, 400, "invalid_request"),
    ("nothing", {}, 400, "invalid_request"),
    ("both ways", {"seats": ["1C-A-9"], "section": "1C", "quantity": 1}, 400, "invalid_request"),
    ("a bit of both", {"seats": ["1C-A-9"], "quantity": 1}, 400, "invalid_request"),
    ("no quantity", {"section": "1C"}, 400, "invalid_request"),
    ("no section", {"quantity": 2}, 400, "invalid_request"),
    ("quantity 0", {"section": "1C", "quantity": 0}, 400, "invalid_request"),
    ("quantity -1", {"section": "1C", "quantity": -1}, 400, "invalid_request"),
    ("quantity 1001", {"section": "1C", "quantity": 1001}, 400, "invalid_request"),
    ("quantity 5 of 4", {"section": "1C", "quantity": 5}, 409, "limit_exceeded"),
    ("quantity 10^40", {"section": "1C", "quantity": 10**40}, 400, "invalid_request"),
    ("quantity 1.5", {"section": "1C", "quantity": 1.5}, 400, "invalid_request"),
    ("quantity as text", {"section": "1C", "quantity": "2"}, 400, "invalid_request"),
    ("quantity true", {"section": "1C", "quantity": True}, 400, "invalid_request"),
    ("unknown section", {"section": "ZZ", "quantity": 2}, 422, "unknown_section"),
    ("section of another event", {"section": "ST", "quantity": 2}, 422, "unknown_section"),
    ("a price of one's own", {"seats": ["1C-A-9"], "amount": 1}, 400, "invalid_request"),
    ("for somebody else", {"seats": ["1C-A-9"], "account_id": "acc_x"}, 400, "invalid_request"),
    ("a list", [SEATS], 400, "invalid_request"),
    ("a text alone", "seats", 400, "invalid_request"),
    ("a null alone", None, 400, "invalid_request"),
]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(("body", "status", "code"), [case[1:] for case in HOLDS], ids=[case[0] for case in HOLDS])
async def test_holds(scene: Scene, body: Any, status: int, code: str) -> None:
    problem = assert_problem(await ask(scene, "POST", f"/api/events/{scene.event.id}/holds", json=body), status, code)
    if code == "seats_taken":
        assert problem["seats"] == ["1C-B-9"]
    if code == "unknown_seats":
        assert "1C-A-9" not in problem["seats"]
    if code == "limit_exceeded":
        assert problem["limit"] == 4
        assert 0 <= problem["remaining"] <= 4


BODIES: list[tuple[str, bytes]] = [
    ("empty", b""),
    ("blank", b"   "),
    ("cut", b'{"seats": ["1C-A-9"'),
    ("not UTF-8", b'{"seats": ["\xff\xfe"]}'),
    ("Latin-1", '{"seats": ["é"]}'.encode("latin-1")),
    ("UTF-16", '{"seats": ["1C-A-9"]}'.encode("utf-16")),
    ("byte order mark", b'\xef\xbb\xbf{"seats": ["1C-A-9"]}'),
    ("half a surrogate pair", b'{"seats": ["\\ud800"]}'),
    ("NUL", b"\x00" * 100),
    ("NaN", b'{"section": "1C", "quantity": NaN}'),
    ("trailing comma", b'{"seats": ["1C-A-9"],}'),
    ("two documents", b'{"seats": ["1C-A-9"]}{"seats": ["1C-C-3"]}'),
    ("single quotes", b"{'seats': ['1C-A-9']}"),
    ("deep lists", b'{"seats": ' + b"[" * 20_000 + b"]" * 20_000 + b"}"),
    ("deep unknown member", b'{"x": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}"),
    ("deep list alone", b"[" * 30_000 + b"]" * 30_000),
    ("a long number", b'{"section": "1C", "quantity": ' + b"9" * 50_000 + b"}"),
    ("a long exponent", b'{"section": "1C", "quantity": 1e999999999}'),
    ("XML", b'<?xml version="1.0"?><seats/>'),
    ("a form", b"seats=1C-A-9"),
]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("body", [body for _, body in BODIES], ids=[name for name, _ in BODIES])
async def test_bodies_that_are_no_json_for_any_route_that_takes_some(scene: Scene, body: bytes) -> None:
    for path in (f"/api/events/{scene.event.id}/holds", "/api/orders", "/api/accounts", "/api/sessions"):
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        assert_problem(await ask(scene, "POST", path, content=body, headers=headers), 400, "invalid_request")


async def test_of_two_members_of_one_name_the_last_one_counts_alone(scene: Scene) -> None:
    body = b'{"seats": ["1C-C-8"], "seats": ["1C-C-9"]}'
    headers = {"Content-Type": "application/json"}
    answer = await ask(scene, "POST", f"/api/events/{scene.event.id}/holds", content=body, headers=headers)
    assert (answer.status_code, answer.json()["seats"]) == (201, ["1C-C-9"])
    assert (await scene.alice.delete(f"/api/holds/{answer.json()['hold_id']}")).status_code == 204


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonp",
        "text/json",
        "application/json+x",
        "garbage",
        "text/plain; application/json",
    ],
)
async def test_bodies_of_another_type(scene: Scene, media_type: str) -> None:
    body = json.dumps(SEATS).encode()
    for path in (
        f"/api/events/{scene.event.id}/holds",
        "/api/orders",
        "/api/accounts",
        "/api/sessions",
        f"/api/orders/{scene.order['order_id']}/cancel",
    ):
        answer = await ask(scene, "POST", path, content=body, headers={"Content-Type": media_type})
        assert_problem(answer, 415, "unsupported_media_type")


def payment(**changes: Any) -> dict[str, Any]:
    return {"method": "card", "token": "tok_ok"} | changes


def forged_tokens(scene: Scene) -> dict[str, tuple[str, int, str]]:
    """Hold tokens that must not buy anything: (token, status, code)."""
    settings = scene.stack.settings
    ours = Signer(settings.signing_keys, next(iter(settings.signing_keys)))
    stranger = Signer({"k1": bytes(32)}, "k1")
    token, claims = scene.hold["token"], read_hold(ours, scene.hold["token"])
    version, kid, payload, mac = token.split(".")
    of_bob = sign_hold(ours, msgspec.structs.replace(claims, account_id=scene.bob.account_id))
    cheap = sign_hold(stranger, msgspec.structs.replace(claims, amounts=(1,))).split(".")[2]
    return {
        "garbage": ("garbage", 422, "invalid_hold"),
        "cut": (token[:-5], 422, "invalid_hold"),
        "stretched": (token + "A", 422, "invalid_hold"),
        "another price": (f"{version}.{kid}.{cheap}.{mac}", 422, "invalid_hold"),
        "no signature": (f"{version}.{kid}.{payload}.", 422, "invalid_hold"),
        "signature of another token": (f"{version}.{kid}.{payload}.{of_bob.split('.')[3]}", 422, "invalid_hold"),
        "signed by a stranger": (sign_hold(stranger, claims), 422, "invalid_hold"),
        "unknown key": (token.replace(f".{kid}.", ".k9."), 422, "invalid_hold"),
        "a session": (scene.alice.token, 422, "invalid_hold"),
        "a ticket": (scene.order["tickets"][0]["ticket_id"], 422, "invalid_hold"),
        "Bob's": (of_bob, 403, "forbidden"),
        "expired": (sign_hold(ours, msgspec.structs.replace(claims, expires_at=1)), 409, "hold_expired"),
        "released": (
            sign_hold(ours, msgspec.structs.replace(claims, hold_id="hld_gone" + claims.hold_id[8:])),
            409,
            "hold_expired",
        ),
        "8,193 characters": ("v" * 8193, 400, "invalid_request"),
        "empty": ("", 400, "invalid_request"),
        "Korean": ("토큰", 422, "invalid_hold"),
        "NUL": ("\x00", 422, "invalid_hold"),
    }


@pytest.mark.usefixtures("unchanged")
async def test_hold_tokens(scene: Scene) -> None:
    for name, (token, status, code) in forged_tokens(scene).items():
        answer = await scene.alice.order(token)
        assert (answer.status_code, answer.json()["code"]) == (status, code), name
        assert_problem(answer, status, code)


@pytest.mark.usefixtures("unchanged")
async def test_a_hold_token_opens_no_door(scene: Scene) -> None:
    for header in (
        {"Authorization": f"Bearer {scene.hold['token']}"},
        {"Cookie": f"__Host-session={scene.hold['token']}"},
    ):
        assert_problem(await scene.client.get("/api/orders", headers=header), 401, "unauthenticated")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "change",
    [
        {"hold_token": None},
        {"hold_token": 5},
        {"payment": None},
        {"payment": {}},
        {"payment": payment(method="")},
        {"payment": payment(method="CARD")},
        {"payment": payment(method="a" * 25)},
        {"payment": payment(token="")},
        {"payment": payment(token="t" * 201)},
        {"payment": payment(token=None)},
        {"payment": payment(number="4111111111111111")},
        {"payment": [payment()]},
        {"amount": 1},
        {"payment": payment(amount=0)},
    ],
    ids=str,
)
async def test_orders(scene: Scene, change: dict[str, Any]) -> None:
    body = {"hold_token": scene.hold["token"], "payment": payment()} | change
    answer = await ask(scene, "POST", "/api/orders", json=body, headers={"Idempotency-Key": str(uuid.uuid4())})
    assert_problem(answer, 400, "invalid_request")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency_key_missing"),
        (b"", "idempotency_key_missing"),
        (b"short", "invalid_request"),
        (b"x" * 201, "invalid_request"),
        (b"x" * 10_000, "invalid_request"),
        ("열쇠열쇠열쇠열쇠".encode(), "invalid_request"),
        (b"\xff" * 20, "invalid_request"),
        (b"key\twith\ttabs", "invalid_request"),
    ],
)
async def test_idempotency_keys(scene: Scene, key: bytes | None, code: str) -> None:
    headers: list[tuple[str, bytes]] = [("Authorization", f"Bearer {scene.alice.token}".encode())]
    if key is not None:
        headers.append(("Idempotency-Key", key))
    answer = await scene.client.post(
        "/api/orders", json={"hold_token": scene.hold["token"], "payment": payment()}, headers=headers
    )
    assert_problem(answer, 400, code)


async def test_a_key_is_for_one_order(scene: Scene) -> None:
    first = (await scene.bob.hold(scene.event.id, "1C-D-8")).json()
    second = (await scene.bob.hold(scene.event.id, "1C-D-9")).json()
    key = str(uuid.uuid4())
    accepted = await scene.bob.order(first["token"], key=key)
    again = await scene.bob.order(first["token"], key=key)
    assert (accepted.status_code, again.status_code) == (202, 202)
    assert accepted.json() == again.json()
    await scene.bob.follow(accepted.json()["order_id"])
    for body in ((second["token"], "tok_ok"), (first["token"], "tok_declined")):
        assert_problem(await scene.bob.order(*body, key=key), 422, "idempotency_key_reused")
    of_alice = await scene.alice.order(first["token"], key=key)
    assert_problem(of_alice, 403, "forbidden")
    other_key = await scene.bob.order(first["token"])
    # Once the order is in the books Valkey forgets the hold that led to it.
    assert (other_key.status_code, other_key.json()["code"]) in ((409, "hold_already_ordered"), (409, "hold_expired"))
    refused = await scene.bob.delete(f"/api/holds/{first['hold_id']}")
    assert refused.status_code in (404, 409), "bought seats are not released"
    assert len((await scene.bob.get("/api/orders")).json()["orders"]) == 1
    assert (await scene.bob.delete(f"/api/holds/{second['hold_id']}")).status_code == 204


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


ACCOUNTS: list[tuple[str, dict[str, Any], int, str]] = [
    ("no address", {"email": "nobody"}, 422, "invalid_account"),
    ("header injection", {"email": "a@example.com\nBcc: b@example.com"}, 422, "invalid_account"),
    ("NUL in the address", {"email": "a@example.com\x00"}, 422, "invalid_account"),
    ("a long address", {"email": "a" * 300 + "@example.com"}, 400, "invalid_request"),
    ("no text", {"email": 5}, 400, "invalid_request"),
    ("short password", {"password": "short"}, 422, "weak_password"),
    ("monotonous password", {"password": "aaaaaaaaaaaa"}, 422, "weak_password"),
    ("endless password", {"password": "ab12" * 1000}, 400, "invalid_request"),
    ("512 characters of 3 bytes", {"password": "가나다라" * 128}, 422, "weak_password"),
    ("no name", {"name": "  "}, 422, "invalid_account"),
    ("NUL in the name", {"name": "a\x00b"}, 422, "invalid_account"),
    ("a role of one's own choice", {"role": "operator"}, 400, "invalid_request"),
    ("null", {"name": None}, 400, "invalid_request"),
]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("change", "status", "code"), [case[1:] for case in ACCOUNTS], ids=[case[0] for case in ACCOUNTS]
)
async def test_sign_up(scene: Scene, change: dict[str, Any], status: int, code: str) -> None:
    body = {"email": "new@example.com", "password": PASSWORD, "name": "New"} | change
    assert_problem(await scene.client.post("/api/accounts", json=body), status, code)


def signed(scene: Scene, body: bytes, *, at: float | None = None, secret: str | None = None) -> dict[str, str]:
    keys = signature.Keys.from_secret(secret or scene.stack.settings.payment_secret)
    return {signature.HEADER: signature.sign(keys.signing_key, body, int(at if at is not None else time.time()))}


@pytest.mark.usefixtures("unchanged")
async def test_callbacks_that_the_provider_did_not_send(scene: Scene) -> None:
    order = scene.order["order_id"]
    body = json.dumps(
        {
            "event_id": "e",
            "type": "capture.captured",
            "order_id": order,
            "reference": "cap_forged",
            "amount": 1,
            "currency": "KRW",
            "code": None,
        }
    ).encode()
    good = signed(scene, body)[signature.HEADER]
    cases: dict[str, tuple[bytes, dict[str, str]]] = {
        "unsigned": (body, {}),
        "empty signature": (body, {signature.HEADER: ""}),
        "signed with another secret": (body, signed(scene, body, secret="another secret of 16")),
        "signed for another body": (body + b" ", {signature.HEADER: good}),
        "expired": (body, signed(scene, body, at=time.time() - 3600)),
        "from the future": (body, signed(scene, body, at=time.time() + 3600)),
        "another time": (body, {signature.HEADER: f"t={int(time.time()) + 1},v1={good.partition('v1=')[2]}"}),
        "capitals": (body, {signature.HEADER: good.upper()}),
        "two in one": (body, {signature.HEADER: f"{good},{good}"}),
        "with an account's token": (body, scene.alice.headers),
        "not JSON": (b"\xff\xfe", signed(scene, b"\xff\xfe")),
        "empty": (b"", signed(scene, b"")),
        "another shape": (b"[]", signed(scene, b"[]")),
    }
    for name, (content, headers) in cases.items():
        answer = await scene.client.post("/api/payments/callbacks/sandbox", content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature"), name
    answer = await scene.client.post("/api/payments/callbacks/toss", content=body, headers=signed(scene, body))
    assert_problem(answer, 404, "not_found")


@pytest.mark.usefixtures("unchanged")
async def test_a_genuine_callback_about_an_order_that_is_not_ours_is_swallowed(scene: Scene) -> None:
    body = json.dumps(
        {
            "event_id": "e",
            "type": "capture.captured",
            "order_id": UNKNOWN["order_id"],
            "reference": "cap_x",
            "amount": 1,
            "currency": "KRW",
            "code": None,
        }
    ).encode()
    for media_type in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        headers = signed(scene, body) | {"Content-Type": media_type}
        answer = await scene.client.post("/api/payments/callbacks/sandbox", content=body, headers=headers)
        assert answer.status_code == 204, "the provider would send it for ever otherwise"


def test_nothing_above_broke_a_process(stack: Stack) -> None:
    assert stack.children["api"].poll() is None
    log = stack.log("api")
    assert "starting another" not in log
    assert "unhandled" not in log, log[log.index("unhandled") - 200 :][:2000]
