"""The checker finds what is planted, names it, and finds nothing in an honest sale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.drills.books import Database
from tests.drills.checker import Breach, Evidence, Verdict, check
from tests.drills.history import Exchange, History

ALICE, BOB, CHARLIE = "acc_alice", "acc_bob", "acc_charlie"
A, B, C = "ord_aaaa", "ord_bbbb", "ord_cccc"


def told(account: str, method: str, path: str, status: int | None, answer: Any = None, **more: Any) -> Exchange:
    media_type = "application/problem+json" if status and status >= 400 else "application/json"
    return Exchange(0.0, account, method, path, more.get("request"), more.get("key", ""), status, answer, media_type)


def bought(account: str, order_id: str, seats: list[str], *ends: str) -> list[Exchange]:
    """Hold, order, and look until the end."""
    token = f"token of {order_id}"
    hold = {"token": token, "seats": seats, "amount": 100 * len(seats)}
    return [
        told(account, "POST", "/api/events/evt/holds", 201, hold),
        told(account, "POST", "/api/orders", 503, {"code": "unavailable"}, key=f"key of {order_id}"),
        told(
            account, "POST", "/api/orders", 202, {"order_id": order_id}, key=f"key of {order_id}",
            request={"hold_token": token},
        ),
        *(
            told(account, "GET", f"/api/orders/{order_id}", 200, {"order_id": order_id, "status": end})
            for end in ("placed", *ends)
        ),
    ]  # fmt: skip


def honest() -> Evidence:
    """Alice has two seats, Bob's card was declined, Charlie has cancelled; 10 of his 100 were kept as a fee."""
    history = History(
        bought(ALICE, A, ["S-1", "S-2"], "ticketed")
        + bought(BOB, B, ["S-3"], "declined")
        + bought(CHARLIE, C, ["S-4"], "ticketed")
        + [told(CHARLIE, "POST", f"/api/orders/{C}/cancel", 202, {"order_id": C, "status": "cancelled"})]
        + [told(CHARLIE, "GET", f"/api/orders/{C}", 200, {"order_id": C, "status": "refunded"})]
    )
    orders = [(A, ALICE, "ticketed", 200), (B, BOB, "declined", 100), (C, CHARLIE, "refunded", 100)]
    seats = [(A, "S-1", 1), (A, "S-2", 1), (B, "S-3", None), (C, "S-4", None)]
    tickets = [(A, "S-1", 1), (A, "S-2", 1), (C, "S-4", None)]
    ledger = [(A, "captured", 200), (B, "declined", 0), (C, "captured", 100), (C, "refunded", 90), (C, "fee_kept", 10)]
    database = Database(
        orders=[{"id": o, "account_id": who, "state": state, "amount": n} for o, who, state, n in orders],
        seats=[{"order_id": o, "seat_id": seat, "amount": 100, "live": live} for o, seat, live in seats],
        people=[{"account_id": ALICE, "seats": 2}, {"account_id": BOB, "seats": 0}],
        tickets=[
            {"id": f"tkt_{seat}", "order_id": o, "seat_id": seat, "live": live, "status": "valid" if live else "void"}
            for o, seat, live in tickets
        ],
        ledger=[{"order_id": o, "kind": kind, "amount": n} for o, kind, n in ledger],
    )
    return Evidence(history, database, [line("capture", A, 200), line("capture", C, 100), line("refund", C, 90)], cap=4)


def line(kind: str, order_id: str, amount: int) -> dict[str, Any]:
    return {"kind": kind, "order_id": order_id, "amount": amount}


def test_an_honest_sale_is_clean() -> None:
    verdict = check(honest())
    assert verdict.clean, verdict
    assert verdict.facts == {"accepted": 3, "ticketed": 1, "declined": 1, "refunded": 1, "captures": 2, "refunds": 1}
    assert str(verdict).startswith("clean: accepted 3")


def say(*exchanges: Exchange) -> Callable[[Evidence], Any]:
    return lambda e: e.history.exchanges.extend(exchanges)


def unsay(e: Evidence, method: str, order_id: str) -> None:
    """Take some answers about an order out of the history."""
    e.history.exchanges[:] = [
        x for x in e.history.exchanges if (x.method, x.path) != (method, f"/api/orders/{order_id}")
    ]


def put(table: str, where: int, **values: Any) -> Callable[[Evidence], Any]:
    return lambda e: getattr(e.database, table)[where].update(values)


def add(table: str, **row: Any) -> Callable[[Evidence], Any]:
    return lambda e: getattr(e.database, table).append(row)


def book(kind: str, order_id: str, amount: int) -> Callable[[Evidence], Any]:
    return lambda e: e.statement.append(line(kind, order_id, amount))  # type: ignore[attr-defined]


def forget(table: str, order_id: str) -> Callable[[Evidence], Any]:
    """Take an order's rows out of a table."""

    def work(e: Evidence) -> None:
        rows = getattr(e.database, table)
        rows[:] = [row for row in rows if row.get("order_id", row.get("id")) != order_id]

    return work


