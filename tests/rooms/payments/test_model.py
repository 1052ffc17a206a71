"""The ledger: what its entries add up to, in any order of arrival and however often each was written."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.payments.model import EntryKind, LedgerEntry, LedgerError, OpenRefund, PaymentStatus, derive

K = EntryKind


def entry(kind: EntryKind, amount: int = 0, reference: str = "", detail: str = "") -> LedgerEntry:
    return LedgerEntry("ord_a", kind, amount, "KRW", reference, 1_000, detail)


ASKED = entry(K.CAPTURE_REQUESTED, 100)
TAKEN = entry(K.CAPTURED, 100, "cap_1")


@pytest.mark.parametrize(
    ("entries", "status"),
    [
        ([], PaymentStatus.NONE),
        ([ASKED], PaymentStatus.PENDING),
        ([ASKED, entry(K.OUTCOME_UNKNOWN)], PaymentStatus.UNKNOWN),
        ([ASKED, entry(K.OUTCOME_UNKNOWN), TAKEN], PaymentStatus.CAPTURED),
        ([TAKEN], PaymentStatus.CAPTURED),
        ([ASKED, entry(K.DECLINED, detail="card_declined")], PaymentStatus.DECLINED),
        ([ASKED, entry(K.OUTCOME_UNKNOWN), entry(K.VOIDED)], PaymentStatus.NONE),
        ([ASKED, TAKEN, entry(K.REFUND_REQUESTED, 100, "r1")], PaymentStatus.REFUND_DUE),
        ([TAKEN, entry(K.REFUND_REQUESTED, 100, "r1"), entry(K.REFUND_FAILED, 100, "r1")], PaymentStatus.REFUND_DUE),
        ([TAKEN, entry(K.REFUND_REQUESTED, 100, "r1"), entry(K.REFUNDED, 100, "r1")], PaymentStatus.REFUNDED),
        ([TAKEN, entry(K.REFUNDED, 40, "r1")], PaymentStatus.CAPTURED),
        ([TAKEN, entry(K.REFUNDED, 70, "r1"), entry(K.FEE_KEPT, 30, "r1")], PaymentStatus.REFUNDED),
        ([TAKEN, entry(K.FEE_KEPT, 100, "r1")], PaymentStatus.CAPTURED),
    ],
)
def test_status(entries: list[LedgerEntry], status: PaymentStatus) -> None:
    assert derive(entries).status is status


def test_a_failed_refund_stays_due_until_it_is_paid() -> None:
    ledger = [TAKEN, entry(K.REFUND_REQUESTED, 80, "r1"), entry(K.FEE_KEPT, 20, "r1"), entry(K.REFUND_FAILED, 80, "r1")]
    state = derive(ledger)
    assert (state.refund_due, state.refunded, state.fees, state.kept) == (80, 0, 20, 0)
    assert state.open_refunds == (OpenRefund("r1", 80, failed=True),)
    assert not state.settled

    paid = derive([*ledger, entry(K.REFUNDED, 80, "r1", detail="rfd_9")])
    assert (paid.refund_due, paid.refunded, paid.status) == (0, 80, PaymentStatus.REFUNDED)
    assert paid.open_refunds == ()
    assert paid.settled


def test_money_taken_outranks_what_else_was_said_and_the_contradiction_is_named() -> None:
    late = derive([ASKED, entry(K.VOIDED), entry(K.DECLINED, detail="card_declined"), TAKEN])
    assert late.status is PaymentStatus.CAPTURED
    assert late.problems == ("captured although declined", "captured although voided")


def test_two_captures_of_one_order_are_both_counted_and_named() -> None:
    state = derive([TAKEN, entry(K.CAPTURED, 100, "cap_2")])
    assert state.captured == 200
    assert state.problems == ("captured more than once: cap_1, cap_2",)


def test_giving_back_more_than_was_taken_is_named_and_never_owed() -> None:
    state = derive([TAKEN, entry(K.REFUNDED, 60, "r1"), entry(K.REFUND_REQUESTED, 60, "r2")])
    assert state.refund_due == 40
    assert state.problems == ("given back, owed and kept as fees 120 of 100 taken",)


def test_one_fact_with_two_amounts_is_named_and_read_in_the_buyers_favour() -> None:
    state = derive([TAKEN, replace(TAKEN, amount=90), entry(K.REFUNDED, 50, "r1"), entry(K.REFUNDED, 40, "r1")])
    assert (state.captured, state.refunded) == (100, 40)
    assert len(state.problems) == 2


def test_money_in_another_currency_is_named_and_changes_nothing_else() -> None:
    """It would take the buyer's whole list of orders away, were it an error."""
    asked = entry(K.CAPTURE_REQUESTED, 100)
    odd = replace(TAKEN, currency="USD", reference="cap_odd")
    plain, spoilt = derive([asked, TAKEN]), derive([odd, TAKEN, asked])
    assert spoilt == replace(plain, problems=spoilt.problems, foreign=True)
    assert spoilt.problems == (f"captured cap_odd: {TAKEN.amount} USD, and the order is in KRW",)


