"""Status, join and claim as plain ASGI; the same services as in `http.py`."""

from __future__ import annotations

from typing import Any

import msgspec

from ticketing.accounts.authenticate import Authenticator
from ticketing.base.clock import Clock
from ticketing.base.errors import Conflict, NotFound
from ticketing.base.hot import Answer, HotRequest, HotRoute, read_json
from ticketing.base.instant import Instant
from ticketing.base.web import matches
from ticketing.waiting.answers import ClaimRequest, JoinRequest
from ticketing.waiting.http import Desk, pass_cookie
from ticketing.waiting.status import CACHE, Posted, StatusBoard, event_of

_join_decoder = msgspec.json.Decoder(JoinRequest)
_claim_decoder = msgspec.json.Decoder(ClaimRequest)
_encode = msgspec.json.Encoder().encode
_JSON = (b"content-type", b"application/json")
_NO_STORE = (b"cache-control", b"no-store")
_CACHE = (b"cache-control", CACHE.encode())


def _headers(posted: Posted) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"etag", posted.etag.encode()), _CACHE)


def answer_instantly(board: StatusBoard, instant: Instant) -> None:
    """Let the protocol answer the status while it is good, with the same bytes as the routes below."""

    def keep(event_id: str, posted: Posted, seconds: float) -> None:
        paths = (f"/api/events/{event_id}/queue", f"/status/{event_id}.json")
        instant.keep(paths, posted.body, posted.etag, _headers(posted), seconds)

    board.on_status = keep


def _answer(request: HotRequest, posted: Posted) -> Answer:
    headers = _headers(posted)
    if matches(request.headers.get("if-none-match"), posted.etag):
        return Answer(304, b"", headers)
    return Answer(200, posted.body, (_JSON, *headers))


def hot_routes(desk: Desk, board: StatusBoard, authenticator: Authenticator, clock: Clock) -> list[HotRoute]:
    """GET and POST …/queue, POST …/admission, GET /status/….json."""

    async def status(request: HotRequest, event_id: str, _: bytes) -> Answer:
        return _answer(request, await board.status(event_id))

    async def status_file(request: HotRequest, stem: str, _: bytes) -> Answer:
        event_id, about = event_of(f"{stem}.json")
        try:
            return _answer(request, await (board.about(event_id) if about else board.status(event_id)))
        except Conflict:
            raise NotFound("There is no such file.") from None

    async def join(request: HotRequest, event_id: str, body: bytes) -> Answer:
        data = read_json(_join_decoder, body) if body else JoinRequest()
        client = request.scope.get("client")
        out, entry = await desk.join(event_id, authenticator.session(request), data, client[0] if client else None)
        return _with_pass(event_id, out, entry)

    async def claim(request: HotRequest, event_id: str, body: bytes) -> Answer:
        data = read_json(_claim_decoder, body) if body else ClaimRequest()
        out, entry = await desk.claim(event_id, authenticator.session(request), data)
        return _with_pass(event_id, out, entry)

    def _with_pass(event_id: str, out: Any, entry: Any) -> Answer:
        headers: tuple[tuple[bytes, bytes], ...] = (_JSON, _NO_STORE)
        if entry is not None:
            headers += ((b"set-cookie", pass_cookie(event_id, entry, clock.now_ms()).encode()),)
        return Answer(200, _encode(out), headers)

    return [
        HotRoute("GET", "/api/events/", "/queue", status),
        HotRoute("GET", "/status/", ".json", status_file),
        HotRoute("POST", "/api/events/", "/queue", join, admit=authenticator.require),
        HotRoute("POST", "/api/events/", "/admission", claim, admit=authenticator.require),
    ]
