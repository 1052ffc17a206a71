"""The ledger of one order's money, and the state that is read off it.

The ledger is append-only and its entries come from several writers that know nothing of each other: the worker, a
callback, the reconciler, staff. The same fact may be written twice, and facts may arrive in any order. `derive` is
therefore a function of the *set* of facts: replays change nothing, and neither does the order of arrival. There is no
stored payment status that could disagree with the money.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class EntryKind(StrEnum):
    """What a ledger entry records. Everything is a fact that has happened, or a promise to act."""

    CAPTURE_REQUESTED = "capture_requested"
    CAPTURED = "captured"
    DECLINED = "declined"
    VOIDED = "voided"
    OUTCOME_UNKNOWN = "outcome_unknown"
    REFUND_REQUESTED = "refund_requested"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    FEE_KEPT = "fee_kept"


class PaymentStatus(StrEnum):
    """The payment as the buyer and the reconciler see it."""

    NONE = "none"
    PENDING = "pending"
    CAPTURED = "captured"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    REFUND_DUE = "refund_due"
    REFUNDED = "refunded"


class LedgerError(ValueError):
    """The entries cannot be one order's ledger: two orders, two currencies, a negative amount."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One fact about one order's money.

    `amount` is in minor units of `currency` (ISO 4217), never negative; the kind says which way the money went.
    `reference` makes the fact one and the same fact when it is written again: the provider's capture reference for
    `captured`, our refund id for the three refund kinds and for the fee kept with it, an attempt's name or "" else.
    `detail` is for people: a decline code, the provider's refund reference. `at_ms` is when it was written, and is
    never used to order the facts.
    """

    order_id: str
    kind: EntryKind
    amount: int
    currency: str
    reference: str
    at_ms: int
    detail: str = ""

    def __post_init__(self) -> None:
        """Raise `LedgerError` for an entry that no ledger may hold."""
        if self.amount < 0:
            raise LedgerError(f"order {self.order_id}: negative amount {self.amount} in a {self.kind} entry")
        if len(self.currency) != 3 or not self.currency.isupper():
            raise LedgerError(f"order {self.order_id}: {self.currency!r} is not an ISO 4217 currency")

    @property
    def key(self) -> tuple[str, str]:
        """What makes this fact unique within its order; a store should refuse the second copy."""
        return (self.kind.value, self.reference)


@dataclass(frozen=True, slots=True)
class OpenRefund:
    """A refund that was promised and is not yet known to be paid out. `failed`: the last word was a refusal."""

    refund_id: str
    amount: int
    failed: bool


@dataclass(frozen=True, slots=True)
class PaymentState:
    """What a ledger adds up to. All totals are minor units of `currency` ("" for an empty ledger).

    `problems` names every contradiction found (a capture after a void, two captures, one fact with two amounts,
    more given back than taken). An honest ledger has none; the books check reports them.
    """

    status: PaymentStatus
    currency: str = ""
    requested: int = 0
    captured: int = 0
    refunded: int = 0
    refund_due: int = 0
    fees: int = 0
    capture_reference: str | None = None
    decline_code: str | None = None
    open_refunds: tuple[OpenRefund, ...] = ()
    problems: tuple[str, ...] = ()
    foreign: bool = False
    """Money moved in another currency than the order's: what, `problems` say. Only people can put that right."""

    @property
    def kept(self) -> int:
        """Money that must be covered by tickets that admit someone: taken, not given back, owed or kept as a fee."""
        return self.captured - self.refunded - self.refund_due - self.fees

    @property
    def settled(self) -> bool:
        """No provider needs to be asked anything further."""
        return self.status not in _UNSETTLED


_UNSETTLED = frozenset({PaymentStatus.PENDING, PaymentStatus.UNKNOWN, PaymentStatus.REFUND_DUE})

# When one fact was written with two amounts, read it so that money is never understated as taken or owed, nor
# overstated as given back: the buyer is not the one who pays for our contradiction.
_READ_LOW = frozenset({EntryKind.REFUNDED, EntryKind.FEE_KEPT})