def test_entries_that_cannot_be_one_ledger_are_refused() -> None:
    with pytest.raises(LedgerError, match="several orders"):
        derive([TAKEN, replace(TAKEN, order_id="ord_b")])
    with pytest.raises(LedgerError, match="negative"):
        entry(K.CAPTURED, -1)
    with pytest.raises(LedgerError, match="ISO 4217"):
        replace(TAKEN, currency="krw")


@dataclass
class Story:
    """An honest life of one order's money, told twice: as entries, and as plain sums kept on the side."""

    entries: list[LedgerEntry] = field(default_factory=list)
    captured: int = 0
    refunded: int = 0
    due: int = 0
    fees: int = 0
    status: PaymentStatus = PaymentStatus.NONE


@st.composite
def stories(draw: st.DrawFn) -> Story:
    story = Story()
    amount = draw(st.integers(1, 10**9))
    if not draw(st.booleans()):
        return story
    story.entries.append(entry(K.CAPTURE_REQUESTED, amount))
    story.status = PaymentStatus.PENDING
    if draw(st.booleans()):
        story.entries.append(entry(K.OUTCOME_UNKNOWN))
        story.status = PaymentStatus.UNKNOWN
    end = draw(st.sampled_from(["open", "captured", "captured", "declined", "voided"]))
    if end == "declined":
        story.entries.append(entry(K.DECLINED, 0, "", "card_declined"))
        story.status = PaymentStatus.DECLINED
    elif end == "voided":
        story.entries.append(entry(K.VOIDED))
        story.status = PaymentStatus.NONE
    elif end == "captured":
        story.entries.append(entry(K.CAPTURED, amount, "cap_1"))
        story.captured = amount
        _refunds(draw, story, amount)
    return story


def _refunds(draw: st.DrawFn, story: Story, left: int) -> None:
    for number in range(draw(st.integers(0, 4))):
        if left == 0:
            break
        part = draw(st.integers(1, left))
        fee = draw(st.integers(0, part - 1))
        left -= part
        refund_id = f"r{number}"
        story.entries.append(entry(K.REFUND_REQUESTED, part - fee, refund_id))
        if fee:
            story.entries.append(entry(K.FEE_KEPT, fee, refund_id))
            story.fees += fee
        story.entries += [entry(K.REFUND_FAILED, part - fee, refund_id)] * draw(st.integers(0, 1))
        if draw(st.booleans()):
            story.entries.append(entry(K.REFUNDED, part - fee, refund_id))
            story.refunded += part - fee
        else:
            story.due += part - fee
    story.status = PaymentStatus.CAPTURED
    if story.due:
        story.status = PaymentStatus.REFUND_DUE
    elif story.refunded and story.refunded + story.fees == story.captured:
        story.status = PaymentStatus.REFUNDED


@given(stories(), st.randoms(use_true_random=False))
def test_replays_and_order_of_arrival_change_nothing(story: Story, rng: random.Random) -> None:
    told = list(story.entries)
    told += [replace(e, at_ms=rng.randrange(10_000)) for e in rng.choices(story.entries, k=5)] if told else []
    rng.shuffle(told)
    state = derive(told)
    assert state == derive(story.entries)
    assert state.problems == ()
    assert (state.captured, state.refunded, state.refund_due, state.fees, state.status) == (
        story.captured,
        story.refunded,
        story.due,
        story.fees,
        story.status,
    )
    assert state.captured == state.kept + state.refunded + state.refund_due + state.fees
    assert state.kept >= 0


any_entries = st.lists(
    st.builds(
        LedgerEntry,
        order_id=st.just("ord_a"),
        kind=st.sampled_from(EntryKind),
        amount=st.integers(0, 50),
        currency=st.just("KRW"),
        reference=st.sampled_from(["", "a", "b"]),
        at_ms=st.integers(0, 9),
        detail=st.sampled_from(["", "x", "y"]),
    ),
    max_size=12,
)


@given(any_entries, st.randoms(use_true_random=False))
def test_even_nonsense_has_one_reading(entries: list[LedgerEntry], rng: random.Random) -> None:
    told = entries + rng.choices(entries, k=3) if entries else []
    rng.shuffle(told)
    state = derive(told)
    assert state == derive(entries)
    assert 0 <= state.refund_due <= max(0, state.captured - state.refunded)
    assert state.problems or state.kept >= 0


@given(any_entries)
def test_hearing_of_a_capture_always_counts_it(entries: list[LedgerEntry]) -> None:
    before = derive(entries)
    after = derive([*entries, entry(K.CAPTURED, 7, "cap_new")])
    assert after.captured == before.captured + 7
    assert after.status in {PaymentStatus.CAPTURED, PaymentStatus.REFUND_DUE, PaymentStatus.REFUNDED}
