"""From a request to its session: cookie or bearer token, CSRF, role."""

from __future__ import annotations

from typing import Any

from litestar import Request

from ticketing.accounts.model import Role, Session
from ticketing.accounts.sessions import Sessions
from ticketing.base.errors import Forbidden, Unauthenticated

COOKIE = "__Host-session"
_SAFE = {"GET", "HEAD", "OPTIONS"}
_PREFIX = "bearer "


class Authenticator:
    """Finds out who is asking."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def session(self, request: Request[Any, Any, Any]) -> Session:
        """The session of a request.

        Raises:
            Unauthenticated: no session, or not a good one.
            Forbidden: a write with a cookie but without its CSRF token (code `csrf`).
        """
        header = request.headers.get("authorization")
        if header is not None:
            if not header.lower().startswith(_PREFIX):
                raise Unauthenticated("Use `Authorization: Bearer <token>`.")
            return self._sessions.verify(header[len(_PREFIX) :].strip(), by_cookie=False)
        token = request.cookies.get(COOKIE)
        if not token:
            raise Unauthenticated
        session = self._sessions.verify(token, by_cookie=True)
        if request.method not in _SAFE and not self._sessions.csrf_matches(
            session.session_id, request.headers.get("x-csrf-token", "")
        ):
            raise Forbidden(
                "This write came with a cookie but without its X-CSRF-Token header. Reload the page and try again.",
                code="csrf",
            )
        return session

    def staff(self, request: Request[Any, Any, Any], *roles: Role) -> Session:
        """The session, when its role is one of these. Raises Forbidden otherwise."""
        session = self.session(request)
        if session.role not in roles:
            allowed = ", ".join(role.value for role in roles)
            raise Forbidden(f"This is for the roles {allowed}; you are signed in as {session.role.value}.")
        return session
