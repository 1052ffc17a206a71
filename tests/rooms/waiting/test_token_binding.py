"""Genuine tickets and passes that are not for this: another event, epoch, account or session, or another time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace

from tests.rooms.waiting.mutants import KEYS, NOW
from ticketing.accounts.model import Role, Session
from ticketing.base.clock import ManualClock
from ticketing.base.errors import Forbidden
from ticketing.base.tokens import Signer
from ticketing.waiting.gate import Gate
from ticketing.waiting.join import held_index
from ticketing.waiting.model import Line, Phase
from ticketing.waiting.tokens import PassClaims, TicketClaims, sign_pass, sign_ticket

EVENT, ACCOUNT = "evt_aaaaaaaaaaaaaaaa", "acc_aaaaaaaaaaaaaaaa"
LINE = Line(EVENT, 2, b"salt", b"secret", "0" * 64, NOW, NOW, cap=10, rate=10, phase=Phase.OPEN)


@pytest.mark.parametrize(
    "claims",
    [
        TicketClaims("evt_bbbbbbbbbbbbbbbb", 2, 7, ACCOUNT, NOW),
        TicketClaims(EVENT, 1, 7, ACCOUNT, NOW),
        TicketClaims(EVENT, 3, 7, ACCOUNT, NOW),
        TicketClaims(EVENT, 2, 7, "acc_bbbbbbbbbbbbbbbb", NOW),
        TicketClaims("", 2, 7, ACCOUNT, NOW),
        TicketClaims(EVENT + " ", 2, 7, ACCOUNT, NOW),
        TicketClaims(EVENT, 2, 7, ACCOUNT.upper(), NOW),
    ],
)
def test_a_genuine_ticket_of_another_event_epoch_or_account_is_refused(claims: TicketClaims) -> None:
    signer = Signer(KEYS, "k1")
    assert held_index(signer, LINE, ACCOUNT, sign_ticket(signer, TicketClaims(EVENT, 2, 7, ACCOUNT, NOW))) == 7
    with pytest.raises(Forbidden) as caught:
        held_index(signer, LINE, ACCOUNT, sign_ticket(signer, claims))
    assert caught.value.code == "bad_ticket"


SESSION = Session("ses_aaaaaaaaaaaaaaaa", ACCOUNT, Role.FAN, NOW + 1, True)
GOOD = PassClaims(EVENT, 2, "vis_aaaaaaaaaaaaaaaa", ACCOUNT, SESSION.session_id, NOW + 1)


class Book:
    """One line."""

    async def get(self, event_id: str) -> Line:
        return LINE


async def at_the_gate(token: str | None, *, by_cookie: bool = False) -> str:
    """What the gate says to a pass: `in`, or the code of the refusal."""
    gate = Gate(cast(Any, None), cast(Any, Book()), Signer(KEYS, "k1"), ManualClock(NOW))
    headers = {} if by_cookie or token is None else {"x-queue-pass": token}
    cookies = {f"__Host-pass-{EVENT}": token} if by_cookie and token is not None else {}
    request, event = SimpleNamespace(headers=headers, cookies=cookies), SimpleNamespace(id=EVENT, waiting_room=True)
    try:
        await gate.check(cast(Any, request), cast(Any, event), SESSION)
    except Forbidden as problem:
        return problem.code
    return "in"


@pytest.mark.parametrize("by_cookie", [False, True])
@pytest.mark.parametrize(
    ("claims", "answer"),
    [
        (GOOD, "in"),
        (replace(GOOD, event_id="evt_bbbbbbbbbbbbbbbb"), "pass_invalid"),
        (replace(GOOD, epoch=1), "pass_invalid"),
        (replace(GOOD, account_id="acc_bbbbbbbbbbbbbbbb"), "pass_invalid"),
        (replace(GOOD, session_id="ses_bbbbbbbbbbbbbbbb"), "pass_invalid"),
        (replace(GOOD, account_id=GOOD.session_id, session_id=ACCOUNT), "pass_invalid"),
        (replace(GOOD, expires_at=NOW), "pass_expired"),
        (replace(GOOD, expires_at=-1), "pass_expired"),
    ],
)
async def test_a_genuine_pass_of_another_event_epoch_account_or_session_is_refused(
    claims: PassClaims, answer: str, by_cookie: bool
) -> None:
    assert await at_the_gate(sign_pass(Signer(KEYS, "k1"), claims), by_cookie=by_cookie) == answer


async def test_what_is_no_pass_at_the_gate() -> None:
    signer = Signer(KEYS, "k1")
    ticket = sign_ticket(signer, TicketClaims(EVENT, 2, 7, ACCOUNT, NOW))
    assert await at_the_gate(None) == "pass_required"
    for token in (ticket, "x", "v1.k1..", sign_pass(Signer({"k1": bytes(32)}, "k1"), GOOD)):
        assert await at_the_gate(token) == "pass_invalid"
