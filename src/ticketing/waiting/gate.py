"""The check of the pass on every protected route: by signature alone, and by the lease where seats are at stake."""

from __future__ import annotations

import structlog

from ticketing.accounts.authenticate import Asking
from ticketing.accounts.model import Session
from ticketing.base.clock import Clock
from ticketing.base.db import DatabaseAway
from ticketing.base.errors import Forbidden, Unavailable
from ticketing.base.tokens import BadToken, Signer
from ticketing.base.valkey import ValkeyAway
from ticketing.catalog.model import Event
from ticketing.waiting.book import LineBook
from ticketing.waiting.claim import AWAY
from ticketing.waiting.model import Line
from ticketing.waiting.store import LineStore
from ticketing.waiting.tokens import PassClaims, read_pass, subject_of

log = structlog.get_logger(__name__)

HEADER = "x-queue-pass"
PASS_ROUTE = {"pass": True}
"""The `opt` of a route that the gate guards; a test walks the router to see that nothing is left out."""


def cookie_name(event_id: str) -> str:
    """The cookie that carries a pass from tab to tab."""
    return f"__Host-pass-{event_id}"


class Gate:
    """Lets in who has a pass."""

    def __init__(self, store: LineStore, book: LineBook, signer: Signer, clock: Clock) -> None:
        self._store = store
        self._book = book
        self._signer = signer
        self._clock = clock

    async def check(
        self, request: Asking, event: Event, session: Session, *, over_is_fine: bool = False
    ) -> PassClaims | None:
        """The pass of a request; None where none is asked for (no line, or break-glass).

        Args:
            over_is_fine: accept a genuine pass that has expired since: what is asked for began while it was good.

        Raises:
            Forbidden: `pass_required`, `pass_invalid` (forged, another's, another event's), `pass_expired`.
        """
        if not event.waiting_room:
            return None
        line = await self._line(event.id)
        now = self._clock.now_ms()
        if line is not None and now < line.open_until:
            return None
        queue_url = f"/api/events/{event.id}/queue"
        token = request.headers.get(HEADER) or request.cookies.get(cookie_name(event.id))
        if not token:
            raise Forbidden(
                "This event has a waiting line: join it, and send the pass that you get as X-Queue-Pass.",
                code="pass_required",
                queue_url=queue_url,
            )
        try:
            claims = read_pass(self._signer, token)
        except BadToken:
            raise self._invalid(queue_url) from None
        mine = (event.id, session.account_id, session.session_id)
        if (claims.event_id, claims.account_id, claims.session_id) != mine or (line and claims.epoch != line.epoch):
            raise self._invalid(queue_url)
        if claims.expires_at <= now and not over_is_fine:
            raise self._expired(event.id)
        return claims

    async def alive(self, claims: PassClaims | None, until: int = 0) -> None:
        """The visit goes on, and shows a sign of life: asked before seats are held.

        Args:
            until: keep the slot at least so long (ms): a hold's end.

        Raises:
            Forbidden `pass_expired`: the visit ended (left, idle, bought). Unavailable.
        """
        if claims is None:
            return
        line = await self._line(claims.event_id)
        if line is None:
            raise Unavailable(AWAY)
        subject = subject_of(line.salt, claims.account_id)
        try:
            answer = await self._store.confirm(claims.event_id, subject, claims.lease_id, self._clock.now_ms(), until)
        except ValkeyAway:
            raise Unavailable(AWAY) from None
        if answer == "rebuilding":
            raise Unavailable(AWAY, code="rebuilding", retry_after=1)
        if answer != "ok":
            raise self._expired(claims.event_id)

    async def stay(self, claims: PassClaims | None, until: int) -> None:
        """Keep the slot while a hold lasts; what cannot be told now shows at the next request."""
        try:
            await self.alive(claims, until)
        except (Forbidden, Unavailable) as problem:
            log.info("visit_not_stretched", code=problem.code)

    async def _line(self, event_id: str) -> Line | None:
        try:
            return await self._book.get(event_id)
        except DatabaseAway:
            # Nobody ever read this line here: no break-glass then, and the pass proves itself.
            return None

    @staticmethod
    def _invalid(queue_url: str) -> Forbidden:
        return Forbidden(
            "This pass is not one of yours for this event. Join the line.", code="pass_invalid", queue_url=queue_url
        )

    @staticmethod
    def _expired(event_id: str) -> Forbidden:
        return Forbidden(
            "Your visit is over. Join the line again.", code="pass_expired", queue_url=f"/api/events/{event_id}/queue"
        )
