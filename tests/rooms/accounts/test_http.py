"""The routes of this room over HTTP, with a clock that can be moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request

from ticketing.accounts import http
from ticketing.accounts.authenticate import COOKIE, Authenticator
from ticketing.accounts.passwords import Passwords
from ticketing.accounts.sessions import Sessions
from ticketing.base.clock import ManualClock
from ticketing.base.db import Database
from ticketing.base.rate import Limit, RateLimiter
from ticketing.base.web import EXCEPTION_HANDLERS

GOOD = {"email": "fan@example.com", "password": "correct horse 9"}
WRONG = GOOD | {"password": "wrong password"}


@pytest.fixture
def by_address() -> Limit:
    return Limit("by-address", capacity=1000, per_second=50)


@pytest.fixture
async def site(
    db: Database,
    clock: ManualClock,
    passwords: Passwords,
    sessions: Sessions,
    limiter: RateLimiter,
    by_address: Limit,
) -> AsyncIterator[httpx.AsyncClient]:
    authenticator = Authenticator(sessions)

    async def before_request(request: Request[Any, Any, Any]) -> None:
        authenticator.admit(request)

    app = Litestar(
        http.routes(db, clock, passwords, sessions, authenticator, limiter, by_address),
        before_request=before_request,
        exception_handlers=EXCEPTION_HANDLERS,
    )
    # Not Litestar's client: that one runs the application in a loop of its own, and the stores belong to this one.
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.post("/api/accounts", json=GOOD | {"name": "Fan"})
        assert answer.status_code == 201
        yield client


async def test_in_and_out(site: httpx.AsyncClient, clock: ManualClock) -> None:
    entered = await site.post("/api/sessions", json=GOOD)
    assert entered.status_code == 201
    token, csrf = entered.json()["token"], entered.json()["csrf_token"]
    cookie = {"cookie": f"{COOKIE}={token}"}
    assert (await site.get("/api/sessions", headers=cookie)).json()["account"]["email"] == "fan@example.com"
    assert (await site.delete("/api/sessions", headers=cookie)).json()["code"] == "csrf"
    assert (await site.delete("/api/sessions", headers=cookie | {"x-csrf-token": csrf})).status_code == 204
    assert (await site.get("/api/sessions", headers=cookie)).status_code == 401
    assert (await site.delete("/api/sessions", headers={"authorization": f"Bearer {token}"})).status_code == 401
    clock.advance(1)


async def test_who_waits_as_told_gets_in(site: httpx.AsyncClient, clock: ManualClock) -> None:
    for _ in range(10):
        assert (await site.post("/api/sessions", json=WRONG)).json()["code"] == "bad_credentials"
    refused = await site.post("/api/sessions", json=GOOD)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    wait = int(refused.headers["retry-after"])
    assert wait == refused.json()["retry_after"] == 30
    clock.advance(wait)
    assert (await site.post("/api/sessions", json=GOOD)).status_code == 201


# The fixture's sign-up takes the first of four.
@pytest.mark.parametrize("by_address", [Limit("by-address", capacity=4, per_second=0.5)])
async def test_one_network_address_may_not_do_everything(site: httpx.AsyncClient, clock: ManualClock) -> None:
    answers = [
        await site.post("/api/accounts", json=GOOD | {"email": "a@example.com", "name": "A"}),
        await site.post("/api/sessions", json=GOOD),
        await site.post("/api/sessions", json=WRONG),
        await site.post("/api/sessions", json=GOOD),
        await site.post("/api/accounts", json=GOOD | {"email": "b@example.com", "name": "B"}),
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 401, 429, 429]
    assert answers[3].headers["retry-after"] == "2"
    clock.advance(2)
    assert (await site.post("/api/sessions", json=GOOD)).status_code == 201


async def test_an_account_that_is_gone_has_no_session(site: httpx.AsyncClient, db: Database) -> None:
    token = (await site.post("/api/sessions", json=GOOD)).json()["token"]
    await db.transact(lambda conn: conn.exec_driver_sql("DELETE FROM accounts"))
    assert (await site.get("/api/sessions", headers={"authorization": f"Bearer {token}"})).status_code == 401