PLANTED: dict[str, tuple[Callable[[Evidence], Any], str, str]] = {
    "an accepted order is in no book": (forget("orders", A), "vanished", A),
    "an accepted order is stuck": (put("orders", 0, state="paid"), "not-final", A),
    "an order that nobody was told of": (add("orders", id="ord_x", account_id=BOB, state="ticketed", amount=0),
                                         "unasked", "ord_x"),
    "the buyer is shown another state": (put("orders", 1, state="expired"), "not-shown", B),
    "the buyer never got to see it": (lambda e: unsay(e, "GET", A), "not-shown", A),
    "a final state changed": (
        say(told(BOB, "GET", f"/api/orders/{B}", 200, {"order_id": B, "status": "ticketed"}),
            told(BOB, "GET", f"/api/orders/{B}", 200, {"order_id": B, "status": "declined"})),
        "changed-its-mind", B),
    "a ticket was cancelled that nobody cancelled": (
        say(told(ALICE, "GET", f"/api/orders/{A}", 200, {"order_id": A, "status": "cancelled"})),
        "changed-its-mind", A),
    "one key made two orders": (
        say(told(ALICE, "POST", "/api/orders", 202, {"order_id": B}, key=f"key of {A}")), "key-made-two", ALICE),
    "two keys made one order": (
        say(told(ALICE, "POST", "/api/orders", 202, {"order_id": A}, key="another")), "keys-made-one", A),
    "other seats than those held": (put("seats", 1, seat_id="S-7"), "not-as-held", A),
    "another price than that shown": (put("orders", 0, amount=220), "not-as-held", A),
    "somebody else has the order": (put("orders", 0, account_id=CHARLIE), "not-as-held", A),
    "captured twice": (book("capture", A, 200), "charged-twice", A),
    "captured again under another id": (book("capture", f"{A}-1", 200), "charged-twice", f"{A}-1"),
    "captured for nothing known": (book("capture", "ord_zzzz", 50), "stray-money", "ord_zzzz"),
    "captured without a ticket": (book("capture", B, 100), "money", B),
    "tickets without money": (lambda e: e.statement.pop(0), "money", A),  # type: ignore[attr-defined]
    "refunded too much": (book("refund", C, 10), "money", C),
    "a capture that the ledger does not know": (forget("ledger", A), "ledger", A),
    "a seat with two owners": (add("seats", order_id=B, seat_id="S-1", amount=100, live=1), "two-owners", "S-1"),
    "a seat with two live tickets": (add("tickets", id="tkt_x", order_id=A, seat_id="S-1", live=1), "two-tickets",
                                     "S-1"),
    "a declined order keeps its seat": (put("seats", 2, live=1), "grey-seat", "S-3"),
    "a seat without its ticket": (lambda e: e.database.tickets.pop(1), "tickets", A),
    "a cancelled order admits": (put("tickets", 2, live=1), "tickets", C),
    "a count that is not the seats": (put("people", 0, seats=3), "miscounted", ALICE),
    "a person over the cap": (lambda e: [add("seats", order_id=A, seat_id=f"T-{n}", amount=0, live=1)(e)
                                         for n in range(3)], "over-cap", ALICE),
    "a stack trace": (say(told(BOB, "GET", "/api/orders", 500, {"code": "internal"})), "server-error",
                      "GET /api/orders"),
    "a refusal without a reason": (say(told(BOB, "GET", "/api/orders", 503)), "server-error", "GET /api/orders"),
    "a connection cut": (say(told(BOB, "GET", "/api/orders", None)), "no-answer", "GET /api/orders"),
    "work left over": (add("outbox", topic="capture", attempts=3, dead=0), "left-over", "outbox capture"),
    "work given up": (add("outbox", topic="refund", attempts=12, dead=1), "left-over", "outbox refund"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(name: str) -> None:
    plant, rule, subject = PLANTED[name]
    evidence = honest()
    plant(evidence)
    verdict = check(evidence)
    assert (rule, subject) in {(breach.rule, breach.subject) for breach in verdict.breaches}, verdict


def test_dead_letters_are_found_and_hang_ups_may_be_expected() -> None:
    assert check(replace(honest(), dead_letters=2)).rules() == {"left-over"}
    cut = honest()
    say(told(BOB, "GET", "/api/orders", None))(cut)
    assert check(cut).rules() == {"no-answer"}
    assert check(replace(cut, may_hang_up=True)).clean


def test_a_verdict_reads_as_a_list() -> None:
    verdict = Verdict([Breach("money", A, "the provider keeps 3 of it")] * 45)
    lines = str(verdict).splitlines()
    assert lines[0].startswith("45 breaches")
    assert lines[1] == f"[money] {A}: the provider keeps 3 of it"
    assert lines[-1] == "… and 5 more"
