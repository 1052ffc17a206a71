"""Join the line: once per account, the same place at every call; straight in when there is room."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ticketing.base.clock import Clock, rfc3339
from ticketing.base.db import Database, DatabaseAway
from ticketing.base.errors import Conflict, Forbidden, NotFound, RateLimited, Unavailable
from ticketing.base.tokens import BadToken, Signer
from ticketing.base.valkey import ValkeyAway
from ticketing.waiting import sql
from ticketing.waiting.book import LineBook
from ticketing.waiting.claim import ClaimService, Entry
from ticketing.waiting.model import (
    INDEX_BLOCK,
    Early,
    Joined,
    JoinOutcome,
    Line,
    OutOfIndexes,
    Over,
    Phase,
    Place,
    TooFast,
    Unpaid,
    UsedPlace,
)
from ticketing.waiting.store import LineStore
from ticketing.waiting.tokens import TicketClaims, read_ticket, sign_ticket, subject_of

AWAY = "The line cannot be reached at this moment. Your place is kept; try again."
BAD_TICKET = "This ticket is not one of this account for this line. Join again; you get the place that is yours."


class TollOwed(Exception):
    """The ticket brings no place back, or the place was given up since: a new one has its price."""


def held_index(signer: Signer, line: Line, account_id: str, ticket: str | None) -> int:
    """The index of a ticket, 0 without one. Raises Forbidden `bad_ticket` for one that is not this account's here."""
    if ticket is None:
        return 0
    try:
        claims = read_ticket(signer, ticket)
    except BadToken:
        raise Forbidden(BAD_TICKET, code="bad_ticket") from None
    if (claims.event_id, claims.epoch, claims.account_id) != (line.event_id, line.epoch, account_id):
        raise Forbidden(BAD_TICKET, code="bad_ticket")
    return claims.index


@dataclass(frozen=True)
class JoinView:
    """A place and its ticket; `entry` when one may go straight in."""

    line: Line
    place: Place
    ticket: str
    entry: Entry | None


