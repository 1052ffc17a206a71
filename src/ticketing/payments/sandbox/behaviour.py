"""What each card token makes the provider do. The table is also what the demo shows to people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum


class Decision(Enum):
    """What happens to the money."""

    CAPTURE = "capture"
    DECLINE = "decline"
    NOTHING = "nothing"


class Answer(Enum):
    """What happens to the answer."""

    PROMPT = "prompt"
    NEVER = "never"
    ERROR = "error"
    DROP = "drop"


class FaultMode(StrEnum):
    """A fault of the whole provider. `silent` is the worst: the work is done and nobody is told."""

    NONE = "none"
    SLOW = "slow"
    ERROR = "error"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One token's way.

    `thinks_first`: waits before it decides, so a lookup meanwhile finds nothing. `pending`: answers 202 and decides a
    moment later. `callbacks`: how often the outcome is reported. `failures`: so many first requests get no decision
    but `failure`. `refund_failures`: so many first tries of each refund are refused.
    """

    ko: str
    en: str
    decision: Decision = Decision.CAPTURE
    code: str = ""
    answer: Answer = Answer.PROMPT
    thinks_first: bool = False
    pending: bool = False
    callbacks: int = 0
    failures: int = 0
    failure: Answer = Answer.ERROR
    refund_failures: int = 0


BEHAVIOURS: dict[str, Behaviour] = {
    "tok_ok": Behaviour("바로 승인", "approved at once"),
    "tok_declined": Behaviour("카드 거절", "card declined", decision=Decision.DECLINE, code="card_declined"),
    "tok_insufficient_funds": Behaviour(
        "잔액 부족", "insufficient funds", decision=Decision.DECLINE, code="insufficient_funds"
    ),
    "tok_slow": Behaviour("몇 초 뒤에 승인", "approved after some seconds", thinks_first=True),
    "tok_timeout_captured": Behaviour(
        "승인되지만 응답이 오지 않음", "approved, but the answer never comes", answer=Answer.NEVER
    ),
    "tok_timeout_nothing": Behaviour(
        "승인도 응답도 없음", "neither approved nor answered", decision=Decision.NOTHING, answer=Answer.NEVER
    ),
    "tok_error_captured": Behaviour("승인 후 서버 오류 응답", "approved, then answers 500", answer=Answer.ERROR),
    "tok_error": Behaviour("두 번 오류 후 승인", "two errors, then approved", failures=2),
    "tok_pending_callback": Behaviour("대기 후 콜백으로 승인", "pending, then one callback", pending=True, callbacks=1),
    "tok_pending_callback_twice": Behaviour(
        "대기 후 같은 콜백 두 번", "pending, then the same callback twice", pending=True, callbacks=2
    ),
    "tok_pending_no_callback": Behaviour("대기 후 승인, 콜백 없음", "pending, approved, no callback", pending=True),
    "tok_pending_declined": Behaviour(
        "대기 후 거절", "pending, then declined", Decision.DECLINE, "card_declined", pending=True, callbacks=1
    ),
    "tok_refund_error": Behaviour("승인, 첫 환불은 거절", "approved; the first refund is refused", refund_failures=1),
    "tok_drop_connection": Behaviour(
        "첫 연결이 끊긴 뒤 승인", "drops the first connection, then approved", failures=1, failure=Answer.DROP
    ),
}

INVALID_TOKEN = Behaviour("없는 카드", "no such card", decision=Decision.DECLINE, code="invalid_token")


def behaviour_of(token: str) -> Behaviour:
    """The token's behaviour; an unknown token is a declined card."""
    return BEHAVIOURS.get(token, INVALID_TOKEN)
