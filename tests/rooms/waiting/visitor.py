"""A visitor of the page without scripts: a browser that sends forms, before a line that is as a test says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, cast

import httpx
from litestar import Litestar

from ticketing.accounts.authenticate import COOKIE
from ticketing.accounts.model import Role, Session
from ticketing.accounts.sessions import Sessions
from ticketing.base.clock import ManualClock, parse_rfc3339, rfc3339
from ticketing.base.errors import NotFound, RateLimited, Unauthenticated
from ticketing.base.rate import Limit, RateLimiter
from ticketing.base.tokens import Signer
from ticketing.base.web import EXCEPTION_HANDLERS
from ticketing.waiting.answers import ClaimRequest, EntryOut, JoinOut, JoinRequest, PlaceOut
from ticketing.waiting.claim import Entry
from ticketing.waiting.plain import PlainLine, routes
from ticketing.waiting.status import Posted
from ticketing.waiting.work import WorkDesk, work_required

NOW = parse_rfc3339("2026-11-22T11:03:20Z")
EVENT, PATH = "evt_aaaaaaaaaaaaaaaa", "/line/evt_aaaaaaaaaaaaaaaa"
ANNA = "acc_aaaaaaaaaaaaaaaa"
FORM = {"content-type": "application/x-www-form-urlencoded"}
NASTY = "<script>alert(1)</script>\"'&"


class Page(HTMLParser):
    """What a browser without scripts would make of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.forms: dict[str, dict[str, str]] = {}
        self.words = ""
        self._skip = False
        self._form: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        self._skip = tag == "style"
        if tag == "form":
            self._form = self.forms[found["action"]] = {}
        elif tag == "input":
            self._form[found["name"]] = found.get("value", "")

    def handle_data(self, data: str) -> None:
        if not self._skip:
            self.words += " " + data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def refresh(self) -> str | None:
        return next((meta["content"] for meta in self.all("meta") if meta.get("http-equiv") == "refresh"), None)

    @property
    def links(self) -> list[str]:
        return [link["href"] for link in self.all("a")]


@dataclass
class Line:
    """A line as a test says it is: stands for the desk, the board and the accounts room."""

    clock: ManualClock
    work: WorkDesk
    status: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    place: PlaceOut | Exception = field(default_factory=lambda: NotFound("none", code="not_in_line"))
    board_fails: Exception | None = None
    refusal: Exception | None = None
    bits: int = 0
    captcha: dict[str, str] | None = None
    entry: Entry | None = None
    calls: list[str] = field(default_factory=list)
    checked: list[tuple[str, str]] = field(default_factory=list)

    # The board

    async def status_of(self) -> dict[str, Any]:
        if self.board_fails is not None:
            raise self.board_fails
        return {
            "event": EVENT,
            "epoch": 1,
            "phase": "open",
            "t0": "2026-11-22T11:00:00Z",
            "at": rfc3339(self.clock.now_ms()),
            "n": 10_000,
            "last": 10_420,
            "seed": "x" * 43,
            "serving": 1234,
            "rate": 600,
            "poll": [2, 60],
            "stock": "210",
            "about": 3,
        } | self.status


class Board:
    """The public objects."""

    def __init__(self, line: Line) -> None:
        self.line = line

    async def status(self, event_id: str) -> Posted:
        return Posted(json.dumps(await self.line.status_of()).encode(), '"x"', 0.0)

    async def about(self, event_id: str) -> Posted:
        about = {
            "event": EVENT,
            "version": 3,
            "name": {"ko": "겨울 콘서트", "en": "Winter concert"},
            "starts_at": "2026-12-24T10:00:00.000Z",
            "venue": {"ko": "큰 체육관", "en": "Big arena"},
            "time_zone": "Asia/Seoul",
            "grades": [{"grade": g, "name": {"ko": f"{g}석", "en": f"{g} seat"}} for g in ("VIP", "R", "S")],
            "message": None,
            "commitment": "0" * 64,
            "lobby_at": "2026-11-22T10:00:00.000Z",
            "t0": "2026-11-22T11:00:00.000Z",
            "off_sale_at": "2026-12-24T10:00:00.000Z",
            "work_bits": 0,
        }
        return Posted(json.dumps(about | self.line.about).encode(), '"y"', 0.0)