class JoinService:
    """What the join routes call."""

    def __init__(
        self, db: Database, store: LineStore, book: LineBook, claims: ClaimService, signer: Signer, clock: Clock
    ) -> None:
        self._db = db
        self._store = store
        self._book = book
        self._claims = claims
        self._signer = signer
        self._clock = clock

    async def join(
        self, event_id: str, account_id: str, session_id: str, ticket: str | None = None, *, paid: bool
    ) -> JoinView:
        """A place in the line of an event.

        Args:
            ticket: of an earlier join; brings the place back if it was lost here.
            paid: whether the toll was; a place that one has costs nothing.

        Raises:
            TollOwed: it was not, and this would be a new place.
            NotFound. Conflict: `no_waiting_room`, `lobby_not_open`, `line_closed`, `sold_out`, `line_draining`,
            `place_used`. Forbidden `bad_ticket`. RateLimited. Unavailable (also as `rebuilding`).
        """
        line = await self._line(event_id)
        subject = subject_of(line.salt, account_id)
        held = held_index(self._signer, line, account_id, ticket)
        outcome = await self._ask(line, subject, held, paid)
        if isinstance(outcome, OutOfIndexes):
            await self._reserve(line)
            outcome = await self._ask(line, subject, held, paid)
        if isinstance(outcome, UsedPlace):
            outcome = await self._ask(line, subject, 0, paid)
        if isinstance(outcome, Unpaid):
            raise TollOwed
        if not isinstance(outcome, Joined):
            raise self._refusal(line, outcome)
        claims = TicketClaims(line.event_id, line.epoch, outcome.index, account_id, self._clock.now_ms())
        line, position = await self._position(line, outcome)
        place = Place(outcome.index, subject, position, outcome.phase, outcome.serving, line.n, outcome.seq)
        entry = None
        if position is not None and position <= outcome.serving and outcome.phase == Phase.OPEN:
            entry = await self._claims.enter_if_free(line, account_id, session_id, outcome.index, position)
        return JoinView(line, place, sign_ticket(self._signer, claims), entry)

    async def placed(self, line: Line, account_id: str) -> bool:
        """Whether the account stands in a line. Raises Unavailable."""
        try:
            standing = await self._store.standing(
                line.event_id, subject_of(line.salt, account_id), self._clock.now_ms()
            )
        except ValkeyAway:
            raise Unavailable(AWAY) from None
        return standing is not None and standing.index > 0

    async def place(self, event_id: str, account_id: str) -> Place:
        """Where an account stands. Raises NotFound `not_in_line`, Conflict `no_waiting_room`, Unavailable."""
        line = await self._line(event_id)
        now = self._clock.now_ms()
        subject = subject_of(line.salt, account_id)
        try:
            standing = await self._store.standing(event_id, subject, now)
        except ValkeyAway:
            raise Unavailable(AWAY) from None
        if standing is None and line.phase is not Phase.CLOSED:
            raise Unavailable(AWAY, code="rebuilding", retry_after=1)
        # Nobody leads a closed line: what Valkey has lost of it, or forgotten in time, is not brought back.
        if standing is None or standing.index == 0:
            raise NotFound("This account has no place in this line.", code="not_in_line")
        position = self._book.position(line, standing.index)
        if position is None and standing.phase not in (Phase.LOBBY, Phase.DRAWING, Phase.ANNOUNCED):
            line = await self._drawn(line)
            position = self._book.position(line, standing.index)
        return Place(
            standing.index,
            subject,
            position,
            standing.phase,
            standing.serving,
            line.n,
            standing.seq,
            inside=standing.inside,
        )

    async def leave(self, event_id: str, account_id: str, reason: str, *, begun_by: int | None = None) -> bool:
        """Give up a place or end a visit; whether there was one. Before the draw, joining again gives the place back.

        Args:
            begun_by: only a visit that began by then (ms), and no place without one.

        Raises NotFound, Conflict, Unavailable.
        """
        line = await self._line(event_id)
        if line.phase is Phase.CLOSED:
            return False  # nobody is inside, and a line that Valkey has lost since is not filled again
        subject = subject_of(line.salt, account_id)
        try:
            answer = await self._store.leave(event_id, subject, reason, self._clock.now_ms(), begun_by=begun_by)
        except ValkeyAway:
            raise Unavailable(AWAY) from None
        if answer == "rebuilding":
            raise Unavailable(AWAY, code="rebuilding", retry_after=1)
        return answer == "left"

    async def _line(self, event_id: str) -> Line:
        try:
            return await self._book.get(event_id)
        except DatabaseAway:
            raise Unavailable(AWAY) from None

    async def _drawn(self, line: Line) -> Line:
        try:
            return await self._book.drawn(line.event_id)
        except DatabaseAway:
            return line

    async def _position(self, line: Line, joined: Joined) -> tuple[Line, int | None]:
        if joined.phase in (Phase.LOBBY, Phase.DRAWING):
            return line, None
        if not line.drawn:
            line = await self._drawn(line)
        return line, self._book.position(line, joined.index)

    async def _ask(self, line: Line, subject: str, held: int, paid: bool) -> JoinOutcome:
        for attempt in (1, 2):
            try:
                return await self._store.join(line, subject, held, self._clock.now_ms(), paid=paid)
            except ValkeyAway:
                if attempt == 2:
                    raise Unavailable(AWAY) from None
        raise AssertionError("unreachable")

    async def _reserve(self, line: Line) -> None:
        """The leader reserves indexes ahead of need; when it is late, or away, whoever needs one does."""
        try:
            limit = await self._db.transact(lambda conn: sql.reserve(conn, line.event_id, 5 * INDEX_BLOCK))
            await self._store.raise_limit(line.event_id, limit)
        except (DatabaseAway, ValkeyAway):
            raise Unavailable(AWAY) from None

    @staticmethod
    def _refusal(line: Line, outcome: JoinOutcome) -> Exception:
        if isinstance(outcome, Early):
            opens = rfc3339(line.lobby_at)
            return Conflict("lobby_not_open", f"The line can be joined from {opens}.", lobby_at=opens)
        if isinstance(outcome, TooFast):
            return RateLimited(max(1, math.ceil(outcome.wait_ms / 1000)))
        if isinstance(outcome, Over):
            return over(outcome.why)
        if line.phase is Phase.CLOSED:
            # Nobody leads a closed line: what Valkey has lost of it stays lost.
            return over(Phase.CLOSED)
        return Unavailable(AWAY, code="rebuilding", retry_after=1)


def over(why: str) -> Conflict:
    """The problem of a line that takes nobody."""
    if why == Phase.SOLD_OUT:
        return Conflict("sold_out", "All seats are sold. If some come back, the line opens again.")
    if why == "draining":
        return Conflict("line_draining", "The line takes nobody new at this moment.")
    return Conflict("line_closed", "The sale of this event is over.")