def derive(entries: Iterable[LedgerEntry]) -> PaymentState:
    """Read the payment state off one order's ledger, whatever the order and number of copies of its entries.

    Money that was taken outranks everything else that was said (a capture beside a decline is a capture). A refund
    stays due until it is known to be paid, however often it was refused. `voided` alone means that no money moved and
    none can, hence status `none`. Entries in another currency than the order's are a problem for staff; they are added
    to nothing, and take nobody's view of the others away. Raises `LedgerError` when the entries belong to two orders.
    """
    every = list(entries)
    if not every:
        return PaymentState(PaymentStatus.NONE)
    _check_one_ledger(every)
    every, foreign = _in_one_currency(every)
    facts, problems = _facts(every)
    problems += foreign
    captures = facts[EntryKind.CAPTURED]
    paid_back = facts[EntryKind.REFUNDED]
    captured, refunded = sum(captures.values()), sum(paid_back.values())
    fees = sum(facts[EntryKind.FEE_KEPT].values())
    open_refunds = tuple(
        OpenRefund(refund_id, amount - paid_back.get(refund_id, 0), refund_id in facts[EntryKind.REFUND_FAILED])
        for refund_id, amount in sorted(facts[EntryKind.REFUND_REQUESTED].items())
        if amount > paid_back.get(refund_id, 0)
    )
    promised = sum(refund.amount for refund in open_refunds)
    # Never owe more than is still there: a promise beyond it is a contradiction for staff, not money.
    refund_due = min(promised, max(0, captured - refunded))
    problems += _contradictions(facts, captured=captured, given=refunded + promised + fees)
    return PaymentState(
        status=_status(facts, captured, refunded, refund_due, fees),
        currency=every[0].currency,
        requested=max(facts[EntryKind.CAPTURE_REQUESTED].values(), default=0),
        captured=captured,
        refunded=refunded,
        refund_due=refund_due,
        fees=fees,
        capture_reference=min(captures, default=None),
        decline_code=min((e.detail for e in every if e.kind is EntryKind.DECLINED), default=None),
        open_refunds=open_refunds,
        problems=tuple(sorted(problems)),
        foreign=bool(foreign),
    )


_Facts = dict[EntryKind, dict[str, int]]


def _check_one_ledger(entries: list[LedgerEntry]) -> None:
    orders = sorted({entry.order_id for entry in entries})
    if len(orders) > 1:
        raise LedgerError(f"entries of several orders in one ledger: {', '.join(orders)}")


def _in_one_currency(entries: list[LedgerEntry]) -> tuple[list[LedgerEntry], list[str]]:
    """Entries in the currency in which money was asked for, and a line for each other one."""
    asked = sorted(e.currency for e in entries if e.kind is EntryKind.CAPTURE_REQUESTED)
    currency = asked[0] if asked else min(entry.currency for entry in entries)
    foreign = {
        f"{e.kind.value} {e.reference or '(no reference)'}: {e.amount} {e.currency}, and the order is in {currency}"
        for e in entries
        if e.currency != currency
    }
    return [entry for entry in entries if entry.currency == currency], sorted(foreign)


def _facts(entries: list[LedgerEntry]) -> tuple[_Facts, list[str]]:
    """Collapse copies of one fact: kind → reference → amount, and a line for each fact told in two ways."""
    told: dict[EntryKind, dict[str, set[int]]] = {kind: {} for kind in EntryKind}
    for entry in entries:
        told[entry.kind].setdefault(entry.reference, set()).add(entry.amount)
    facts: _Facts = {
        kind: {reference: (min if kind in _READ_LOW else max)(amounts) for reference, amounts in by_reference.items()}
        for kind, by_reference in told.items()
    }
    problems = [
        f"{kind.value} {reference or '(no reference)'} was written with different amounts: {sorted(amounts)}"
        for kind, by_reference in told.items()
        for reference, amounts in by_reference.items()
        if len(amounts) > 1
    ]
    return facts, problems


def _contradictions(facts: _Facts, *, captured: int, given: int) -> list[str]:
    found: list[str] = []
    if len(facts[EntryKind.CAPTURED]) > 1:
        found.append(f"captured more than once: {', '.join(sorted(facts[EntryKind.CAPTURED]))}")
    if facts[EntryKind.CAPTURED] and facts[EntryKind.VOIDED]:
        found.append("captured although voided")
    if facts[EntryKind.CAPTURED] and facts[EntryKind.DECLINED]:
        found.append("captured although declined")
    if given > captured:
        found.append(f"given back, owed and kept as fees {given} of {captured} taken")
    return found


def _status(facts: _Facts, captured: int, refunded: int, refund_due: int, fees: int) -> PaymentStatus:
    if facts[EntryKind.CAPTURED]:
        if refund_due:
            return PaymentStatus.REFUND_DUE
        if facts[EntryKind.REFUNDED] and refunded + fees >= captured:
            return PaymentStatus.REFUNDED
        return PaymentStatus.CAPTURED
    if facts[EntryKind.DECLINED]:
        return PaymentStatus.DECLINED
    if facts[EntryKind.VOIDED]:
        return PaymentStatus.NONE
    if facts[EntryKind.OUTCOME_UNKNOWN]:
        return PaymentStatus.UNKNOWN
    return PaymentStatus.PENDING if facts[EntryKind.CAPTURE_REQUESTED] else PaymentStatus.NONE