class Desk:
    """Join, place, claim, leave."""

    def __init__(self, line: Line) -> None:
        self.line = line

    def _note(self, call: str, session: Session) -> None:
        self.line.calls.append(f"{call} {session.account_id}")
        if self.line.refusal is not None:
            raise self.line.refusal

    async def join(
        self, event_id: str, session: Session, data: JoinRequest, address: str | None
    ) -> tuple[JoinOut, Entry | None]:
        self._note("join", session)
        if self.line.bits:
            if data.work is None:
                challenge = self.line.work.challenge(event_id, session.account_id, self.line.bits)
                raise work_required(challenge, self.line.captcha)
            self.line.work.check(event_id, session.account_id, self.line.bits, data.work.challenge, data.work.solution)
        self.line.place = PlaceOut(7, None, "lobby", 0, None, False, "")
        return cast(JoinOut, None), self.line.entry

    async def claim(self, event_id: str, session: Session, data: ClaimRequest) -> tuple[EntryOut, Entry]:
        self._note("enter", session)
        assert self.line.entry is not None
        return cast(EntryOut, None), self.line.entry

    async def place(self, event_id: str, session: Session) -> PlaceOut:
        if isinstance(self.line.place, Exception):
            raise self.line.place
        return self.line.place

    async def leave(self, event_id: str, session: Session) -> None:
        self._note("leave", session)


class Limiter:
    """Counts; refuses when told so."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.full = False

    async def check(self, limit: Limit, subject: str, cost: int = 1) -> None:
        self.taken.append((limit.name, subject))
        if self.full:
            raise RateLimited(30)


@dataclass
class Visit:
    """A line, a browser and what it sees."""

    line: Line
    client: httpx.AsyncClient
    sessions: Sessions
    signer: Signer
    limiter: Limiter
    cookies: dict[str, str] = field(default_factory=dict)
    language: str = "en"
    path: str = PATH

    def sign_in(self, account: str = ANNA, session: str = "ses_a") -> str:
        """A session of this browser; its CSRF token."""
        payload = json.dumps([session, account, Role.FAN.value, self.line.clock.now_ms() + 3_600_000]).encode()
        self.cookies[COOKIE] = self.signer.sign("session", payload)
        return self.sessions.csrf_token(session)

    async def ask(self, method: str, path: str | None = None, **more: Any) -> Any:
        headers = {
            "accept-language": self.language,
            "cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        } | more.pop("headers", {})
        answer = await self.client.request(method, path or self.path, headers=headers, follow_redirects=False, **more)
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        self.client.cookies.clear()
        return answer

    async def page(self) -> Page:
        answer = await self.ask("GET")
        assert answer.status_code == 200
        return Page(answer.text)

    async def send(self, action: str, **fields: str) -> Any:
        return await self.ask("POST", f"{self.path}/{action}", data=fields, headers=FORM)


def browser(app: Litestar) -> httpx.AsyncClient:
    """A client of an application in this very loop, where the parts that it uses live."""
    transport = httpx.ASGITransport(cast(Any, app), client=("203.0.113.7", 1))
    return httpx.AsyncClient(transport=transport, base_url="http://tickets.example")


@asynccontextmanager
async def visiting() -> AsyncIterator[Visit]:
    """Somebody who has just come, with English in their browser."""
    clock = ManualClock(NOW)
    signer = Signer({"k1": bytes(range(32))}, "k1")
    nowhere = cast(Any, None)
    sessions = Sessions(nowhere, nowhere, signer, clock)
    work = WorkDesk(signer, clock)
    line = Line(clock, work)
    limiter = Limiter()

    async def sign_in(email: str, password: str, address: str) -> tuple[str, Session]:
        line.checked.append((email, password))
        if password == "busy":
            raise RateLimited(30)
        if password != "right":
            raise Unauthenticated("no", code="bad_credentials")
        session = Session("ses_new", ANNA, Role.FAN, clock.now_ms() + 3_600_000, True)
        payload = json.dumps(["ses_new", ANNA, "fan", session.expires_at]).encode()
        return signer.sign("session", payload), session

    plain = PlainLine(
        Desk(line), Board(line), sessions, sign_in, work, cast(RateLimiter, limiter), signer, clock, chance=lambda: 0.5
    )
    app = Litestar(routes(plain), exception_handlers=EXCEPTION_HANDLERS)
    async with browser(app) as client:
        yield Visit(line, client, sessions, signer, limiter)


def at(position: int | None, serving: int = 1234, *, inside: bool = False, index: int = 42) -> PlaceOut:
    """A place as the desk tells it."""
    ends = rfc3339(NOW + 600_000) if inside else None
    return PlaceOut(index, position, "open", serving, 10_000, inside, rfc3339(NOW), ends)
