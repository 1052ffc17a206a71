"""The toll: who pays, who has paid before, and what counts as an attack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.rooms.waiting.line_bench import DAY, LOBBY_MS, Bench, step
from tests.rooms.waiting.test_work import solve, unsolved
from ticketing.accounts.model import Role, Session
from ticketing.base.clock import ManualClock
from ticketing.base.errors import Forbidden, Problem, Unavailable
from ticketing.base.tokens import Signer
from ticketing.waiting.answers import JoinOut, JoinRequest, WorkIn
from ticketing.waiting.captcha import NoCaptcha
from ticketing.waiting.http import Desk
from ticketing.waiting.model import Line, Phase
from ticketing.waiting.tokens import TicketClaims, sign_ticket
from ticketing.waiting.toll import Toll
from ticketing.waiting.work import WorkDesk

NOW = 1_790_000_000_000
EVENT, ACCOUNT = "evt_aaaaaaaaaaaaaaaa", "acc_aaaaaaaaaaaaaaaa"
BITS = 8
LINE = Line(EVENT, 1, b"salt", b"secret", "0" * 64, NOW, NOW, cap=10, rate=10, phase=Phase.OPEN)
SESSION = Session("ses_a", ACCOUNT, Role.FAN, NOW + 1, True)


async def test_a_ticket_of_a_place_given_up_pays_for_no_other(bench: Bench) -> None:
    await step(bench.candidate())
    bench.clock.advance(LOBBY_MS / 1000)
    await step(bench.leader)
    work, api, session = WorkDesk(bench.signer, bench.clock), bench.api, replace(SESSION, expires_at=bench.now + DAY)

    async def refused(event_id: str) -> None:
        raise AssertionError("nobody attacks")

    toll = Toll(work, NoCaptcha(), bench.signer, price_of=lambda _: BITS, placed=api.joins.placed, refused=refused)
    desk = Desk(api.joins, api.claims, api.book, toll, bench.signer, bench.clock)

    async def join(ticket: str | None = None, paid: WorkIn | None = None) -> JoinOut:
        return (await desk.join(bench.event.id, session, JoinRequest(ticket, paid), None))[0]

    def pay() -> WorkIn:
        challenge = work.challenge(bench.event.id, ACCOUNT, BITS).challenge
        return WorkIn(challenge, solve(challenge, BITS))

    first = await join(None, pay())
    assert (await join()).index == (await join(first.ticket)).index == first.index
    await bench.leave(ACCOUNT)
    with pytest.raises(Problem) as problem:
        await join(first.ticket)
    assert (problem.value.status, problem.value.code) == (428, "work_required")
    assert problem.value.extra["bits"] == BITS
    assert (await join(first.ticket, pay())).index == 2


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def signer() -> Signer:
    return Signer({"k1": bytes(range(32))}, "k1")


@pytest.fixture
def desk(signer: Signer, clock: ManualClock) -> WorkDesk:
    return WorkDesk(signer, clock)


class Widget(NoCaptcha):
    """A CAPTCHA that knows one token."""

    widget: dict[str, str] | None = {"kind": "turnstile", "site_key": "1x"}  # noqa: RUF012

    async def check(self, token: str | None, address: str | None) -> None:
        if token == "away":
            raise Unavailable("away")
        if token != "person":
            raise Forbidden("no", code="captcha_failed")


@dataclass
class Payment:
    """What a join brings."""

    work: WorkIn | None = None
    captcha: str | None = None
    ticket: str | None = None


@dataclass
class Booth:
    """A toll, who has a place, and what it was told to count."""

    desk: WorkDesk
    signer: Signer
    bits: int
    captcha: NoCaptcha = field(default_factory=NoCaptcha)
    refusals: int = 0
    placed: bool | Exception = False

    def __post_init__(self) -> None:
        self.toll = Toll(
            self.desk,
            self.captcha,
            self.signer,
            price_of=lambda _: self.bits,
            placed=self.has_place,
            refused=self.refused,
        )

    async def has_place(self, line: Line, account_id: str) -> bool:
        assert (line.event_id, account_id) == (EVENT, ACCOUNT)
        if isinstance(self.placed, Exception):
            raise self.placed
        return self.placed

    async def refused(self, event_id: str) -> None:
        assert event_id == EVENT
        self.refusals += 1

    async def pay(
        self, work: tuple[str, str] | None = None, captcha: str | None = None, ticket: str | None = None
    ) -> Problem | None:
        """The problem that a join runs into, if any."""
        payment = Payment(WorkIn(*work) if work else None, captcha, ticket)
        try:
            await self.toll.charge(LINE, SESSION, payment, "127.0.0.1")
        except Problem as problem:
            return problem
        return None

    async def code(self, *payment: Any, **more: Any) -> str:
        """In a word."""
        problem = await self.pay(*payment, **more)
        return "paid" if problem is None else problem.code


Open = Callable[..., Booth]


@pytest.fixture
def booth(desk: WorkDesk, signer: Signer) -> Open:
    return lambda bits=BITS, captcha=None: Booth(desk, signer, bits, captcha or NoCaptcha())


def ticket(signer: Signer, event_id: str = EVENT, account_id: str = ACCOUNT, epoch: int = 1) -> str:
    return sign_ticket(signer, TicketClaims(event_id, epoch, 7, account_id, NOW))


async def test_a_free_line_asks_nothing_not_even_a_store(booth: Open) -> None:
    free = booth(0)
    free.placed = AssertionError("nobody may be asked")
    assert await free.code() == "paid"
    answer = free.toll.ask(LINE, SESSION)
    assert (answer["bits"], answer["captcha"]) == (0, None)


async def test_the_refusal_brings_a_challenge_that_can_be_solved(booth: Open) -> None:
    dear = booth(BITS, Widget())
    problem = await dear.pay()
    assert problem is not None
    assert (problem.status, problem.code, problem.extra["bits"]) == (428, "work_required", BITS)
    assert problem.extra["captcha"] == {"kind": "turnstile", "site_key": "1x"}
    assert problem.extra["expires_at"].endswith("Z")
    assert dear.refusals == 0, "everybody who did not ask for a challenge before comes this way"
    challenge = problem.extra["challenge"]
    assert await dear.code((challenge, solve(challenge, BITS)), "person") == "paid"
    asked = dear.toll.ask(LINE, SESSION)["challenge"]
    assert await dear.code((asked, solve(asked, BITS)), "person") == "paid"


async def test_a_captcha_alone(booth: Open) -> None:
    guarded = booth(0, Widget())
    assert await guarded.code() == "captcha_failed"
    assert await guarded.code(captcha="person") == "paid"


async def test_who_has_a_place_or_a_ticket_has_paid_before(booth: Open, signer: Signer) -> None:
    dear = booth(BITS, Widget())
    assert await dear.code(ticket=ticket(signer)) == "paid"
    for foreign in (
        ticket(signer, account_id="acc_bbbbbbbbbbbbbbbb"),
        ticket(signer, event_id="evt_bbbbbbbbbbbbbbbb"),
        ticket(signer, epoch=2),
        "forged",
    ):
        assert await dear.code(ticket=foreign) == "bad_ticket"
    assert await dear.code() == "work_required"
    dear.placed = True
    assert await dear.code() == "paid"
    assert await dear.code(("forged", "1"), "away") == "paid", "an old solution harms nobody who has a place"
    dear.placed = Unavailable("Valkey is away")
    assert await dear.code() == "unavailable", "nobody computes because a store is away"


async def test_what_counts_as_an_attack(booth: Open, desk: WorkDesk, clock: ManualClock) -> None:
    dear = booth(BITS, Widget())
    challenge = desk.challenge(EVENT, ACCOUNT, BITS).challenge
    good = (challenge, solve(challenge, BITS))
    for paid, captcha, code, counted in (
        ((challenge, unsolved(challenge, BITS)), "person", "work_required", 1),
        (("forged", "1"), "person", "work_required", 1),
        (good, "robot", "captcha_failed", 1),
        (good, None, "captcha_failed", 0),  # the page had not been told of a CAPTCHA yet
        (good, "away", "unavailable", 0),
        (good, "person", "paid", 0),
    ):
        before = dear.refusals
        assert await dear.code(paid, captcha) == code
        assert dear.refusals - before == counted
    clock.advance(301)
    before = dear.refusals
    assert await dear.code(good, "person") == "work_required"
    assert dear.refusals == before, "late is not an attack"
