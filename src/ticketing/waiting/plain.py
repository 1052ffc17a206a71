"""/line/{event_id}: the line for browsers without scripts. Plain forms, a page that renews itself, nothing to load."""

from __future__ import annotations

import math
import random
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from ticketing.accounts.authenticate import COOKIE
from ticketing.accounts.model import Session
from ticketing.accounts.passwords import Passwords
from ticketing.accounts.sessions import Sessions
from ticketing.accounts.sign_in import sign_in
from ticketing.base.clock import Clock
from ticketing.base.db import Database
from ticketing.base.errors import BadRequest, Conflict, Forbidden, NotFound, Problem, Unauthenticated
from ticketing.base.rate import Limit, RateLimiter, origin_of
from ticketing.base.request_log import route_of
from ticketing.base.tokens import Signer
from ticketing.base.web import problem_of
from ticketing.waiting.answers import ClaimRequest, JoinRequest, WorkIn
from ticketing.waiting.claim import Entry
from ticketing.waiting.http import pass_cookie
from ticketing.waiting.plain_page import CONTENT_SECURITY_POLICY, View, render, render_missing
from ticketing.waiting.plain_view import LEAST_REFRESH_SECONDS, Board, Desk, renew_after, told
from ticketing.waiting.plain_words import Language, choose_language
from ticketing.waiting.work import WAITED, BadWork, WorkDesk

FORM_COOKIE = "__Host-line-form"
WAITS = Limit("line-plain-waits", capacity=30, per_second=0.5)
"""Waits in place of work that one address gets: far fewer than sign-ups, so that this is never the cheap way in."""

_MAX_FORM = 16_384
_FORM_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
_SEEN_TOKEN = re.compile(r"[0-9a-f]{40}", re.ASCII)
_FORM_TYPE = "application/x-www-form-urlencoded"

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie",
}

SignIn = Callable[[str, str, str], Awaitable[tuple[str, Session]]]
"""(e-mail, password, network address) → session token and session. Raises Unauthenticated, RateLimited."""


def password_sign_in(
    db: Database, passwords: Passwords, sessions: Sessions, limiter: RateLimiter, by_address: Limit
) -> SignIn:
    """The sign-in of the accounts room, with the limits that its own route has."""

    async def enter(email: str, password: str, address: str) -> tuple[str, Session]:
        await limiter.check(by_address, address)
        token, session, _ = await sign_in(
            db, passwords, sessions, limiter, email=email, password=password, origin=address
        )
        return token, session

    return enter


