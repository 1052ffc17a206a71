"""Bodies that cannot be: each a clear problem document, nothing half-done."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.journeys.bad_input import SEATS, Scene, ask, assert_problem
from tests.stack import PASSWORD

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
