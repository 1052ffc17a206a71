"""What the check found: breaches, what is in flight, and what could not be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Tell = Callable[[str, int, int | None], None]
"""`tell(stage, done, total)`: progress; `total` is None where nobody knows."""

_SAMPLE = 20


def nobody(_stage: str, _done: int, _total: int | None) -> None:
    """Progress that nobody watches."""


class Cure(StrEnum):
    """What `--fix` can do about a breach. None of them deletes a ticket or moves money."""

    CAPTURE = "capture"
    """Write the order's capture message again: the worker asks the provider and settles."""
    ISSUE = "issue"
    """Write the order's issue message again."""
    REFUND = "refund"
    """Write the order's refund message again."""
    PEOPLE = "people"
    """Count a person's seats anew."""
    MARK = "mark"
    """Set seats in Valkey to what the database says."""
    HOLDS = "holds"
    """Free seats that no hold owns, give holds their end back, count held seats anew."""
    SWEEP = "sweep"
    """End holds whose time is over."""
    BOUGHT = "bought"
    """Write a seats message: the worker carries the person's count over to Valkey."""
    REVIVE = "revive"
    """Only on request: run a dead outbox row again."""
    REDRIVE = "redrive"
    """Only on request: send dead letters again."""


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that must not be. `ids` names every row and key concerned; `cure` is None where people must act."""

    invariant: str
    code: str
    detail: str
    ids: Mapping[str, Any]
    cure: Cure | None = None

    def document(self) -> dict[str, Any]:
        """For machines."""
        return {
            "invariant": self.invariant,
            "code": self.code,
            **self.ids,
            "detail": self.detail,
            "cure": self.cure.value if self.cure else None,
        }


@dataclass(slots=True)
class InFlight:
    """Things of one kind that are under way: `amounts` in minor units by currency, `since` the oldest instant (ms)."""

    count: int = 0
    amounts: Counter[str] = field(default_factory=Counter)
    since: int | None = None
    ids: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class EventMoney:
    """The equation of I3 for one event, in minor units, from sums that the database makes by itself."""

    event_id: str
    currency: str
    captured: int
    tickets: int
    awaiting_tickets: int
    refunded: int
    refund_due: int
    fees: int

    @property
    def difference(self) -> int:
        """0 in honest books; more than 0: money that nothing stands for."""
        return self.captured - self.tickets - self.awaiting_tickets - self.refunded - self.refund_due - self.fees


@dataclass(frozen=True, slots=True)
class Repair:
    """What `--fix` did, or left, about the breaches of one cure. `ids` are orders, people, seats, by the cure."""

    cure: Cure
    done: bool
    detail: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """How to check.

    Attributes:
        event_id: only this event; None for all.
        grace_seconds: how long things may be under way.
        payment_window_seconds: how long an order may wait for its payment: it is under way for so much longer.
        look_seconds: pause between two looks at what differs between two stores.
    """

    event_id: str | None = None
    grace_seconds: float = 300.0
    payment_window_seconds: float = 900.0
    look_seconds: float = 1.0

    @property
    def grace_ms(self) -> int:
        """The grace in milliseconds."""
        return int(self.grace_seconds * 1000)


class Report:
    """Collects what the checks find.

    Attributes:
        at: the instant of the check (ms).
        checked: subjects that were looked at, in order.
        unchecked: (subject, why) that could not be.
        skipped: subjects left out on request.
        figures: how much was looked at.
    """

    def __init__(self, scope: Scope, at: int) -> None:
        self.scope = scope
        self.at = at
        self.breaches: list[Breach] = []
        self.in_flight: dict[str, InFlight] = {}
        self.money: list[EventMoney] = []
        self.checked: list[str] = []
        self.unchecked: list[tuple[str, str]] = []
        self.skipped: list[str] = []
        self.figures: Counter[str] = Counter()

    def breach(self, invariant: str, code: str, detail: str, *, cure: Cure | None = None, **ids: Any) -> None:
        """Something is wrong."""
        self.breaches.append(Breach(invariant, code, detail, ids, cure))

    def moving(self, kind: str, item: str, since: int, amount: int = 0, currency: str = "") -> None:
        """Something is under way since an instant (ms)."""
        tally = self.in_flight.setdefault(kind, InFlight())
        tally.count += 1
        if currency:
            tally.amounts[currency] += amount
        tally.since = since if tally.since is None else min(tally.since, since)
        if len(tally.ids) < _SAMPLE:
            tally.ids.append(item)

    def cannot(self, subject: str, why: str) -> None:
        """A subject could not be checked."""
        self.unchecked.append((subject, why))

    def overdue(self, since: int, extra_ms: int = 0) -> bool:
        """Whether something has been under way for longer than the grace (and `extra_ms`)."""
        return self.at - since > self.scope.grace_ms + extra_ms

    @property
    def exit_code(self) -> int:
        """0 clean, 1 breaches, 2 no breach seen but not everything could be looked at."""
        if self.breaches:
            return 1
        return 2 if self.unchecked else 0

    def document(self) -> dict[str, Any]:
        """For machines."""
        return {
            "clean": self.exit_code == 0,
            "exit_code": self.exit_code,
            "event_id": self.scope.event_id,
            "grace_seconds": self.scope.grace_seconds,
            "checked": self.checked,
            "unchecked": [{"subject": subject, "why": why} for subject, why in self.unchecked],
            "skipped": self.skipped,
            "breaches": [breach.document() for breach in self.breaches],
            "in_flight": [self._moving(kind, tally) for kind, tally in sorted(self.in_flight.items())],
            "money": [
                {
                    "event_id": m.event_id,
                    "currency": m.currency,
                    "captured": m.captured,
                    "tickets": m.tickets,
                    "awaiting_tickets": m.awaiting_tickets,
                    "refunded": m.refunded,
                    "refund_due": m.refund_due,
                    "fees": m.fees,
                    "difference": m.difference,
                }
                for m in self.money
            ],
            "figures": dict(self.figures),
        }

    def _moving(self, kind: str, tally: InFlight) -> dict[str, Any]:
        return {
            "kind": kind,
            "count": tally.count,
            "amounts": dict(tally.amounts),
            "oldest_seconds": 0.0 if tally.since is None else max(0, self.at - tally.since) / 1000,
            "ids": tally.ids,
        }
