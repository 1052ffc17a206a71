"""Claim: the only door. The script judges, the database writes it down, and only then is there a pass."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ticketing.base import ids, metrics
from ticketing.base.clock import Clock
from ticketing.base.crash import CrashPoint, nowhere
from ticketing.base.db import DatabaseAway
from ticketing.base.errors import Conflict, Problem, RateLimited, Unavailable
from ticketing.base.tokens import Signer
from ticketing.base.valkey import ValkeyAway
from ticketing.waiting.book import LineBook
from ticketing.waiting.model import (
    Admission,
    Admitted,
    ClaimOutcome,
    Early,
    Full,
    Line,
    NotInLine,
    NotYet,
    OtherPlace,
    Over,
    Phase,
    Rebuilding,
    Rules,
    TooFast,
    UsedPlace,
)
from ticketing.waiting.store import LineStore
from ticketing.waiting.tokens import PassClaims, sign_pass, subject_of
from ticketing.waiting.visits import VisitWriter

AWAY = "Nobody can be let in at this moment. Your place is kept; try again."
AT_DOOR_SECONDS = 2
"""When somebody at the door should come again; they keep their turn for three times as long."""


@dataclass(frozen=True)
class Entry:
    """A way in: the pass, and until when it is good (ms)."""

    token: str
    expires_at: int
    lease_id: str


class ClaimService:
    """What the admission routes call."""

    def __init__(
        self,
        store: LineStore,
        book: LineBook,
        writer: VisitWriter,
        signer: Signer,
        clock: Clock,
        rules: Rules,
        *,
        crash_point: CrashPoint = nowhere,
    ) -> None:
        self._store = store
        self._book = book
        self._writer = writer
        self._signer = signer
        self._clock = clock
        self._rules = rules
        self._crash_point = crash_point

    async def claim(self, event_id: str, account_id: str, session_id: str, held_index: int = 0) -> Entry:
        """A pass, once it is one's turn; the same visit again while it lasts, which also renews it.

        Args:
            held_index: of a genuine ticket of this account, 0 without one.

        Raises:
            NotFound. Conflict: `no_waiting_room`, `not_your_turn`, `line_full`, `line_paused` (these with `position`
            and `serving`), `not_in_line`, `place_used`, `sold_out`, `line_closed`. RateLimited. Unavailable.
        """
        try:
            line = await self._book.get(event_id)
            subject = subject_of(line.salt, account_id)
            index = held_index or await self._index(line, subject)
            if not line.drawn:
                line = await self._book.drawn(event_id)
            position: int | None = None
            outcome: ClaimOutcome = OtherPlace(index)
            for _ in range(3):
                if not isinstance(outcome, OtherPlace):
                    break
                # The ticket may be of an earlier place: the one that the account has now is the one that counts.
                index = outcome.index
                position = self._book.position(line, index)
                if position is None:
                    raise self._refusal(Early(), None)
                outcome = await self._ask(line, subject, index, position)
        except DatabaseAway:
            raise Unavailable(AWAY) from None
        if isinstance(outcome, Rebuilding) and line.phase is Phase.CLOSED:
            outcome = Over(Phase.CLOSED)
        if not isinstance(outcome, Admitted) or position is None:
            raise self._refusal(outcome, position)
        return await self._enter(line, account_id, session_id, subject, position, outcome)

    async def enter_if_free(
        self, line: Line, account_id: str, session_id: str, index: int, position: int
    ) -> Entry | None:
        """Go straight in after a join, if there is room at this very moment."""
        subject = subject_of(line.salt, account_id)
        try:
            outcome = await self._ask(line, subject, index, position)
            if isinstance(outcome, Admitted):
                return await self._enter(line, account_id, session_id, subject, position, outcome)
        except Problem:
            pass  # The place is theirs all the same, and they will claim it.
        return None

    def idle_seconds(self) -> int:
        """How long a visit lasts without a sign of life."""
        return self._rules.idle_ms // 1000

    async def _index(self, line: Line, subject: str) -> int:
        try:
            standing = await self._store.standing(line.event_id, subject, self._clock.now_ms())
        except ValkeyAway:
            raise Unavailable(AWAY) from None
        if standing is None:
            # Nobody leads a closed line: what Valkey has lost of it stays lost.
            raise self._refusal(Over(Phase.CLOSED) if line.phase is Phase.CLOSED else Rebuilding(), None)
        if standing.index == 0:
            raise self._refusal(NotInLine(), None)
        return standing.index

    async def _ask(self, line: Line, subject: str, index: int, position: int) -> ClaimOutcome:
        lease_id = ids.new_id("vis")
        for attempt in (1, 2):
            try:
                return await self._store.claim(line, subject, index, position, lease_id, self._clock.now_ms())
            except ValkeyAway:
                if attempt == 2:
                    raise Unavailable(AWAY) from None
        raise AssertionError("unreachable")

    async def _enter(
        self, line: Line, account_id: str, session_id: str, subject: str, position: int, visit: Admitted
    ) -> Entry:
        if visit.pending:
            await self._crash_point("claim:granted")
            now = self._clock.now_ms()
            record = Admission(
                line.event_id, line.epoch, visit.index, subject, visit.lease_id, visit.admitted_at, visit.ends_at
            )
            try:
                await self._writer.save(record, position, now)
                known = await self._store.confirm(line.event_id, subject, visit.lease_id, self._clock.now_ms())
            except (DatabaseAway, ValkeyAway):
                # The slot falls free by itself in a moment; the place stays.
                raise Unavailable(AWAY) from None
            if known != "ok":
                raise Unavailable(AWAY, code="rebuilding" if known == "rebuilding" else "unavailable", retry_after=1)
            metrics.queue_admitted.add(1)
        claims = PassClaims(line.event_id, line.epoch, visit.lease_id, account_id, session_id, visit.ends_at)
        return Entry(sign_pass(self._signer, claims), visit.ends_at, visit.lease_id)

    @staticmethod
    def _refusal(outcome: ClaimOutcome, position: int | None) -> Exception:
        match outcome:
            case NotYet(serving):
                return Conflict("not_your_turn", "It is not your turn yet.", position=position, serving=serving)
            case Full(serving, why):
                code, detail = (
                    ("line_paused", "The line is paused; your place is kept.")
                    if why == "paused"
                    else ("line_full", "It is your turn; a place inside is about to fall free.")
                )
                return Conflict(code, detail, position=position, serving=serving, retry_after=AT_DOOR_SECONDS)
            case Early():
                return Conflict("not_your_turn", "The sale has not begun.", position=None, serving=0)
            case NotInLine():
                return Conflict("not_in_line", "Join the line first.", position=None, serving=None)
            case UsedPlace():
                return Conflict("place_used", "This place was used or given up. Join again.", position=position)
            case Over(why):
                if why == Phase.SOLD_OUT:
                    return Conflict("sold_out", "All seats are sold.", position=position)
                return Conflict("line_closed", "The sale of this event is over.", position=position)
            case TooFast(wait_ms):
                return RateLimited(max(1, math.ceil(wait_ms / 1000)))
        return Unavailable(AWAY, code="rebuilding", retry_after=1)
