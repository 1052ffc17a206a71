"""Who is asking: cookie or bearer, CSRF for cookie writes, roles, closed unless said otherwise. With controls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from litestar import Litestar, Request, get, post
from litestar.testing import AsyncTestClient

from ticketing.accounts.authenticate import COOKIE, Authenticator, for_roles
from ticketing.accounts.model import Account, Role
from ticketing.accounts.sessions import Sessions
from ticketing.base.web import EXCEPTION_HANDLERS


@dataclass
class House:
    """A small application with one door of each kind; `written` counts writes that went through."""

    client: AsyncTestClient[Litestar]
    sessions: Sessions
    written: list[str]

    async def enter(self, role: Role = Role.FAN) -> tuple[str, str]:
        """A session's token and its CSRF token."""
        token, session = await self.sessions.start(Account("acc_aaaaaaaaaaaaaaaa", "a@example.com", "A", role))
        return token, self.sessions.csrf_token(session.session_id)

    async def ask(self, method: str, path: str, **headers: str) -> Any:
        return await self.client.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})


def cookie(token: str) -> str:
    return f"{COOKIE}={token}"


@pytest.fixture
async def house(sessions: Sessions) -> AsyncIterator[House]:
    authenticator = Authenticator(sessions)
    written: list[str] = []

    @get("/open", opt={"public": True})
    async def open_door() -> None: ...

    @get("/mine")
    async def mine(request: Request[Any, Any, Any]) -> str:
        return authenticator.session(request).account_id

    @post("/write")
    async def write(request: Request[Any, Any, Any]) -> None:
        written.append(authenticator.session(request).account_id)

    @get("/gate", opt=for_roles(Role.GATE, Role.OPERATOR))
    async def gate() -> None: ...

    @get("/forgotten")
    async def forgotten() -> str:
        return "whoever wrote this route forgot to ask for a session"

    async def before_request(request: Request[Any, Any, Any]) -> None:
        authenticator.admit(request)

    app = Litestar(
        [open_door, mine, write, gate, forgotten], before_request=before_request, exception_handlers=EXCEPTION_HANDLERS
    )
    async with AsyncTestClient(app) as client:
        yield House(client, sessions, written)


async def test_closed_unless_said_otherwise(house: House) -> None:
    assert (await house.ask("GET", "/open")).status_code == 200
    for path in ("/mine", "/gate", "/forgotten"):
        assert (await house.ask("GET", path)).json()["code"] == "unauthenticated"
    assert (await house.ask("POST", "/write")).status_code == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_bearer_token_reads_and_writes_without_csrf(house: House, scheme: str) -> None:
    token, _ = await house.enter()
    for method, path in (("GET", "/mine"), ("POST", "/write")):
        assert (await house.ask(method, path, authorization=f"{scheme} {token}")).status_code < 300
    assert len(house.written) == 1


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Token x", "Bearer x y", "Bearer é"])
async def test_what_is_no_authorization(house: House, header: str) -> None:
    token, csrf = await house.enter()
    request = house.client.build_request(
        "POST",
        "/write",
        headers=[("authorization", header.encode()), ("cookie", cookie(token)), ("x-csrf-token", csrf)],
    )
    answer = await house.client.send(request)
    assert answer.status_code == 401, "a bad header is not helped by a good cookie"
    assert house.written == []


async def cross_site_write(house: House, token: str, csrf: str | None) -> Any:
    """What a page that makes the browser send its cookie can do."""
    headers = {"cookie": cookie(token)} | ({} if csrf is None else {"x_csrf_token": csrf})
    return await house.ask("POST", "/write", **headers)


async def test_a_cookie_write_needs_the_csrf_token_of_that_session(house: House) -> None:
    token, csrf = await house.enter()
    _, of_another = await house.enter()
    assert (await house.ask("GET", "/mine", cookie=cookie(token))).status_code == 200, "reading needs none"
    for wrong in (None, "", "0" * 40, of_another, csrf[:-1], csrf.upper(), token):
        refused = await cross_site_write(house, token, wrong)
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf"), wrong
    assert house.written == []
    assert (await cross_site_write(house, token, csrf)).status_code == 201
    assert len(house.written) == 1


async def test_control_without_the_csrf_check_the_foreign_page_writes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sessions, "csrf_matches", lambda *_: True)
    token, _ = await house.enter()
    assert (await cross_site_write(house, token, None)).status_code == 201
    assert len(house.written) == 1


async def test_roles(house: House) -> None:
    for role, status in ((Role.FAN, 403), (Role.PROMOTER, 403), (Role.GATE, 200), (Role.OPERATOR, 200)):
        token, _ = await house.enter(role)
        answer = await house.ask("GET", "/gate", authorization=f"Bearer {token}")
        assert answer.status_code == status, role
        if status == 403:
            assert answer.json()["code"] == "forbidden"
            assert role.value in answer.json()["detail"]


async def test_control_without_admit_the_forgotten_route_is_open(sessions: Sessions) -> None:
    @get("/forgotten")
    async def forgotten() -> str:
        return "open"

    async with AsyncTestClient(Litestar([forgotten], exception_handlers=EXCEPTION_HANDLERS)) as client:
        assert (await client.get("/forgotten")).status_code == 200


async def test_a_session_that_was_ended_or_is_over_is_refused_everywhere(house: House) -> None:
    token, csrf = await house.enter()
    session = house.sessions.verify(token, by_cookie=False)
    await house.sessions.end(session)
    assert (await house.ask("GET", "/mine", authorization=f"Bearer {token}")).status_code == 401
    assert (await house.ask("GET", "/mine", cookie=cookie(token))).status_code == 401
    assert (await cross_site_write(house, token, csrf)).status_code == 401
