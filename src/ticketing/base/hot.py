"""The hottest routes as plain ASGI, in front of the framework.

`python -m bench requests` shows why: routing, parsing and answering cost the framework more than a hold costs us.
The framework keeps the same routes for everything else that it is good at: documentation, and every request that is
not plain enough for here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import msgspec
from litestar.types import ASGIApp, Receive, Scope, Send

from ticketing.base.errors import BadRequest, Problem
from ticketing.base.request_log import ROUTE
from ticketing.base.web import problem_of, unreadable_json

_JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")
_PROBLEM: tuple[bytes, bytes] = (b"content-type", b"application/problem+json")
_NO_STORE: tuple[bytes, bytes] = (b"cache-control", b"no-store")


def read_cookies(header: str) -> dict[str, str]:
    """Name → value, as the framework reads a Cookie header, so that nobody is signed in on some routes only.

    Not by http.cookies: it stops at the first cookie that it does not understand, and other people's (JSON, Korean in
    UTF-8, from the parent domain) stand beside ours.
    """
    found = {}
    for cookie in header.split(";"):
        name, is_pair, value = cookie.partition("=")
        name, value = name.strip(), value.strip()
        if is_pair and name:
            quoted = len(value) >= 2 and value[0] == value[-1] == '"'
            found[name] = unquote(value[1:-1] if quoted else value)
    return found


class Headers:
    """Header look-ups without building a mapping: a request is asked for two or three of them."""

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        self._raw = raw

    def get(self, name: str, default: Any = None) -> Any:
        """The first value of a header (name in lower case), or the default."""
        wanted = name.encode("latin-1")
        for key, value in self._raw:
            if key == wanted:
                return value.decode("latin-1")
        return default


class HotRequest:
    """What a hot route may look at."""

    def __init__(self, scope: Any) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.headers = Headers(scope["headers"])

    @property
    def cookies(self) -> Mapping[str, str]:
        """The cookies."""
        return read_cookies(self.headers.get("cookie", ""))


@dataclass(frozen=True)
class Answer:
    """Status, body and further headers (content type and length are added; JSON that no cache keeps by default)."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = (_JSON, _NO_STORE)


Handler = Callable[[HotRequest, str, bytes], Awaitable[Answer]]
"""(request, the variable part of the path, body) → answer. Problems are raised."""


@dataclass(frozen=True)
class HotRoute:
    """A route `METHOD prefix{one segment}suffix`; without `suffix` and with `exact`, the prefix is the whole path.

    `admit` runs before the body is read, so that strangers learn nothing from the answers to bad bodies.
    """

    method: str
    prefix: str
    suffix: str
    handler: Handler
    admit: Callable[[HotRequest], None] | None = None
    exact: bool = False


class HotRoutes:
    """ASGI application: its own routes, then those of the framework.

    Args:
        app: what answers everything else.
        routes: the hot ones.
        max_body: larger bodies are answered 413.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[HotRoute], *, max_body: int) -> None:
        self._app = app
        self._by_method: dict[str, list[HotRoute]] = {}
        for route in routes:
            self._by_method.setdefault(route.method, []).append(route)
        self._max_body = max_body

    def addresses(self, segment: str) -> set[tuple[str, str]]:
        """(method, path) of every hot route, with `segment` for what varies."""
        return {
            (route.method, route.prefix if route.exact else f"{route.prefix}{segment}{route.suffix}")
            for routes in self._by_method.values()
            for route in routes
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked: Any = scope
        if asked["type"] == "http":
            path: str = asked["path"]
            for route in self._by_method.get(asked["method"], ()):
                segment = _segment(route, path)
                if segment is not None:
                    asked[ROUTE] = route.prefix if route.exact else f"{route.prefix}{{id}}{route.suffix}"
                    await self._answer(route, segment, asked, receive, send)
                    return
        await self._app(scope, receive, send)

    async def _answer(self, route: HotRoute, segment: str, scope: Any, receive: Receive, send: Send) -> None:
        request = HotRequest(scope)
        try:
            if route.admit is not None:
                route.admit(request)
            body = b""
            if route.method == "POST":
                media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
                if media_type not in ("application/json", ""):
                    raise Problem(415, "unsupported_media_type", "Send the body as application/json.")
                body = await self._body(request, receive)
            answer = await route.handler(request, segment, body)
        except Exception as error:  # noqa: BLE001 - mapped to a problem document, logged there when unexpected
            answer = _refusal(problem_of(error, request.method, scope[ROUTE]))
        length = (b"content-length", str(len(answer.body)).encode())
        start: Any = {"type": "http.response.start", "status": answer.status, "headers": [*answer.headers, length]}
        await send(start)
        await send({"type": "http.response.body", "body": answer.body, "more_body": False})

    async def _body(self, request: HotRequest, receive: Receive) -> bytes:
        if int(request.headers.get("content-length", "0")) > self._max_body:
            raise self._too_large()
        body = bytearray()
        while True:
            message: Any = await receive()
            if message["type"] == "http.disconnect":
                raise BadRequest("The connection ended before the body did.")
            body += message.get("body", b"")
            if len(body) > self._max_body:
                raise self._too_large()
            if not message.get("more_body", False):
                return bytes(body)

    def _too_large(self) -> Problem:
        return Problem(413, "too_large", f"The body is larger than {self._max_body} bytes.")


def _segment(route: HotRoute, path: str) -> str | None:
    if route.exact:
        return "" if path == route.prefix else None
    if not (path.startswith(route.prefix) and path.endswith(route.suffix)):
        return None
    segment = path[len(route.prefix) : len(path) - len(route.suffix)]
    return segment if segment and "/" not in segment else None


def _refusal(problem: Problem) -> Answer:
    headers = [_PROBLEM, _NO_STORE]
    retry_after = problem.extra.get("retry_after")
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    return Answer(problem.status, msgspec.json.encode(problem.document()), tuple(headers))


def read_json(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    """The decoded body. Raises BadRequest that says where it is wrong."""
    try:
        return decoder.decode(body)
    except msgspec.DecodeError as error:
        raise BadRequest(f"The body is not what is expected: {error}") from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise unreadable_json(error) or error from None
