"""What every route shares: problem documents, their OpenAPI description, JSON bytes with an ETag."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.datastructures import ResponseHeader
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from sqlalchemy.exc import DBAPIError

from ticketing.base.db import DatabaseAway, is_transient
from ticketing.base.errors import Problem, Unavailable
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


def problem_response(problem: Problem) -> Response[bytes]:
    """The answer for an expected failure."""
    headers = {"Cache-Control": "no-store"}
    retry_after = problem.extra.get("retry_after")
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return Response(
        _encoder.encode(problem.document()), status_code=problem.status, media_type=PROBLEM_JSON, headers=headers
    )


def _on_problem(_: Request[Any, Any, Any], error: Problem) -> Response[bytes]:
    return problem_response(error)


def _on_http(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    detail = error.detail
    if isinstance(error, ValidationException) and error.extra:
        reasons = []
        for item in error.extra:
            if isinstance(item, dict):
                key = item.get("key")
                reasons.append(f"{key}: {item.get('message')}" if key else str(item.get("message")))
        detail = "; ".join(reasons) or detail
    code = _CODES.get(error.status_code, "invalid_request" if error.status_code < 500 else "internal")
    response = problem_response(Problem(error.status_code, code, detail or code))
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def _on_away(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    log.warning("store_away", error=repr(error)[:300])
    return problem_response(Unavailable("A part of the system is not answering. Try again in a moment."))


def _on_anything(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    if isinstance(error, DBAPIError) and is_transient(error):
        return _on_away(request, error)
    log.error("unhandled", method=request.method, path=request.url.path, exc_info=error)
    return problem_response(Problem(500, "internal", "Something broke on our side. It has been recorded."))


EXCEPTION_HANDLERS: Any = {
    Problem: _on_problem,
    HTTPException: _on_http,
    DatabaseAway: _on_away,
    ValkeyAway: _on_away,
    Exception: _on_anything,
}


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


RETRY_AFTER = ResponseHeader(name="Retry-After", description="Seconds to wait", documentation_only=True)
