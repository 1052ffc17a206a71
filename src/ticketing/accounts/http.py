"""/api/accounts and /api/sessions: sign up, in and out."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from ticketing.accounts import sql
from ticketing.accounts.authenticate import COOKIE, Authenticator
from ticketing.accounts.model import Account, Session
from ticketing.accounts.passwords import Passwords
from ticketing.accounts.register import register
from ticketing.accounts.sessions import Sessions
from ticketing.accounts.sign_in import sign_in
from ticketing.base.clock import Clock, rfc3339
from ticketing.base.db import Database
from ticketing.base.errors import Unauthenticated
from ticketing.base.rate import Limit, RateLimiter, origin_of
from ticketing.base.web import problems


def per_address(burst: int) -> Limit:
    """Sign-ups and sign-ins per network address: `burst` at once, refilled within a minute. A whole campus or carrier
    may share one address, so this stops floods, not people."""
    return Limit("accounts-by-address", capacity=burst, per_second=burst / 60)


class SignUp(msgspec.Struct, forbid_unknown_fields=True):
    """Body of a sign-up."""

    email: Annotated[str, msgspec.Meta(max_length=254, examples=["fan@example.com"])]
    password: Annotated[str, msgspec.Meta(max_length=512, examples=["a long pass phrase"])]
    name: Annotated[str, msgspec.Meta(max_length=200, examples=["김하늘"])]
    locale: Annotated[str, msgspec.Meta(max_length=8)] = "ko"


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    """Body of a sign-in."""

    email: Annotated[str, msgspec.Meta(max_length=254)]
    password: Annotated[str, msgspec.Meta(max_length=512)]


class AccountOut(msgspec.Struct):
    """An account as its owner sees it."""

    account_id: str
    email: str
    name: str
    role: str
    locale: str


class SessionOut(msgspec.Struct, omit_defaults=True):
    """A session; `token` only in the answer to a sign-in."""

    account: AccountOut
    csrf_token: str
    expires_at: str
    token: str | None = None


def _out(account: Account) -> AccountOut:
    return AccountOut(account.account_id, account.email, account.name, account.role.value, account.locale)


def _cookie(token: str, max_age: int) -> Cookie:
    # `__Host-` makes browsers insist on Secure, Path=/ and no Domain, so that no sibling site can plant one.
    return Cookie(key=COOKIE, value=token, max_age=max_age, path="/", secure=True, httponly=True, samesite="lax")


def routes(
    db: Database,
    clock: Clock,
    passwords: Passwords,
    sessions: Sessions,
    authenticator: Authenticator,
    limiter: RateLimiter,
    by_address: Limit,
) -> list[ControllerRouterHandler]:
    """The route handlers of this room."""

    @post(
        "/api/accounts",
        status_code=201,
        responses=problems(400, 409, 413, 415, 422, 429, 503),
        tags=["accounts"],
        summary="Sign up",
        opt={"public": True},
    )
    async def sign_up_route(request: Request[Any, Any, Any], data: JSONBody[SignUp]) -> AccountOut:
        """Make an account (role fan)."""
        await limiter.check(by_address, origin_of(request.client))
        account = await register(
            db, clock, passwords, email=data.email, password=data.password, name=data.name, locale=data.locale
        )
        return _out(account)

    @post(
        "/api/sessions",
        status_code=201,
        responses=problems(400, 401, 413, 415, 429, 503),
        tags=["accounts"],
        summary="Sign in",
        opt={"public": True},
    )
    async def sign_in_route(request: Request[Any, Any, Any], data: JSONBody[SignIn]) -> Response[SessionOut]:
        """Sign in: sets the session cookie and also answers a bearer token for API clients."""
        await limiter.check(by_address, origin_of(request.client))
        token, session, account = await sign_in(
            db, passwords, sessions, limiter, email=data.email, password=data.password, origin=origin_of(request.client)
        )
        max_age = (session.expires_at - clock.now_ms()) // 1000
        body = SessionOut(_out(account), sessions.csrf_token(session.session_id), rfc3339(session.expires_at), token)
        return Response(body, cookies=[_cookie(token, max_age)], headers={"Cache-Control": "no-store"})

    @get("/api/sessions", responses=problems(401, 503), tags=["accounts"], summary="Who is signed in")
    async def who_am_i_route(request: Request[Any, Any, Any]) -> Response[SessionOut]:
        """Who is signed in, and the CSRF token for cookie writes."""
        session = authenticator.session(request)
        body = await _describe(session)
        return Response(body, headers={"Cache-Control": "no-store"})

    async def _describe(session: Session) -> SessionOut:
        async with db.read() as conn:
            found = await sql.find_accounts(conn, [session.account_id])
        if session.account_id not in found:
            raise Unauthenticated("This account no longer exists.")
        return SessionOut(
            _out(found[session.account_id]), sessions.csrf_token(session.session_id), rfc3339(session.expires_at)
        )

    @delete("/api/sessions", status_code=204, responses=problems(401, 403, 503), tags=["accounts"], summary="Sign out")
    async def sign_out_route(request: Request[Any, Any, Any]) -> Response[None]:
        """Sign out: this session ends on every server."""
        await sessions.end(authenticator.session(request))
        return Response(None, status_code=204, cookies=[_cookie("", 0)])

    return [sign_up_route, sign_in_route, who_am_i_route, sign_out_route]