class PlainLine:
    """Answers for the page.

    Args:
        chance: 0 to 1, spreads what would otherwise renew itself all at once.
    """

    def __init__(
        self,
        desk: Desk,
        board: Board,
        sessions: Sessions,
        sign_in: SignIn,
        work: WorkDesk,
        limiter: RateLimiter,
        signer: Signer,
        clock: Clock,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._desk = desk
        self._board = board
        self._sessions = sessions
        self._sign_in = sign_in
        self._work = work
        self._limiter = limiter
        self._signer = signer
        self._clock = clock
        self._chance = chance

    async def page(self, request: Request[Any, Any, Any], event_id: str) -> Response[bytes]:
        """The page as it is now."""
        return await self._page(request, event_id, self._session(request))

    async def act(self, request: Request[Any, Any, Any], event_id: str, action: str) -> Response[bytes]:
        """What a form asks for, then the page; what went wrong is said in it."""
        session = self._session(request)
        form: dict[str, str] = {}
        try:
            form = await _fields(request)
            if action == "sign-in":
                self._check_browser(request, form)
                return await self._enter_account(request, event_id, form)
            if session is None:
                raise Unauthenticated
            if not self._sessions.csrf_matches(session.session_id, form.get("csrf", "")):
                raise Forbidden("This form is not of this session.", code="csrf")
            return await self._act(request, event_id, action, session, form)
        except Exception as error:  # noqa: BLE001 - mapped to a problem, logged there when unexpected
            problem = problem_of(error, request.method, route_of(request.scope))
            return await self._page(request, event_id, session, problem, email=form.get("email", "")[:254])

    async def _act(
        self, request: Request[Any, Any, Any], event_id: str, action: str, session: Session, form: dict[str, str]
    ) -> Response[bytes]:
        if action == "join":
            return await self._join(request, event_id, session, form.get("challenge"))
        if action == "enter":
            _, entry = await self._desk.claim(event_id, session, ClaimRequest())
            return self._back(event_id, entry)
        if action == "leave":
            await self._desk.leave(event_id, session)
            return back(event_id)
        raise NotFound("There is no such form.")

    async def _join(
        self, request: Request[Any, Any, Any], event_id: str, session: Session, challenge: str | None
    ) -> Response[bytes]:
        data = JoinRequest()
        if challenge is not None:
            try:
                left = self._work.wait_left(event_id, session.account_id, challenge)
            except BadWork:
                left = 0  # Of an old page: the join says what it wants now.
            else:
                data = JoinRequest(work=WorkIn(challenge, WAITED))
            if left > 0:
                return await self._page(request, event_id, session, wait=(challenge, math.ceil(left / 1000)))
        try:
            address = request.client.host if request.client else None
            _, entry = await self._desk.join(event_id, session, data, address)
        except Problem as problem:
            if problem.code != "work_required":
                raise
            if problem.extra.get("captcha") is not None:
                raise Forbidden("The CAPTCHA needs scripts.", code="captcha_failed") from None
        else:
            return self._back(event_id, entry)
        await self._limiter.check(WAITS, origin_of(request.client))
        waiting = self._work.wait(event_id, session.account_id)
        seconds = math.ceil((waiting.ready_at - self._clock.now_ms()) / 1000)
        return await self._page(request, event_id, session, wait=(waiting.challenge, seconds))

    async def _enter_account(
        self, request: Request[Any, Any, Any], event_id: str, form: dict[str, str]
    ) -> Response[bytes]:
        email, password = form.get("email", ""), form.get("password", "")
        if not email or not password:
            raise Unauthenticated("The e-mail or the password is missing.", code="bad_credentials")
        token, session = await self._sign_in(email, password, origin_of(request.client))
        response = back(event_id)
        max_age = (session.expires_at - self._clock.now_ms()) // 1000
        response.set_cookie(_cookie(COOKIE, token, max_age))
        return response

    def _back(self, event_id: str, entry: Entry | None) -> Response[bytes]:
        response = back(event_id)
        if entry is not None:
            response.headers["Set-Cookie"] = pass_cookie(event_id, entry, self._clock.now_ms())
        return response

    def _session(self, request: Request[Any, Any, Any]) -> Session | None:
        try:
            return self._sessions.verify(request.cookies.get(COOKIE, ""), by_cookie=True)
        except Unauthenticated:
            return None

    # Nobody is signed in yet when the sign-in form is sent, and still no other site may send it (it could sign its
    # visitors in as somebody else). So the form carries what belongs to a cookie that no other site can set or read.

    def _form_token(self, cookie: str) -> str:
        return self._signer.mac("wr/form", cookie.encode()).hex()[:40]

    def _check_browser(self, request: Request[Any, Any, Any], form: dict[str, str]) -> None:
        cookie, given = request.cookies.get(FORM_COOKIE, ""), form.get("csrf", "")
        if not _FORM_TOKEN.fullmatch(cookie) or not _SEEN_TOKEN.fullmatch(given):
            raise Forbidden("This form is not of this browser.", code="csrf")
        if not secrets.compare_digest(given, self._form_token(cookie)):
            raise Forbidden("This form is not of this browser.", code="csrf")

    async def _page(
        self,
        request: Request[Any, Any, Any],
        event_id: str,
        session: Session | None,
        problem: Problem | None = None,
        *,
        email: str = "",
        wait: tuple[str, int] | None = None,
    ) -> Response[bytes]:
        language = choose_language(request.headers.get("accept-language"))
        browser = request.cookies.get(FORM_COOKIE, "")
        planted = session is None and not _FORM_TOKEN.fullmatch(browser)
        if planted:
            browser = secrets.token_urlsafe(16)
        token = self._form_token(browser) if session is None else self._sessions.csrf_token(session.session_id)
        now = self._clock.now_ms()
        view = View(language, event_id, now, None, token, session is not None, email=email, wait=wait)
        try:
            view, poll = await told(view, self._board, self._desk, session)
        except NotFound:
            return _html(render_missing(language), 404, language)
        except Conflict:  # no_waiting_room
            return _elsewhere(f"/events/{quote(event_id, safe='')}")
        if problem is not None:
            view = replace(view, error=problem.code)
        view = replace(view, refresh=renew_after(view, poll, self._chance()))
        status = problem.status if problem is not None else 503 if view.face is None else 200
        response = _html(render(view), status, language)
        retry_after = problem.extra.get("retry_after") if problem is not None else None
        if retry_after is not None or status == 503:
            response.headers["Retry-After"] = str(retry_after or LEAST_REFRESH_SECONDS)
        if planted:
            response.set_cookie(_cookie(FORM_COOKIE, browser, None))
        return response


async def _fields(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The fields of a form. Raises BadRequest, Problem 413, 415."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM_TYPE:
        raise Problem(415, "unsupported_media_type", f"Send the form as {_FORM_TYPE}.")
    body = await request.body()
    if len(body) > _MAX_FORM:
        raise Problem(413, "too_large", f"The form is larger than {_MAX_FORM} bytes.")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=16)
    except ValueError:
        raise BadRequest("The form cannot be read.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise BadRequest("A field is there twice.")
    return fields


def _cookie(name: str, value: str, max_age: int | None) -> Cookie:
    return Cookie(key=name, value=value, max_age=max_age, path="/", secure=True, httponly=True, samesite="lax")


def back(event_id: str) -> Response[bytes]:
    """To the page, by GET: renewing it then sends no form again."""
    return _elsewhere(f"/line/{quote(event_id, safe='')}")


def _elsewhere(path: str) -> Response[bytes]:
    return Response(b"", status_code=303, headers=_HEADERS | {"Location": path}, media_type="text/html")


def _html(text: str, status: int, language: Language) -> Response[bytes]:
    headers = _HEADERS | {"Content-Language": language}
    return Response(text.encode(), status_code=status, media_type="text/html", headers=headers)


def routes(plain: PlainLine) -> list[ControllerRouterHandler]:
    """The page and its forms. Public: the page says itself what needs a session, and its forms carry a token."""

    @get("/line/{event_id:str}", include_in_schema=False, opt={"public": True})
    async def page_route(request: Request[Any, Any, Any], event_id: FromPath[str]) -> Response[bytes]:
        return await plain.page(request, event_id)

    @post(
        "/line/{event_id:str}/{action:str}",
        status_code=200,
        include_in_schema=False,
        opt={"public": True, "any_media_type": True},
    )
    async def form_route(
        request: Request[Any, Any, Any], event_id: FromPath[str], action: FromPath[str]
    ) -> Response[bytes]:
        return await plain.act(request, event_id, action)

    @get("/line/{event_id:str}/{action:str}", include_in_schema=False, opt={"public": True})
    async def again_route(event_id: FromPath[str], action: FromPath[str]) -> Response[bytes]:  # noqa: ARG001
        # Somebody asks by hand for the address that a form left in the address bar.
        return back(event_id)

    return [page_route, form_route, again_route]
