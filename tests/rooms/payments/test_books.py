"""The sandbox provider's books: each order once, each refund once, never more back than was taken."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketing.payments.sandbox.behaviour import behaviour_of
from ticketing.payments.sandbox.books import AmountConflict, Books, CaptureRecord, RefundNotAllowed

OK_CARD = "tok_ok"
OK = behaviour_of(OK_CARD)


def wanted(order_id: str, amount: int = 100, *, token: str = OK_CARD) -> CaptureRecord:
    return CaptureRecord(order_id, "wanted", amount, "KRW", token, None, None, None)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = Books(tmp_path / "provider" / "books.sqlite3")
    yield opened
    opened.close()


def test_the_first_decision_is_given_back(books: Books) -> None:
    first = books.capture(wanted("ord_a"), OK, 0)
    assert first.status == "captured"
    assert books.capture(wanted("ord_a", token="tok_declined"), behaviour_of("tok_declined"), 0) == first
    with pytest.raises(AmountConflict):
        books.capture(wanted("ord_a", amount=101), OK, 0)
    assert len(books.statement(0, 10)) == 1


def test_a_voided_order_can_never_be_captured(books: Books) -> None:
    assert books.void("ord_a").status == "voided"
    assert books.capture(wanted("ord_a"), OK, 0).status == "voided"
    assert books.void("ord_a").status == "voided"
    assert books.statement(0, 10) == []


def test_a_pending_order_is_voided_or_decided_but_not_both(books: Books) -> None:
    pending = behaviour_of("tok_pending_no_callback")
    for order_id in ("ord_a", "ord_b"):
        assert books.capture(wanted(order_id, token="tok_pending_no_callback"), pending, 0).status == "pending"
    assert books.void("ord_a").status == "voided"
    assert books.settle_pending("ord_a", pending) is None
    settled = books.settle_pending("ord_b", pending)
    assert settled is not None
    assert settled.status == "captured"
    assert books.void("ord_b").status == "captured"
    assert [line.order_id for line in books.statement(0, 10)] == ["ord_b"]


def test_refunds_need_a_capture_and_never_exceed_it(books: Books) -> None:
    with pytest.raises(RefundNotAllowed, match="not_captured"):
        books.refund("ord_a", "r1", 1)
    books.capture(wanted("ord_a"), OK, 0)
    first = books.refund("ord_a", "r1", 60)
    assert books.refund("ord_a", "r1", 60) == first
    with pytest.raises(AmountConflict):
        books.refund("ord_a", "r1", 61)
    with pytest.raises(RefundNotAllowed, match="exceeds_captured"):
        books.refund("ord_a", "r2", 41)
    books.refund("ord_a", "r2", 40)
    assert [(line.kind, line.amount) for line in books.statement(0, 10)] == [
        ("capture", 100),
        ("refund", 60),
        ("refund", 40),
    ]


def test_reopened_books_remember(tmp_path: Path) -> None:
    file = tmp_path / "books.sqlite3"
    first = Books(file)
    told = first.capture(wanted("ord_a"), OK, 0)
    # Not closed: a killed process closes nothing either.
    second = Books(file)
    assert second.find("ord_a") == told
    second.close()
    first.close()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["capture", "void", "refund", "settle"]),
            st.sampled_from(["ord_a", "ord_b"]),
            st.sampled_from(["tok_ok", "tok_declined", "tok_pending_no_callback"]),
            st.sampled_from(["r1", "r2", "r3"]),
            st.integers(1, 120),
        ),
        max_size=25,
    )
)
def test_whatever_is_asked_the_books_balance(steps: list[tuple[str, str, str, str, int]]) -> None:
    books = Books(Path(":memory:"))
    promised: dict[str, str] = {}
    for verb, order_id, token, refund_id, amount in steps:
        try:
            if verb == "capture":
                books.capture(wanted(order_id, token=token), behaviour_of(token), 0)
            elif verb == "void":
                promised.setdefault(order_id, books.void(order_id).status)
            elif verb == "settle":
                books.settle_pending(order_id, behaviour_of(token))
            else:
                books.refund(order_id, refund_id, amount)
        except (AmountConflict, RefundNotAllowed):
            pass
    lines = books.statement(0, 1000)
    for order_id in ("ord_a", "ord_b"):
        captured = [line.amount for line in lines if (line.kind, line.order_id) == ("capture", order_id)]
        refunded = [line.amount for line in lines if (line.kind, line.order_id) == ("refund", order_id)]
        assert captured in ([], [100])
        assert sum(refunded) <= sum(captured)
        if promised.get(order_id) in ("voided", "declined"):
            assert captured == []
    books.close()


class UnguardedBooks(Books):
    """The same books with their guards off: no transaction around a decision, no primary key on the order."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        with super().change():
            (schema,) = self.db.execute("SELECT sql FROM sqlite_master WHERE name = 'captures'").fetchone()
            if "PRIMARY KEY" in schema:
                self.db.execute("PRAGMA foreign_keys = OFF")
                self.db.execute("DROP TABLE refunds")
                self.db.execute("DROP TABLE captures")
                self.db.execute(schema.replace(" PRIMARY KEY", ""))

    @contextmanager
    def change(self) -> Iterator[None]:
        yield

    def find(self, order_id: str) -> CaptureRecord | None:
        found = super().find(order_id)
        time.sleep(0.001)  # a wide window: the control must not depend on luck
        return found


def doubles_after_a_race(make: Callable[[Path], Books], file: Path, orders: int = 40, racers: int = 4) -> int:
    """Several connections capture the same orders at once; how many orders had their money taken more than once."""
    make(file).close()
    barrier = threading.Barrier(racers)

    def race() -> None:
        books = make(file)
        for number in range(orders):
            barrier.wait(30)
            while True:
                try:
                    books.capture(wanted(f"ord_{number}"), OK, 0)
                    break
                except sqlite3.OperationalError:  # the unguarded kind may meet a locked file
                    continue
        books.close()

    threads = [threading.Thread(target=race) for _ in range(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    books = make(file)
    taken = [line.order_id for line in books.statement(0, 10_000)]
    books.close()
    assert set(taken) == {f"ord_{number}" for number in range(orders)}
    return len(taken) - len(set(taken))


def test_captures_that_race_for_one_order_take_its_money_once(tmp_path: Path) -> None:
    assert doubles_after_a_race(Books, tmp_path / "books.sqlite3") == 0


def test_without_the_guards_the_race_takes_money_twice(tmp_path: Path) -> None:
    """Negative control."""
    assert doubles_after_a_race(UnguardedBooks, tmp_path / "books.sqlite3") > 0
