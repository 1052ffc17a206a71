"""Accounts on the real stack: the cookie, CSRF, roles on every route there is, and sessions that end everywhere."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any

import httpx
from litestar.routes import HTTPRoute

from tests.people import Person, eventually, sign_in, sign_up
from tests.rooms.base.test_tokens import mutations
from tests.stack import PASSWORD, Stack, free_port
from ticketing.accounts.authenticate import COOKIE
from ticketing.accounts.model import Role
from ticketing.wiring.app import create_app
from ticketing.wiring.parts import open_parts

PUBLIC = {
    "GET /health",
    "GET /health/ready",
    "GET /openapi.json",
    "GET /docs",
    "GET /docs/openapi.json",
    "GET /docs/{path:str}",
    "GET /api/events",
    "GET /api/events/{event_id:str}",
    "GET /api/events/{event_id:str}/plan",
    "GET /api/events/{event_id:str}/availability",
    "POST /api/accounts",
    "POST /api/sessions",
    "POST /api/payments/callbacks/{provider:str}",
    "GET /api/events/{event_id:str}/queue",
    "GET /api/events/{event_id:str}/queue/about",
    "GET /api/events/{event_id:str}/draw",
    "GET /api/events/{event_id:str}/draw/export",
    "GET /status/{name:str}",
    # Pages for browsers without scripts: they say themselves what needs a session.
    "GET /line/{event_id:str}",
    "GET /line/{event_id:str}/{action:str}",
    "POST /line/{event_id:str}/{action:str}",
    "GET /api/demo",
    "GET /api/mailbox",
}
SIGNED_IN = {
    "GET /api/sessions",
    "DELETE /api/sessions",
    "GET /api/events/{event_id:str}/holds",
    "POST /api/events/{event_id:str}/holds",
    "GET /api/events/{event_id:str}/queue/me",
    "GET /api/events/{event_id:str}/queue/challenge",
    "POST /api/events/{event_id:str}/queue",
    "DELETE /api/events/{event_id:str}/queue",
    "POST /api/events/{event_id:str}/queue/leave",
    "POST /api/events/{event_id:str}/admission",
    "DELETE /api/holds/{hold_id:str}",
    "POST /api/orders",
    "GET /api/orders",
    "GET /api/orders/{order_id:str}",
    "POST /api/orders/{order_id:str}/cancel",
    "GET /api/tickets/{ticket_id:str}",
}
STAFF = {
    "POST /api/checkins": {Role.GATE, Role.OPERATOR},
    "GET /api/admin/events/{event_id:str}/sale": {Role.PROMOTER, Role.OPERATOR},
    "GET /api/admin/events/{event_id:str}/line": {Role.PROMOTER, Role.OPERATOR},
    "PATCH /api/admin/events/{event_id:str}/line": {Role.PROMOTER, Role.OPERATOR},
    "POST /api/admin/events/{event_id:str}/line/break-glass": {Role.OPERATOR},
    "DELETE /api/admin/events/{event_id:str}/line/break-glass": {Role.OPERATOR},
}


async def every_route(stack: Stack) -> set[str]:
    """`METHOD path` of all routes of the application that is running, as its own router lists them."""
    async with open_parts(stack.settings) as parts:
        app = create_app(parts)
        return {
            f"{method} {route.path}"
            for route in app.routes
            if isinstance(route, HTTPRoute)
            for method in route.methods
            if method != "OPTIONS"
        }


def filled(path: str) -> str:
    return (
        path.replace("{event_id:str}", "evt_aaaaaaaaaaaaaaaa")
        .replace("{hold_id:str}", "hld_aaaaaaaaaaaaaaaa_evt_aaaaaaaaaaaaaaaa")
        .replace("{order_id:str}", "ord_aaaaaaaaaaaaaaaa")
        .replace("{ticket_id:str}", "tkt_aaaaaaaaaaaaaaaa")
        .replace("{provider:str}", "sandbox")
        .replace("{path:str}", "x")
        .replace("{name:str}", "evt_aaaaaaaaaaaaaaaa.json")
        .replace("{action:str}", "join")
    )


async def call(client: httpx.AsyncClient, route: str, headers: dict[str, str]) -> httpx.Response:
    method, _, path = route.partition(" ")
    # A body that no route likes: whoever is refused must be refused before it is looked at.
    content = b"{" if method in ("POST", "PATCH") else None
    return await client.request(method, filled(path), content=content, headers=headers)


async def test_every_route_is_public_on_purpose_or_refuses_strangers(stack: Stack, client: httpx.AsyncClient) -> None:
    routes = await every_route(stack)
    assert routes == PUBLIC | SIGNED_IN | set(STAFF), "a new route belongs into one of the three sets, on purpose"
    for route in sorted(routes - PUBLIC):
        for headers in ({}, {"Authorization": "Bearer v1.k1.x.y"}, {"Cookie": f"{COOKIE}=v1.k1.x.y"}):
            answer = await call(client, route, headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), route
    for route in sorted(PUBLIC - {"POST /api/payments/callbacks/{provider:str}"}):
        assert (await call(client, route, {})).status_code in (200, 303, 400, 404), route


async def test_every_staff_route_refuses_everybody_else(stack: Stack, client: httpx.AsyncClient) -> None:
    people: dict[Role, Person] = {Role.FAN: await sign_up(client, "Fan")}
    for role in (Role.GATE, Role.PROMOTER, Role.OPERATOR):
        email = f"{role.value}-roles@example.com"
        await stack.add_staff(role, email)
        people[role] = await sign_in(client, email)
    for route, roles in STAFF.items():
        for role, person in people.items():
            answer = await call(client, route, person.headers)
            if role in roles:
                assert answer.status_code in (400, 404), f"{route} {role}"
            else:
                assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), f"{route} {role}"
    for route in sorted(await every_route(stack) - PUBLIC - SIGNED_IN):
        assert (await call(client, route, people[Role.FAN].headers)).status_code == 403, route


async def browser(stack: Stack) -> tuple[httpx.AsyncClient, dict[str, Any], SimpleCookie]:
    """A signed-in browser: its cookie by hand, since a real one would not send `Secure` cookies over plain HTTP."""
    client = httpx.AsyncClient(base_url=stack.url, timeout=20)
    person = await sign_up(client, "Browser")
    answer = await client.post("/api/sessions", json={"email": person.email, "password": PASSWORD})
    cookie = SimpleCookie(answer.headers["set-cookie"])
    client.cookies.clear()
    client.headers["Cookie"] = f"{COOKIE}={cookie[COOKIE].value}"
    return client, answer.json(), cookie


async def test_the_cookie_and_what_signing_in_says(stack: Stack) -> None:
    client, body, cookie = await browser(stack)
    async with contextlib.aclosing(client):
        morsel = cookie[COOKIE]
        assert list(cookie) == ["__Host-session"]
        assert morsel.value == body["token"]
        flags = (morsel["httponly"], morsel["secure"], morsel["samesite"].lower(), morsel["path"], morsel["domain"])
        assert flags == (True, True, "lax", "/", "")
        assert 3600 < int(morsel["max-age"]) <= stack.settings.session_seconds
        assert set(body) == {"token", "expires_at", "csrf_token", "account"}
        assert set(body["account"]) == {"account_id", "email", "name", "role", "locale"}
        assert body["account"]["role"] == "fan"
        again = await client.get("/api/sessions")
        assert again.json() == {key: value for key, value in body.items() if key != "token"}, "never the token again"
        assert again.headers["cache-control"] == "no-store"


async def test_a_cookie_writes_only_with_its_own_csrf_token(stack: Stack) -> None:
    event = await stack.add_event_async()
    (mine, body, _), (other, other_body, _) = await browser(stack), await browser(stack)
    path, seats = f"/api/events/{event.id}/holds", {"seats": ["1C-A-8"]}
    async with contextlib.aclosing(mine), contextlib.aclosing(other):
        for wrong in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "0" * 40}, {"X-CSRF-Token": other_body["csrf_token"]}):
            for method, target in (("POST", path), ("POST", "/api/orders"), ("DELETE", "/api/sessions")):
                answer = await mine.request(method, target, json=seats if method == "POST" else None, headers=wrong)
                assert (answer.status_code, answer.json()["code"]) == (403, "csrf"), (target, wrong)
        assert (await mine.get(path)).json() == {"holds": []}
        held = await mine.post(path, json=seats, headers={"X-CSRF-Token": body["csrf_token"]})
        assert held.status_code == 201
        assert [hold["hold_id"] for hold in (await mine.get(path)).json()["holds"]] == [held.json()["hold_id"]]
        assert (await other.get(path)).json() == {"holds": []}


async def test_signing_out_clears_the_cookie_and_the_bearer_token_with_it(stack: Stack) -> None:
    client, body, _ = await browser(stack)
    async with contextlib.aclosing(client):
        out = await client.delete("/api/sessions", headers={"X-CSRF-Token": body["csrf_token"]})
        assert out.status_code == 204
        cleared = SimpleCookie(out.headers["set-cookie"])[COOKIE]
        assert (cleared.value, cleared["max-age"], cleared["path"]) == ("", "0", "/")
        assert cleared["secure"], "or a browser would not take it for the same cookie"

        async def ended() -> bool:
            by_cookie = await client.get("/api/orders")
            by_token = await client.get("/api/orders", headers={"Authorization": f"Bearer {body['token']}"})
            return by_cookie.status_code == by_token.status_code == 401

        await eventually(ended, timeout=2)


@contextlib.contextmanager
def another_api(stack: Stack) -> Iterator[str]:
    """One more API process of the same installation; its address."""
    port, name = free_port(), f"api-{uuid.uuid4().hex[:6]}"
    stack.spawn(name, "api", "--port", str(port))
    try:
        stack._wait(name, f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        child = stack.children.pop(name)
        child.terminate()
        child.wait(30)


async def test_signing_out_here_is_known_there_within_two_seconds(stack: Stack, client: httpx.AsyncClient) -> None:
    with another_api(stack) as url:
        async with httpx.AsyncClient(base_url=url, timeout=20) as there:
            person, kept = await sign_up(client, "Traveller"), await sign_up(client, "Stayer")
            assert (await there.get("/api/orders", headers=person.headers)).status_code == 200
            assert (await person.delete("/api/sessions")).status_code == 204
            signed_out = time.monotonic()

            async def ended() -> bool:
                return (await there.get("/api/orders", headers=person.headers)).status_code == 401

            await eventually(ended, timeout=5)
            assert time.monotonic() - signed_out < 2
            assert (await there.get("/api/orders", headers=kept.headers)).status_code == 200


async def test_no_mutation_of_a_token_gets_in(client: httpx.AsyncClient) -> None:
    person = await sign_up(client, "Mallory")
    assert (await person.get("/api/orders")).status_code == 200, "control"
    statuses: Counter[int] = Counter()
    for token in mutations(person.token, 300, seed=11):
        headers = [("Authorization", f"Bearer {token}".encode().strip())]
        with contextlib.suppress(httpx.LocalProtocolError):  # a line break: no HTTP client would send it
            statuses[(await client.get("/api/orders", headers=headers)).status_code] += 1
    assert set(statuses) == {401}
    assert statuses.total() > 200


async def test_twenty_sign_ups_at_once_with_one_address(client: httpx.AsyncClient) -> None:
    email = f"race-{uuid.uuid4().hex}@example.com"
    answers = await asyncio.gather(
        *(
            client.post("/api/accounts", json={"email": address, "password": PASSWORD, "name": "R"})
            for address in [email, email.upper(), f" {email}", email] * 5
        )
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"email_taken"}
    (made,) = [answer.json() for answer in answers if answer.status_code == 201]
    assert (await sign_in(client, email)).account_id == made["account_id"]


async def test_wrong_passwords_and_unknown_addresses_are_one_answer_and_guessing_is_limited(
    client: httpx.AsyncClient,
) -> None:
    person = await sign_up(client, "Victim")
    documents = []
    for email in (person.email, f"nobody-{uuid.uuid4().hex}@example.com"):
        answers = [
            await client.post("/api/sessions", json={"email": email, "password": "wrong password"}) for _ in range(12)
        ]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
        assert "set-cookie" not in answers[0].headers
        documents.append([answer.json() for answer in answers[:10]])
        refused = answers[-1]
        assert (refused.json()["code"], refused.json()["retry_after"]) == (
            "rate_limited",
            int(refused.headers["retry-after"]),
        )
        assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert documents[0] == documents[1]
    right = await client.post("/api/sessions", json={"email": person.email, "password": PASSWORD})
    assert right.status_code == 429, "not even the right password: a guesser must not learn it"
    assert (await person.get("/api/orders")).status_code == 200, "who is signed in stays signed in"
