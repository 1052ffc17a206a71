"""What every route shares: problem documents, their OpenAPI description, JSON bytes with an ETag."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from sqlalchemy.exc import DBAPIError

from ticketing.base.db import DatabaseAway, is_transient
from ticketing.base.errors import BadRequest, Problem, Unavailable
from ticketing.base.request_log import route_of
from ticketing.base.valkey import ValkeyAway

log = structlog.get_logger(__name__)

PROBLEM_JSON = "application/problem+json"
_encoder = msgspec.json.Encoder()

_CODES = {
    400: "invalid_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    503: "unavailable",
}


class ProblemDocument(msgspec.Struct, kw_only=True):
    """RFC 9457 problem document; more members may follow, depending on `code`."""

    type: str
    title: str
    status: int
    detail: str
    code: str


_TEXTS = {
    400: "The request is not well-formed; `detail` says what to change.",
    401: "Sign in first.",
    403: "Not allowed for this account, or the CSRF token is missing.",
    404: "No such thing, or it belongs to somebody else.",
    409: "The state of the world says no; `code` says which part of it.",
    413: "The body is too large.",
    415: "The body must be JSON.",
    422: "Well-formed, but the content cannot be.",
    428: "Work is asked for first: see GET …/queue/challenge.",
    429: "Too many requests; Retry-After says how long to wait.",
    503: "A store is away; the same request may be sent again after Retry-After seconds.",
}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """OpenAPI descriptions of the problem documents that a route may answer."""
    return {
        status: ResponseSpec(
            data_container=ProblemDocument,
            description=_TEXTS[status],
            media_type=PROBLEM_JSON,
            generate_examples=False,
        )
        for status in sorted(set(statuses))
    }


def answers(shape: Any, description: str = "The answer", status: int = 200) -> dict[int, ResponseSpec]:
    """OpenAPI description of the JSON that a route sends from encoded bytes."""
    return {status: ResponseSpec(data_container=shape, description=description, generate_examples=False)}


NOT_MODIFIED = {304: ResponseSpec(data_container=None, description="Not modified", generate_examples=False)}
"""OpenAPI description of a 304, for `responses`."""


def problem_response(problem: Problem) -> Response[bytes]:
    """The answer for an expected failure."""
    headers = {"Cache-Control": "no-store"}
    retry_after = problem.extra.get("retry_after")
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return Response(
        _encoder.encode(problem.document()), status_code=problem.status, media_type=PROBLEM_JSON, headers=headers
    )


def _http_problem(error: HTTPException) -> Problem:
    detail = error.detail
    if isinstance(error, ValidationException) and error.extra:
        reasons = []
        for item in error.extra:
            if isinstance(item, dict):
                key = item.get("key")
                reasons.append(f"{key}: {item.get('message')}" if key else str(item.get("message")))
        detail = "; ".join(reasons) or detail
    code = _CODES.get(error.status_code, "invalid_request" if error.status_code < 500 else "internal")
    return Problem(error.status_code, code, detail or code)


def unreadable_json(error: Exception) -> Problem | None:
    """The 400 for what msgspec throws at bodies beside its own errors: bytes that are no UTF-8, endless nesting."""
    if isinstance(error, UnicodeDecodeError):
        return BadRequest("The body is not UTF-8.")
    if isinstance(error, RecursionError) and "deserializing" in str(error):
        return BadRequest("The body is nested too deeply.")
    return None


def problem_of(error: Exception, method: str, route: str) -> Problem:
    """What a client is told of an exception. Those that nobody expected are logged with their trace.

    Args:
        route: the template (`route_of`), never the path: it is logged, and a path holds whatever somebody typed.
    """
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        return _http_problem(error)
    if isinstance(error, (DatabaseAway, ValkeyAway)) or (isinstance(error, DBAPIError) and is_transient(error)):
        log.warning("store_away", method=method, route=route, error=repr(error)[:300])
        return Unavailable("A part of the system is not answering. Try again in a moment.")
    unreadable = unreadable_json(error)
    if unreadable is not None:
        log.warning("unreadable_body", method=method, route=route, exc_info=error)
        return unreadable
    log.error("unhandled", method=method, route=route, exc_info=error)
    return Problem(500, "internal", "Something broke on our side. It has been recorded.")


def _on_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    response = problem_response(problem_of(error, request.method, route_of(request.scope)))
    if isinstance(error, HTTPException):
        for name, value in (error.headers or {}).items():
            response.headers[name] = value
    return response


# Each kind by name: the framework's own handler for HTTPException would come before one for Exception alone.
EXCEPTION_HANDLERS: Any = dict.fromkeys((Problem, HTTPException, DatabaseAway, ValkeyAway, Exception), _on_error)


def etag_of(body: bytes) -> str:
    """A strong ETag of some bytes."""
    return '"' + hashlib.blake2b(body, digest_size=12).hexdigest() + '"'


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether an If-None-Match header names this ETag (weak comparison, as RFC 9110 13.1.2 asks)."""
    if not if_none_match:
        return False
    if if_none_match.strip() == "*":
        return True
    return any(tag.strip().removeprefix("W/") == etag for tag in if_none_match.split(","))


def json_response(value: Any, status_code: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    """A JSON answer that no cache keeps."""
    return Response(
        _encoder.encode(value),
        status_code=status_code,
        media_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )
