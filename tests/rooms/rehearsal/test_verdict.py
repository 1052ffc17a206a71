"""The verdict: an honest run passes, and each way to spoil it is found by the criterion that it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.rooms.rehearsal.honest import CAP, CLEAN, played
from ticketing.rehearsal import checks
from ticketing.rehearsal.client import Answer
from ticketing.rehearsal.conduct import Played
from ticketing.rehearsal.plan import Mix
from ticketing.rehearsal.record import History
from ticketing.rehearsal.verdict import Targets, judge, last_look_at

TARGETS = Targets(cap=CAP)


def missed(run: Played, fsck: dict[str, Any] | None = CLEAN) -> set[str]:
    verdict = judge(run, TARGETS, fsck)
    found = {criterion.name for criterion in verdict.criteria if criterion.passed is False}
    assert verdict.passed == (not found)
    return found


def test_an_honest_run_passes() -> None:
    assert missed(played()) == set()


def sell_twice(history: History) -> None:
    history.looks.append((2, "ord_3", "ticketed", ["A-2"], ["tkt_3"], 6.0))
    history.orders.append((2, "key-2", "ord_3", 5.0, 5.1))


def sell_while_paid(history: History) -> None:
    history.looks += [(2, "ord_3", "paid", ["A-1"], [], 6.0), (2, "ord_3", "ticketed", ["A-1"], ["tkt_9"], 7.0)]
    history.orders.append((2, "key-2", "ord_3", 5.0, 5.1))


def one_ticket_in_two_orders(history: History) -> None:
    history.looks.append((2, "ord_3", "ticketed", ["A-9"], ["tkt_1"], 6.0))
    history.orders.append((2, "key-2", "ord_3", 5.0, 5.1))


def ticket_for_another_seat(history: History) -> None:
    history.tickets.append((0, "tkt_2", "B-7", "ord_1"))


@pytest.mark.parametrize("spoil", [sell_twice, sell_while_paid, one_ticket_in_two_orders, ticket_for_another_seat])
def test_double_sales_are_found(spoil: Callable[[History], None]) -> None:
    run = played()
    spoil(run.record.history)
    assert missed(run) == {"double sales"}


def never_seen(history: History) -> None:
    history.orders.append((2, "key-2", "ord_3", 5.0, 5.1))


def stuck(history: History) -> None:
    never_seen(history)
    history.looks.append((2, "ord_3", "reserved", ["A-8"], [], 6.0))


def back_from_the_end(history: History) -> None:
    history.looks.append((1, "ord_2", "reserved", ["A-3"], [], 9.0))
    history.looks.append((1, "ord_2", "declined", ["A-3"], [], 9.5))


def two_orders_for_a_key(history: History) -> None:
    history.orders.append((0, "key-0", "ord_9", 4.0, 4.3))
    history.looks.append((0, "ord_9", "refused", [], [], 9.0))


def a_ticket_short(history: History) -> None:
    history.looks[1] = (0, "ord_1", "ticketed", ["A-1", "A-2"], ["tkt_1"], 5.0)


def no_seat_and_no_ticket(history: History) -> None:
    history.looks[1] = (0, "ord_1", "ticketed", [], [], 5.0)
    history.tickets.clear()


def nobody_ordered(history: History) -> None:
    history.orders.clear()


@pytest.mark.parametrize(
    "spoil",
    [
        never_seen,
        stuck,
        back_from_the_end,
        two_orders_for_a_key,
        a_ticket_short,
        no_seat_and_no_ticket,
        nobody_ordered,
    ],
)
def test_lost_orders_are_found(spoil: Callable[[History], None]) -> None:
    run = played()
    spoil(run.record.history)
    assert missed(run) == {"lost orders"}


def overtake(history: History) -> None:
    # Place 3 stands at the door from 0.3 on, is told "full" again, and meanwhile place 7 goes in.
    history.claims += [(3, 2.0, 2.1, "full"), (7, 1.0, 1.1, "in")]


def enter_twice(history: History) -> None:
    history.claims.append((1, 7.0, 7.1, "in"))


def nobody_came_in(history: History) -> None:
    history.claims.clear()


@pytest.mark.parametrize("spoil", [overtake, enter_twice, nobody_came_in])
def test_overtaking_is_found(spoil: Callable[[History], None]) -> None:
    run = played()
    spoil(run.record.history)
    assert missed(run) == {"inversions"}


def test_one_too_many_inside_is_found() -> None:
    run = played()
    run.record.history.visits.append((2.0, 3.0))
    assert missed(run) == {"cap"}


def test_who_follows_at_once_is_not_one_too_many() -> None:
    run = played()
    run.record.history.visits.append((4.5, 5.0))
    assert missed(run) == set()


@pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        ("invented pass", 201, "?"),
        ("invented pass", 500, "internal"),
        ("invented pass", 302, "?"),
        # Refused, but not by the guard that the try is about: it got past it.
        ("no pass", 422, "unknown_seats"),
        ("no pass", 409, "seats_taken"),
        ("stolen pass", 404, "not_found"),
        ("no session", 403, "pass_required"),
        ("before the sale", 409, "seats_taken"),
    ],
)
def test_a_bot_that_is_not_refused_for_what_it_lacks_is_found(what: str, status: int, code: str) -> None:
    run = played()
    run.record.history.bots.append((what, status, code))
    assert missed(run) == {"bots"}


@pytest.mark.parametrize(
    "tries",
    [
        [],
        [("no pass", 503, "rebuilding"), ("stolen pass", 429, "rate_limited")],
        # In a sale with a line, the pass is what it is about.
        [("no session", 401, "unauthenticated")],
    ],
)
def test_bots_that_never_tried_or_were_put_off_prove_nothing(tries: list[tuple[str, int, str]]) -> None:
    run = played()
    run.record.history.bots[:] = tries
    assert missed(run) == {"bots"}


def test_a_bot_that_is_put_off_now_and_then_spoils_nothing() -> None:
    run = played()
    run.record.history.bots.append(("no pass", 503, "rebuilding"))
    assert missed(run) == set()


@pytest.mark.parametrize("few", [{"fans": 1}, {"mix": Mix(bot=0.0)}])
def test_where_no_bot_comes_none_is_judged(few: dict[str, Any]) -> None:
    run = played(**few)
    run.record.history.bots.clear()
    (bots,) = [criterion for criterion in judge(run, TARGETS, CLEAN).criteria if criterion.name == "bots"]
    assert bots.passed is None


def test_an_answer_that_makes_no_sense_is_found() -> None:
    run = played()
    run.record.surprised("claim", "after 200: KeyError('pass')")
    assert missed(run) == {"unexpected answers"}


def test_two_slow_holds_in_a_hundred_are_found() -> None:
    run = played()
    for n in range(20):
        run.record.answered("hold, chosen", Answer(201, b"", 111.0 + n, 111.0, 111.3 + n), "")
    assert missed(run) == {"p99 ms: hold, chosen"}


@pytest.mark.parametrize(("status", "why"), [(503, ""), (429, ""), (0, "connection lost")])
def test_two_failures_in_a_thousand_are_found(status: int, why: str) -> None:
    run = played()
    for _ in range(2):
        run.record.answered("hold, chosen", Answer(status, b"", 111.0, 111.0, 111.01), why)
    assert missed(run) == {"availability"}


def answered(run: Played, count: int, step: str, status: int, code: str) -> None:
    for _ in range(count):
        run.record.answered(step, Answer(status, b'{"code":"%s"}' % code.encode(), 111.0, 111.0, 111.01), "")


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("hold, chosen", "seats_taken"),
        ("hold, best", "no_seats_left"),
        ("claim", "line_full"),
        ("join", "sold_out"),
        ("renew", "place_used"),
        ("order", "hold_expired"),
    ],
)
def test_being_told_no_is_no_failure(step: str, code: str) -> None:
    run = played()
    answered(run, 200, step, 409, code)
    assert missed(run) == set()


@pytest.mark.parametrize(
    ("step", "status", "code"),
    [
        ("order", 401, "unauthenticated"),
        ("hold, chosen", 403, "pass_expired"),
        ("order page", 404, "not_found"),
        ("claim", 409, "not_in_line"),
        ("hold, best", 409, "?"),
        ("order", 409, "seats_taken"),
    ],
)
def test_to_be_refused_what_is_ones_own_is_a_failure(step: str, status: int, code: str) -> None:
    """As when a store has lost what it knew: 1 in 20 is refused, quickly and politely."""
    run = played()
    answered(run, 50, step, status, code)
    assert missed(run) == {"availability"}
    (available,) = [criterion for criterion in judge(run, TARGETS, CLEAN).criteria if criterion.name == "availability"]
    assert available.details == [f"{step}: {status} {code}, 50 times"]


def test_what_bots_are_told_is_no_question_of_availability() -> None:
    run = played()
    answered(run, 50, "bot", 401, "unauthenticated")
    answered(run, 50, "bot", 503, "unavailable")
    assert missed(run) == set()


@pytest.mark.parametrize(
    "seats", [[(0.5, 3, 0, 0), (61.0, 0, 0, 3)], [(0.5, 3, 0, 0)], [(-3.0, 0, 0, 3), (5.0, 0, 0, 3)]]
)
def test_selling_out_too_late_is_found(seats: list[tuple[float, int, int, int]]) -> None:
    run = played()
    run.record.seats[:] = seats
    assert missed(run) == {"sold out"}


def test_a_generator_that_saturates_is_found() -> None:
    run = played()
    run.load = [[(float(n), 0.95) for n in range(20)]]
    assert missed(run) == {"generator CPU"}
    run.load = [[(float(n), 0.95) for n in range(3)]]
    assert missed(run) == {"generator CPU"}
    run = played()
    for _ in range(10):
        run.late.add(0.1)
    assert missed(run) == {"generator lateness"}


@pytest.mark.parametrize(("target", "kept"), [("127.0.0.1", 3), ("10.0.0.1", 5), ("127.0.0.1", 0)])
def test_generators_that_eat_the_machine_together_are_found(target: str, kept: int) -> None:
    """Each is at rest; of two cores, those that share them with the site may use half."""
    run = played(target=(target, 1))
    run.load = [[(n + 0.1 * k, 0.3) for n in range(20)] for k in range(kept)]
    assert missed(run) == set()
    run.load = [[(n + 0.1 * k, 0.3) for n in range(20)] for k in range(6)]
    assert missed(run) == {"generators together"}


def test_a_generator_whose_samples_are_far_apart_counts_all_the_while() -> None:
    run = played()
    run.load = [[(1.5 * n, 0.6) for n in range(20)], [(float(n), 0.5) for n in range(30)]]
    assert run.busiest_together == pytest.approx(1.1)


def test_the_last_ticket_and_the_end_of_the_last_order_are_told() -> None:
    run = played()
    # Fan 2 shuts the tab, and looks when it pleases them.
    assert run.plan.mix.habit(2) == "closer"
    run.record.history.looks.append((2, "ord_3", "ticketed", ["A-9"], ["tkt_3"], 40.0))
    assert (last_look_at(run, {"ticketed"}), last_look_at(run, checks.FINAL)) == (5.0, 5.5)
    (sold_out,) = [criterion for criterion in judge(run, TARGETS, CLEAN).criteria if criterion.name == "sold out"]
    assert "last ticket seen after 5.0 s; last final state of an order seen after 5.5 s" in sold_out.says


def test_what_each_process_used_is_told() -> None:
    run = played()
    run.meter.samples["API 1"] = [(float(n), 0.5, 100 * 2**20) for n in range(20)]
    assert judge(run, TARGETS, CLEAN).notes == ["API 1: 10.0 s of CPU, 0.50 cores in its busiest 10 s, 100 MiB"]


def test_fans_who_were_cut_off_and_bad_books_are_found() -> None:
    run = played()
    run.unfinished = 1
    assert missed(run) == {"unfinished"}
    assert missed(played(), CLEAN | {"exit_code": 1, "breaches": [{"code": "seat_twice", "detail": "A-1"}]}) == {"fsck"}
    assert missed(played(), CLEAN | {"exit_code": 2}) == {"fsck"}


def test_what_is_not_meant_is_not_judged() -> None:
    run = played(line=False)
    run.record.history.claims.clear()
    verdict = judge(run, Targets(sold_out=None), None)
    assert verdict.passed
    assert {c.name for c in verdict.criteria if c.passed is None} == {"inversions", "cap", "sold out"}
