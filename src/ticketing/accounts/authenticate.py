"""From a request to its session: cookie or bearer token, CSRF, role.

Every route wants a session unless it says `opt={"public": True}`; `opt=for_roles(…)` narrows it to staff. `admit` is
run for each request before its body is read, so a stranger learns nothing from the answers to bad bodies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from litestar import Request

from ticketing.accounts.model import Role, Session
from ticketing.accounts.sessions import Sessions
from ticketing.base.errors import Forbidden, Unauthenticated


class Asking(Protocol):
    """What a request must offer to be authenticated: the framework's requests do, and those of the hot routes."""

    @property
    def method(self) -> Any:
        """GET, POST, …"""
        ...

    @property
    def headers(self) -> Any:
        """With `get(name, default)`."""
        ...

    @property
    def cookies(self) -> Mapping[str, str]:
        """By name."""
        ...

    @property
    def scope(self) -> Any:
        """The ASGI scope; the verified session is kept in it."""
        ...


COOKIE = "__Host-session"
_SAFE = {"GET", "HEAD", "OPTIONS"}
_PREFIX = "bearer "


def for_roles(*roles: Role) -> dict[str, Any]:
    """The `opt` of a route that only these roles may call."""
    return {"roles": frozenset(roles)}


class Authenticator:
    """Finds out who is asking."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def admit(self, request: Request[Any, Any, Any]) -> None:
        """Let a request through to its route, or refuse it. Raises as `session`; Forbidden for another role."""
        opt = request.route_handler.opt
        if opt.get("public") or request.method == "OPTIONS":
            return
        session = self.session(request)
        roles: frozenset[Role] | None = opt.get("roles")
        if roles is not None and session.role not in roles:
            allowed = ", ".join(sorted(roles))
            raise Forbidden(f"This is for the roles {allowed}; you are signed in as {session.role.value}.")

    def require(self, request: Asking) -> None:
        """Let anyone through who is signed in. Raises as `session`."""
        self.session(request)

    def session(self, request: Asking) -> Session:
        """The session of a request; verified once per request.

        Raises:
            Unauthenticated: no session, or not a good one.
            Forbidden: a write with a cookie but without its CSRF token (code `csrf`).
        """
        known = request.scope.get("auth")
        if isinstance(known, Session):
            return known
        session = self._verify(request)
        request.scope["auth"] = session
        return session

    def _verify(self, request: Asking) -> Session:
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
