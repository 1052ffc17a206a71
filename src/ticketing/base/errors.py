"""The one error tree; each class is a problem document (RFC 9457) with a stable `code`.

Problem
 +-- BadRequest        400   the words are wrong; nothing was done
 +-- Unauthenticated   401
 +-- Forbidden         403
 +-- NotFound          404   also "exists but is not yours"
 +-- Conflict          409   right words, wrong moment
 +-- Unprocessable     422
 +-- RateLimited       429   carries retry_after
 +-- Unavailable       503   carries retry_after; the same call may be repeated
"""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    """An expected failure that a person can act on. Never a stack trace, never a half-done write."""

    def __init__(self, status: int, code: str, detail: str, **extra: Any) -> None:
        """Make a problem.

        Args:
            status: HTTP status.
            code: stable machine word; clients translate by it.
            detail: what happened and what to change, in one or two sentences.
            extra: further members of the problem document.
        """
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.extra = extra

    @property
    def title(self) -> str:
        """Short human form of the code."""
        return self.code.replace("_", " ").capitalize()

    def document(self) -> dict[str, Any]:
        """The problem document as a dict ready for JSON."""
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            **self.extra,
        }


class BadRequest(Problem):
    """400: the request cannot be understood."""

    def __init__(self, detail: str, code: str = "invalid_request", **extra: Any) -> None:
        super().__init__(400, code, detail, **extra)


class Unauthenticated(Problem):
    """401: sign in first."""

    def __init__(self, detail: str = "Sign in first.", code: str = "unauthenticated", **extra: Any) -> None:
        super().__init__(401, code, detail, **extra)


class Forbidden(Problem):
    """403: signed in, but this is not for this role."""

    def __init__(self, detail: str, code: str = "forbidden", **extra: Any) -> None:
        super().__init__(403, code, detail, **extra)


class NotFound(Problem):
    """404: no such thing, or it is somebody else's."""

    def __init__(self, detail: str, code: str = "not_found", **extra: Any) -> None:
        super().__init__(404, code, detail, **extra)


class Conflict(Problem):
    """409: the state of the world says no."""

    def __init__(self, code: str, detail: str, **extra: Any) -> None:
        super().__init__(409, code, detail, **extra)


class Unprocessable(Problem):
    """422: well-formed, but the content cannot be."""

    def __init__(self, code: str, detail: str, **extra: Any) -> None:
        super().__init__(422, code, detail, **extra)


class RateLimited(Problem):
    """429 with Retry-After."""

    def __init__(self, retry_after: int, detail: str = "Too many requests. Wait a moment, then try again.") -> None:
        super().__init__(429, "rate_limited", detail, retry_after=retry_after)


class Unavailable(Problem):
    """503 with Retry-After: a store is away; the same request may be sent again."""

    def __init__(self, detail: str, code: str = "unavailable", retry_after: int = 2, **extra: Any) -> None:
        super().__init__(503, code, detail, retry_after=retry_after, **extra)
