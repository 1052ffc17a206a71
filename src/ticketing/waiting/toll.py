"""What is asked of somebody who wants a place, in one object: work, then a CAPTCHA, each only where it is wanted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog

from ticketing.accounts.model import Session
from ticketing.base.errors import Problem
from ticketing.base.tokens import Signer
from ticketing.waiting.captcha import Captcha
from ticketing.waiting.join import held_index
from ticketing.waiting.model import Line
from ticketing.waiting.work import BadWork, WorkDesk, challenge_answer, work_required

log = structlog.get_logger(__name__)

PriceOf = Callable[[Line], int]
"""The bits that a line asks for now."""

Placed = Callable[[Line, str], Awaitable[bool]]
"""Whether an account (its id) has a place in a line already. May raise ValkeyAway or Unavailable."""

Refused = Callable[[str], Awaitable[None]]
"""Told the event id of a join whose work or CAPTCHA was bad: what `next_pressure` counts. Must not raise."""


class Work(Protocol):
    """A solved challenge."""

    @property
    def challenge(self) -> str:
        """As it was issued."""
        ...

    @property
    def solution(self) -> str:
        """The counter in decimal digits, or "waited"."""
        ...


class Payment(Protocol):
    """What a join brings along, all of it optional."""

    @property
    def ticket(self) -> str | None:
        """Of an earlier join."""
        ...

    @property
    def work(self) -> Work | None:
        """A solved challenge."""
        ...

    @property
    def captcha(self) -> str | None:
        """What the widget gave."""
        ...


class Toll:
    """Asks for the price of a place, and collects it: once per place."""

    def __init__(
        self, desk: WorkDesk, captcha: Captcha, signer: Signer, *, price_of: PriceOf, placed: Placed, refused: Refused
    ) -> None:
        self._desk = desk
        self._captcha = captcha
        self._signer = signer
        self._price_of = price_of
        self._placed = placed
        self._refused = refused

    def ask(self, line: Line, session: Session) -> dict[str, Any]:
        """The answer of GET …/queue/challenge."""
        challenge = self._desk.challenge(line.event_id, session.account_id, self._price_of(line))
        return challenge_answer(challenge, self._captcha.widget)

    async def charge(self, line: Line, session: Session, data: Payment, address: str | None = None) -> bool:
        """Whether all is paid; False for who has a place or a genuine ticket: they paid for that one, and for no other.

        Args:
            address: the visitor's network address, for the CAPTCHA's service.

        Raises:
            Problem: 428 `work_required`, with a fresh challenge.
            Forbidden: `captcha_failed`; `bad_ticket`.
            Unavailable: the CAPTCHA's service is away.
        """
        if self._price_of(line) <= 0 and self._captcha.widget is None:
            return True
        if held_index(self._signer, line, session.account_id, data.ticket):
            return False
        try:
            await self.collect(line, session, data, address)
        except Problem:
            # Whoever has a place already comes again for nothing: from another device, or after a lost answer.
            if not await self._placed(line, session.account_id):
                raise
            return False
        return True

    async def collect(self, line: Line, session: Session, data: Payment, address: str | None = None) -> None:
        """The price of a new place, whatever was paid before. Raises as `charge`."""
        event_id, account_id, bits = line.event_id, session.account_id, self._price_of(line)
        if bits > 0:
            await self._collect_work(event_id, account_id, bits, data.work)
        try:
            await self._captcha.check(data.captcha, address)
        except Problem as problem:
            if problem.status == 403 and data.captcha:
                await self._refused(event_id)
            raise

    async def _collect_work(self, event_id: str, account_id: str, bits: int, work: Work | None) -> None:
        if work is not None:
            try:
                return self._desk.check(event_id, account_id, bits, work.challenge, work.solution)
            except BadWork as bad:
                log.info("bad_work", event_id=event_id, reason=bad.reason)
                # Late and early birds are people; the rest is somebody trying.
                if bad.reason not in ("expired", "too_easy", "too_soon"):
                    await self._refused(event_id)
        raise work_required(self._desk.challenge(event_id, account_id, bits), self._captcha.widget)
