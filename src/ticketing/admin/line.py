"""A waiting line as staff see it: who waits, who is inside, how fast it moves, who did what."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from ticketing.accounts.authenticate import Authenticator, for_roles
from ticketing.accounts.model import Role
from ticketing.base.clock import Clock, rfc3339
from ticketing.base.db import Database
from ticketing.base.errors import BadRequest
from ticketing.base.valkey import ValkeyAway
from ticketing.base.web import answers, json_response, problems
from ticketing.waiting import sql
from ticketing.waiting.book import LineBook
from ticketing.waiting.controls import Change, LineControls, Message
from ticketing.waiting.model import Line
from ticketing.waiting.store import Gauge, LineStore

STAFF = for_roles(Role.PROMOTER, Role.OPERATOR)
OPERATORS = for_roles(Role.OPERATOR)
_LATEST = 20


class MessageBody(msgspec.Struct, forbid_unknown_fields=True):
    """What everyone who waits is told, in both languages; without `en`, everybody reads `ko`."""

    ko: str
    en: str = ""


class LineChange(msgspec.Struct, forbid_unknown_fields=True):
    """What to change; members that are left out stay. `message: null` takes the message away."""

    cap: int | msgspec.UnsetType = msgspec.UNSET
    rate_limit: int | msgspec.UnsetType = msgspec.UNSET
    paused: bool | msgspec.UnsetType = msgspec.UNSET
    draining: bool | msgspec.UnsetType = msgspec.UNSET
    message: MessageBody | msgspec.UnsetType | None = msgspec.UNSET
    work_bits: int | msgspec.UnsetType = msgspec.UNSET
    reason: str = ""


class BreakGlass(msgspec.Struct, forbid_unknown_fields=True):
    """Ask for no pass for `minutes`; the reason is written down."""

    minutes: int
    reason: str


class ActionOut(msgspec.Struct):
    """What somebody did."""

    at: str
    account_id: str
    action: str
    detail: dict[str, object]
    reason: str


class LeaderOut(msgspec.Struct):
    """Who moves the lines: the fence counts the leaders so far; `alive` while the beat moves."""

    fence: int
    alive: bool


class LineOut(msgspec.Struct, kw_only=True):
    """One line. Counts are null while Valkey does not answer or the line is being rebuilt."""

    event_id: str
    server_time: str
    epoch: int
    phase: str
    lobby_at: str
    t0: str
    cap: int
    rate_limit: int
    paused: bool
    draining: bool
    work_bits: int
    bits: int | None
    message: dict[str, str] | None
    break_glass_until: str | None
    n: int | None
    last: int | None
    serving: int | None
    waiting: int | None
    inside: int | None
    door: int | None
    admitted_last_minute: int | None
    utilisation: float | None
    health: float | None
    leader: LeaderOut | None
    actions: list[ActionOut]


class LineDesk:
    """Reads lines for staff."""

    def __init__(self, db: Database, store: LineStore, book: LineBook, clock: Clock) -> None:
        self._db = db
        self._store = store
        self._book = book
        self._clock = clock
        self._beat: tuple[tuple[int, int], float] = ((0, 0), 0.0)

    async def read(self, event_id: str) -> LineOut:
        """One line. Raises NotFound, Conflict `no_waiting_room`, DatabaseAway."""
        await self._book.get(event_id)
        async with self._db.read() as conn:
            line = await sql.find_line(conn, event_id)
            leader = await sql.read_leader(conn, "line")
            actions = await sql.latest_actions(conn, event_id, _LATEST)
        assert line is not None  # noqa: S101 - the book has just read or made it
        now = self._clock.now_ms()
        try:
            gauge = await self._store.gauge(event_id, now)
        except ValkeyAway:
            gauge = None
        return self._out(line, gauge, now, leader, [_action(row) for row in actions])

    def _out(
        self,
        line: Line,
        gauge: Gauge | None,
        now: int,
        leader: tuple[int, int, str] | None,
        actions: list[ActionOut],
    ) -> LineOut:
        message = {"ko": line.message_ko, "en": line.message_en or line.message_ko} if line.message_ko else None
        return LineOut(
            event_id=line.event_id,
            server_time=rfc3339(now),
            epoch=line.epoch,
            phase=gauge.phase if gauge else line.phase.value,
            lobby_at=rfc3339(line.lobby_at),
            t0=rfc3339(line.opens_at),
            cap=line.cap,
            rate_limit=line.rate,
            paused=line.paused,
            draining=line.draining,
            work_bits=line.work_bits,
            bits=gauge.bits if gauge else None,
            message=message,
            break_glass_until=rfc3339(line.open_until) if line.open_until > now else None,
            n=line.n,
            last=gauge.seq if gauge else None,
            serving=gauge.serving if gauge else None,
            waiting=max(0, gauge.seq - gauge.serving) if gauge else None,
            inside=gauge.inside if gauge else None,
            door=gauge.at_door if gauge else None,
            admitted_last_minute=gauge.recent if gauge else None,
            utilisation=round(gauge.inside / line.cap, 3) if gauge and line.cap else None,
            health=gauge.health if gauge else None,
            leader=self._leader(leader),
            actions=actions,
        )

    def _leader(self, leader: tuple[int, int, str] | None) -> LeaderOut | None:
        if leader is None:
            return None
        fence, beat, holder = leader
        now = time.monotonic()
        if self._beat[0] != (fence, beat):
            self._beat = ((fence, beat), now)
        return LeaderOut(fence, bool(holder) and now - self._beat[1] < 5.0)


def _action(row: object) -> ActionOut:
    detail = msgspec.json.decode(row.detail, type=dict[str, object])  # type: ignore[attr-defined]
    return ActionOut(rfc3339(row.at), row.account_id, row.action, detail, row.reason)  # type: ignore[attr-defined]


def _change(data: LineChange) -> Change:
    fields = {name: getattr(data, name) for name in ("cap", "rate_limit", "paused", "draining", "work_bits")}
    given = {name: value for name, value in fields.items() if value is not msgspec.UNSET}
    message: Message | bool | None = None
    if data.message is None:
        message = False
    elif isinstance(data.message, MessageBody):
        if not data.message.ko.strip():
            raise BadRequest("message needs the text in `ko`; null takes the message away.")
        message = Message(data.message.ko, data.message.en)
    return Change(**given, message=message)


def routes(desk: LineDesk, controls: LineControls, authenticator: Authenticator) -> list[ControllerRouterHandler]:
    """The staff's routes of the line."""

    @get(
        "/api/admin/events/{event_id:str}/line",
        responses=answers(LineOut) | problems(401, 403, 404, 409, 503),
        tags=["staff"],
        summary="A line, live",
        opt=STAFF,
    )
    async def line_route(event_id: FromPath[str]) -> Response[bytes]:
        """Length, serving, who is inside, how fast it moves, the latest actions."""
        return json_response(await desk.read(event_id))

    @patch(
        "/api/admin/events/{event_id:str}/line",
        responses=answers(LineOut) | problems(400, 401, 403, 404, 409, 413, 415, 503),
        tags=["staff"],
        summary="Steer a line",
        opt=STAFF,
    )
    async def change_route(
        request: Request[Any, Any, Any],
        event_id: FromPath[str],
        data: JSONBody[LineChange],
    ) -> Response[bytes]:
        """Cap, rate, pause, drain, message, price. In force within a second or two; written down."""
        account_id = authenticator.session(request).account_id
        await controls.change(event_id, account_id, _change(data), data.reason)
        return json_response(await desk.read(event_id))

    @post(
        "/api/admin/events/{event_id:str}/line/break-glass",
        status_code=200,
        responses=answers(LineOut) | problems(400, 401, 403, 404, 409, 413, 415, 503),
        tags=["staff"],
        summary="Let everybody in for a while",
        opt=OPERATORS,
    )
    async def break_route(
        request: Request[Any, Any, Any],
        event_id: FromPath[str],
        data: JSONBody[BreakGlass],
    ) -> Response[bytes]:
        """For when the line itself is broken: no pass is asked for, and the cap does not hold, until the end."""
        account_id = authenticator.session(request).account_id
        await controls.break_glass(event_id, account_id, data.minutes, data.reason)
        return json_response(await desk.read(event_id))

    @delete(
        "/api/admin/events/{event_id:str}/line/break-glass",
        status_code=200,
        responses=answers(LineOut) | problems(401, 403, 404, 409, 503),
        tags=["staff"],
        summary="Ask for passes again",
        opt=OPERATORS,
    )
    async def mend_route(request: Request[Any, Any, Any], event_id: FromPath[str]) -> Response[bytes]:
        """End the break-glass at once."""
        await controls.end_break_glass(event_id, authenticator.session(request).account_id)
        return json_response(await desk.read(event_id))

    return [line_route, change_route, break_route, mend_route]
