"""Tokens, keys and callbacks that must not buy anything."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import msgspec
import pytest

from tests.journeys.bad_input import Scene, ask, assert_problem, settled
from tests.people import eventually
from ticketing.base.tokens import Signer
from ticketing.holds.token import read_hold, sign_hold
from ticketing.payments.sandbox import signature


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
    await eventually(lambda: settled(scene))


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
            "order_id": "ord_" + "a" * 32,
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
