"""The line over HTTP: join, place, leave, status, admission, the draw's record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from litestar import Request, Response, delete, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from ticketing.accounts.authenticate import Authenticator
from ticketing.accounts.model import Session
from ticketing.base.clock import Clock, rfc3339
from ticketing.base.db import Database
from ticketing.base.errors import Conflict, NotFound
from ticketing.base.outlast import AT_ONCE, Outlast
from ticketing.base.tokens import Signer
from ticketing.base.web import NOT_MODIFIED, answers, json_response, matches, problems
from ticketing.waiting import sql
from ticketing.waiting.answers import (
    AboutOut,
    ChallengeOut,
    ClaimRequest,
    DrawOut,
    EntryOut,
    JoinOut,
    JoinRequest,
    PlaceOut,
    StatusOut,
)
from ticketing.waiting.book import LineBook
from ticketing.waiting.claim import ClaimService, Entry
from ticketing.waiting.gate import cookie_name
from ticketing.waiting.join import JoinService, JoinView, TollOwed, held_index
from ticketing.waiting.model import Ending, Line, Place
from ticketing.waiting.open_line import CHUNK, gapless, record_of
from ticketing.waiting.record import document, encode
from ticketing.waiting.record import line as export_line
from ticketing.waiting.status import CACHE, Posted, StatusBoard, event_of
from ticketing.waiting.toll import Toll


class Desk:
    """What the routes do, for the framework and for the hot routes alike."""

    def __init__(
        self,
        joins: JoinService,
        claims: ClaimService,
        book: LineBook,
        toll: Toll,
        signer: Signer,
        clock: Clock,
        outlast: Outlast = AT_ONCE,
    ) -> None:
        self._joins = joins
        self._claims = claims
        self._book = book
        self._toll = toll
        self._signer = signer
        self._clock = clock
        self._outlast = outlast

    async def join(
        self, event_id: str, session: Session, data: JoinRequest, address: str | None
    ) -> tuple[JoinOut, Entry | None]:
        """Join. Raises as `JoinService.join` and `Toll.charge` do."""
        line = await self._book.get(event_id)
        paid = await self._toll.charge(line, session, data, address)
        try:
            view = await self._join(line, session, data, paid=paid)
        except TollOwed:
            # Only the store knows that a ticket is of a place given up.
            await self._toll.collect(line, session, data, address)
            view = await self._join(line, session, data, paid=True)
        return self._join_out(view), view.entry

    async def _join(self, line: Line, session: Session, data: JoinRequest, *, paid: bool) -> JoinView:
        event_id, account, session_id = line.event_id, session.account_id, session.session_id
        return await self._outlast(lambda: self._joins.join(event_id, account, session_id, data.ticket, paid=paid))

    async def claim(self, event_id: str, session: Session, data: ClaimRequest) -> tuple[EntryOut, Entry]:
        """Claim. Raises as `ClaimService.claim`, Forbidden `bad_ticket`."""
        held = 0
        if data.ticket is not None:
            held = held_index(self._signer, await self._book.get(event_id), session.account_id, data.ticket)
        account, session_id = session.account_id, session.session_id
        entry = await self._outlast(lambda: self._claims.claim(event_id, account, session_id, held))
        now = rfc3339(self._clock.now_ms())
        return EntryOut(entry.token, rfc3339(entry.expires_at), self._claims.idle_seconds(), now), entry

    async def place(self, event_id: str, session: Session) -> PlaceOut:
        """Where one stands. Raises as `JoinService.place`."""
        place: Place = await self._joins.place(event_id, session.account_id)
        ends = rfc3339(place.inside.ends_at) if place.inside else None
        return PlaceOut(
            place.index,
            place.position,
            place.phase,
            place.serving,
            place.n,
            place.inside is not None,
            rfc3339(self._clock.now_ms()),
            ends,
            place.subject,
        )

    async def challenge(self, event_id: str, session: Session) -> dict[str, Any]:
        """What a place costs. Raises as `LineBook.get`."""
        return self._toll.ask(await self._book.get(event_id), session)

    async def leave(self, event_id: str, session: Session) -> None:
        """Leave. Raises as `JoinService.leave`."""
        await self._joins.leave(event_id, session.account_id, Ending.LEFT)

    def _join_out(self, view: JoinView) -> JoinOut:
        place, entry = view.place, view.entry
        return JoinOut(
            place.index,
            view.ticket,
            f"/status/{view.line.event_id}.json",
            view.line.epoch,
            place.phase,
            place.position,
            place.serving,
            place.n,
            rfc3339(self._clock.now_ms()),
            entry.token if entry else None,
            rfc3339(entry.expires_at) if entry else None,
            place.subject,
        )


def pass_cookie(event_id: str, entry: Entry, now: int) -> str:
    """The Set-Cookie value that carries a pass from tab to tab."""
    seconds = max(0, (entry.expires_at - now) // 1000)
    return f"{cookie_name(event_id)}={entry.token}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"


def _posted(request: Request[Any, Any, Any], posted: Posted) -> Response[bytes]:
    headers = {"ETag": posted.etag, "Cache-Control": CACHE}
    if matches(request.headers.get("if-none-match"), posted.etag):
        return Response(b"", status_code=304, headers=headers)
    return Response(posted.body, media_type="application/json", headers=headers)


def routes(
    desk: Desk, board: StatusBoard, book: LineBook, db: Database, authenticator: Authenticator, clock: Clock
) -> list[ControllerRouterHandler]:
    """The route handlers of this room, without the staff's."""

    @get(
        "/api/events/{event_id:str}/queue",
        responses=answers(StatusOut) | NOT_MODIFIED | problems(404, 409, 503),
        tags=["waiting line"],
        summary="The line",
        opt={"public": True},
    )
    async def status_route(request: Request[Any, Any, Any], event_id: FromPath[str]) -> Response[bytes]:
        """The public status, the same for everyone, new every second."""
        return _posted(request, await board.status(event_id))

    @get(
        "/api/events/{event_id:str}/queue/about",
        responses=answers(AboutOut) | NOT_MODIFIED | problems(404, 409, 503),
        tags=["waiting line"],
        summary="About the line",
        opt={"public": True},
    )
    async def about_route(request: Request[Any, Any, Any], event_id: FromPath[str]) -> Response[bytes]:
        """Names, times, the promoter's message, the draw's commitment; changes when the status's `about` does."""
        return _posted(request, await board.about(event_id))

    @get("/status/{name:str}", opt={"public": True}, include_in_schema=False)
    async def status_file_route(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        event_id, about = event_of(name)
        try:
            return _posted(request, await (board.about(event_id) if about else board.status(event_id)))
        except Conflict:
            raise NotFound("There is no such file.") from None

    @post(
        "/api/events/{event_id:str}/queue",
        status_code=200,
        responses=answers(JoinOut) | problems(400, 401, 403, 404, 409, 413, 415, 428, 429, 503),
        tags=["waiting line"],
        summary="Join the line",
    )
    async def join_route(
        request: Request[Any, Any, Any], event_id: FromPath[str], data: JSONBody[JoinRequest | None] = None
    ) -> Response[bytes]:
        """A place in the line: the same one for every call of an account."""
        session = authenticator.session(request)
        address = request.client.host if request.client else None
        out, entry = await desk.join(event_id, session, data or JoinRequest(), address)
        response = json_response(out)
        if entry is not None:
            response.headers["Set-Cookie"] = pass_cookie(event_id, entry, clock.now_ms())
        return response

    @get(
        "/api/events/{event_id:str}/queue/challenge",
        responses=answers(ChallengeOut) | problems(401, 404, 409, 503),
        tags=["waiting line"],
        summary="What a place costs",
    )
    async def challenge_route(request: Request[Any, Any, Any], event_id: FromPath[str]) -> Response[bytes]:
        """A piece of work for the browser: find a counter c such that SHA-256(challenge ":" c) begins with `bits` zero
        bits, and join with it. 0 bits: nothing is asked for.
        """
        return json_response(await desk.challenge(event_id, authenticator.session(request)))

    @get(
        "/api/events/{event_id:str}/queue/me",
        responses=answers(PlaceOut) | problems(401, 404, 409, 503),
        tags=["waiting line"],
        summary="My place",
    )
    async def place_route(request: Request[Any, Any, Any], event_id: FromPath[str]) -> Response[bytes]:
        """One's own place, from any device."""
        return json_response(await desk.place(event_id, authenticator.session(request)))

    @delete(
        "/api/events/{event_id:str}/queue",
        status_code=204,
        responses=problems(401, 403, 404, 409, 503),
        tags=["waiting line"],
        summary="Leave",
    )
    async def leave_route(request: Request[Any, Any, Any], event_id: FromPath[str]) -> None:
        """Give up one's place, or end one's visit: the slot is free at once."""
        await desk.leave(event_id, authenticator.session(request))

    @post(
        "/api/events/{event_id:str}/queue/leave",
        status_code=204,
        responses=problems(401, 403, 404, 409, 503),
        tags=["waiting line"],
        summary="Leave, as a page that is being closed can",
    )
    async def leave_post_route(request: Request[Any, Any, Any], event_id: FromPath[str]) -> None:
        """As DELETE."""
        await desk.leave(event_id, authenticator.session(request))

    @post(
        "/api/events/{event_id:str}/admission",
        status_code=200,
        responses=answers(EntryOut) | problems(400, 401, 403, 404, 409, 413, 415, 429, 503),
        tags=["waiting line"],
        summary="Go in",
    )
    async def claim_route(
        request: Request[Any, Any, Any], event_id: FromPath[str], data: JSONBody[ClaimRequest | None] = None
    ) -> Response[bytes]:
        """A pass, when it is one's turn; the same visit again, which also shows a sign of life."""
        session = authenticator.session(request)
        out, entry = await desk.claim(event_id, session, data or ClaimRequest())
        response = json_response(out)
        response.headers["Set-Cookie"] = pass_cookie(event_id, entry, clock.now_ms())
        return response

    return [
        status_route,
        about_route,
        status_file_route,
        join_route,
        challenge_route,
        place_route,
        leave_route,
        leave_post_route,
        claim_route,
        *_draw_routes(book, db),
    ]


_JSON_LINES = ResponseSpec(
    data_container=str,
    description="The record, then one line per index: [pseudonym, place]",
    media_type="application/x-ndjson",
    generate_examples=False,
)


def _draw_routes(book: LineBook, db: Database) -> list[ControllerRouterHandler]:
    @get(
        "/api/events/{event_id:str}/draw",
        responses=answers(DrawOut) | problems(404, 503),
        tags=["waiting line"],
        summary="The draw's record",
        opt={"public": True},
    )
    async def draw_route(event_id: FromPath[str]) -> Response[bytes]:
        """What was promised before the draw, what was fixed at the close, and the secret after it."""
        line = await _newest(book, event_id)
        return json_response(document(record_of(line)))

    @get(
        "/api/events/{event_id:str}/draw/export",
        responses={200: _JSON_LINES} | problems(404, 409, 503),
        tags=["waiting line"],
        summary="The whole draw",
        opt={"public": True},
    )
    async def export_route(event_id: FromPath[str]) -> Stream:
        """JSON lines: the record, then everybody's pseudonym and place, for `ticketing verify-draw`."""
        line = await _newest(book, event_id)
        if not line.drawn:
            raise Conflict("not_drawn", "The draw has not been held.", t0=rfc3339(line.opens_at))
        headers = {
            "Content-Disposition": f'attachment; filename="draw-{event_id}-{line.epoch}.jsonl"',
            "Cache-Control": "public, max-age=3600",
        }
        return Stream(_export(db, book, line), media_type="application/x-ndjson", headers=headers)

    return [draw_route, export_route]


async def _newest(book: LineBook, event_id: str) -> Line:
    try:
        line = await book.get(event_id)
    except Conflict:
        raise NotFound("This event has no waiting line, and no draw.") from None
    return line if line.drawn else await book.drawn(event_id)


async def _export(db: Database, book: LineBook, line: Line) -> AsyncIterator[bytes]:
    yield encode(record_of(line)) + b"\n"
    done, n = 0, line.n or 0
    while done < n:
        async with db.read() as conn:
            rows = await sql.places_after(conn, line.event_id, line.epoch, done, CHUNK, upto=n)
        upto = rows[-1][0] if len(rows) == CHUNK else n
        subjects = gapless(rows, done, upto)
        yield b"".join(
            export_line(subject, book.position(line, index) or 0) for index, subject in enumerate(subjects, done + 1)
        )
        done = upto
