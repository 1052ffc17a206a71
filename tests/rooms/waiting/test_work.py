"""The price of a place: who paid, who only says so, and how the price moves under attack."""

from __future__ import annotations

import hashlib
import random
from itertools import count
from typing import Any

import msgspec
import pytest

from ticketing.base import ids
from ticketing.base.clock import ManualClock
from ticketing.base.tokens import Signer
from ticketing.waiting import work
from ticketing.waiting.work import BadWork, Challenge, Pressure, WorkDesk, bits_at, extra_bits, next_pressure

NOW = 1_790_000_000_000
EVENT, ACCOUNT = "evt_aaaaaaaaaaaaaaaa", "acc_aaaaaaaaaaaaaaaa"
BITS = 8


def solve(challenge: str, bits: int) -> str:
    """What the page does."""
    return next(str(c) for c in count() if work.solves(challenge, str(c), bits))


def unsolved(challenge: str, bits: int) -> str:
    """A counter that pays nothing."""
    return next(str(c) for c in count() if not work.solves(challenge, str(c), bits))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def signer() -> Signer:
    return Signer({"k1": bytes(range(32))}, "k1")


@pytest.fixture
def desk(signer: Signer, clock: ManualClock) -> WorkDesk:
    return WorkDesk(signer, clock)


def refused(desk: WorkDesk, challenge: Challenge | str, solution: str, **other: Any) -> str:
    """The reason of a refusal; the test fails when there is none."""
    given = challenge if isinstance(challenge, str) else challenge.challenge
    call = {"event_id": EVENT, "account_id": ACCOUNT, "bits_now": BITS} | other
    with pytest.raises(BadWork) as caught:
        desk.check(challenge=given, solution=solution, **call)
    return caught.value.reason


# Who paid ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [1, 3, 7, 8, 9, 12])
def test_a_solution_pays_and_pays_again_for_the_same_account(desk: WorkDesk, bits: int) -> None:
    challenge = desk.challenge(EVENT, ACCOUNT, bits)
    assert challenge.bits == bits
    solution = solve(challenge.challenge, bits)
    for _ in range(3):  # a repeated join is the same join
        desk.check(EVENT, ACCOUNT, bits, challenge.challenge, solution)


def test_leading_zero_bits_are_counted_from_the_first_byte() -> None:
    digest = hashlib.sha256(b"x:1").digest()
    zeros = 256 - int.from_bytes(digest, "big").bit_length()
    assert work.solves("x", "1", zeros)
    assert not work.solves("x", "1", zeros + 1)


@pytest.mark.parametrize("bits", [4, 8])
def test_a_solution_takes_as_many_tries_as_promised(desk: WorkDesk, bits: int) -> None:
    """Mean 2**bits; the bounds are six standard deviations of the mean of 300 geometric draws."""
    rng = random.Random(7)
    tries = [1 + int(solve(f"{rng.random()}", bits)) for _ in range(300)]
    mean = sum(tries) / len(tries)
    assert 2**bits * (1 - 6 / 300**0.5) < mean < 2**bits * (1 + 6 / 300**0.5)


def test_what_does_not_pay(desk: WorkDesk, clock: ManualClock) -> None:
    challenge = desk.challenge(EVENT, ACCOUNT, BITS)
    token, solution = challenge.challenge, solve(challenge.challenge, BITS)
    assert refused(desk, challenge, unsolved(token, BITS)) == "wrong"
    assert refused(desk, challenge, solution, account_id="acc_bbbbbbbbbbbbbbbb") == "foreign"
    assert refused(desk, challenge, solution, event_id="evt_bbbbbbbbbbbbbbbb") == "foreign"
    assert refused(desk, token[:-1], solution) == "forged"
    assert refused(desk, token + "A", solution) == "forged"
    assert refused(desk, "x" * 513, solution) == "malformed"
    assert refused(desk, "", "0") == "forged"
    assert refused(desk, "é", "0") == "forged"
    clock.advance(299.999)
    desk.check(EVENT, ACCOUNT, BITS, token, solution)
    clock.advance(0.001)
    assert refused(desk, challenge, solution) == "expired"


@pytest.mark.parametrize(
    "spelling",
    ["{}\n", " {}", "{} ", "0{}", "+{}", "-{}", "{}.0", "{}e0", "0x{}", "{}_0", "{}x", "", "99999999999999999"],
)
def test_a_counter_has_one_spelling(desk: WorkDesk, spelling: str) -> None:
    """Even where the hash would be right: half of these spellings solve 1 bit by chance, and none is taken."""
    challenge = desk.challenge(EVENT, ACCOUNT, 1)
    for number in range(40):
        assert refused(desk, challenge, spelling.format(number), bits_now=1) == "malformed"


def test_digits_of_other_scripts_are_no_counter(desk: WorkDesk) -> None:
    challenge = desk.challenge(EVENT, ACCOUNT, 1)
    for digits in ("\uff11\uff12", "\u0661\u0662", "\u00b9"):
        assert refused(desk, challenge, digits, bits_now=1) == "malformed"


def test_a_token_of_another_kind_is_no_challenge(desk: WorkDesk, signer: Signer) -> None:
    content = msgspec.json.encode([EVENT, ACCOUNT, 1, 0, NOW + 60_000, "nonce"])
    for purpose in ("wr/ticket", "wr/pass", "session", "hold", "wr/wait"):
        token = signer.sign(purpose, content)
        assert refused(desk, token, solve(token, BITS)) == "forged"
    genuine = signer.sign("wr/work", content)
    desk.check(EVENT, ACCOUNT, 1, genuine, solve(genuine, 1))
    assert refused(desk, signer.sign("wr/work", b"{}"), "0") == "forged"
    assert refused(desk, signer.sign("wr/work", content[:-1] + b",1]"), "0") == "forged"


def test_no_price_no_check(desk: WorkDesk) -> None:
    desk.check(EVENT, ACCOUNT, 0, "", "")
    with pytest.raises(ValueError, match="25 bits"):
        desk.challenge(EVENT, ACCOUNT, 25)
    with pytest.raises(ValueError, match="-1 bits"):
        desk.challenge(EVENT, ACCOUNT, -1)


def test_a_challenge_survives_a_small_raise_and_no_large_one(desk: WorkDesk) -> None:
    challenge = desk.challenge(EVENT, ACCOUNT, BITS)
    solution = solve(challenge.challenge, BITS)
    for raised in (BITS + 1, BITS + 2):
        desk.check(EVENT, ACCOUNT, raised, challenge.challenge, solution)
    assert refused(desk, challenge, solution, bits_now=BITS + 3) == "too_easy"
    # Its own price is due all the same: the grace is for the raise, not for the work.
    assert refused(desk, challenge, unsolved(challenge.challenge, BITS), bits_now=BITS + 2) == "wrong"


def test_a_price_that_fell_is_the_lower_one(desk: WorkDesk) -> None:
    challenge = desk.challenge(EVENT, ACCOUNT, 12)
    cheap = next(
        str(c)
        for c in count()
        if work.solves(challenge.challenge, str(c), 4) and not work.solves(challenge.challenge, str(c), 12)
    )
    assert refused(desk, challenge, cheap, bits_now=12) == "wrong"
    desk.check(EVENT, ACCOUNT, 4, challenge.challenge, cheap)


def test_each_try_costs_the_page_one_block_of_sha_256(desk: WorkDesk) -> None:
    """What does not change is hashed once. In the last block there is room for a counter of ten digits."""
    event_id, account_id = ids.new_id("evt"), ids.new_id("acc")
    head = len(desk.challenge(event_id, account_id, 18).challenge + ":")
    assert head % 64 + 10 + 9 <= 64, "9: one for the end mark, eight for the length"


# Waiting in place of work ------------------------------------------------------------------------------------------


def test_a_wait_is_over_after_its_time_and_not_before(desk: WorkDesk, clock: ManualClock) -> None:
    waiting = desk.wait(EVENT, ACCOUNT)
    assert waiting.ready_at == NOW + work.WAIT_MS
    clock.advance(work.WAIT_MS / 1000 - 0.001)
    assert refused(desk, waiting, "waited") == "too_soon"
    clock.advance(0.001)
    desk.check(EVENT, ACCOUNT, BITS, waiting.challenge, "waited")
    assert refused(desk, waiting, "waited", account_id="acc_b") == "foreign"
    clock.advance(300)
    assert refused(desk, waiting, "waited") == "expired"


def test_a_wait_is_no_challenge_and_a_challenge_no_wait(desk: WorkDesk, clock: ManualClock) -> None:
    waiting, challenge = desk.wait(EVENT, ACCOUNT), desk.challenge(EVENT, ACCOUNT, BITS)
    clock.advance(60)
    assert refused(desk, challenge, "waited") == "forged"
    assert refused(desk, waiting, solve(waiting.challenge, BITS)) == "forged"


# The price ---------------------------------------------------------------------------------------------------------


def test_extra_bits_follow_the_attack_and_end() -> None:
    assert [extra_bits(r) for r in (0, 5, 5.01, 20, 20.1, 80, 81, 320, 321, 1e9, float("inf"))] == [
        0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 4,
    ]  # fmt: skip
    assert extra_bits(float("nan")) == extra_bits(-1) == 0


def test_bits_are_bounded() -> None:
    assert [bits_at(18, extra) for extra in range(-1, 6)] == [18, 18, 19, 20, 21, 22, 22]
    assert [bits_at(0, extra) for extra in range(6)] == [0, 16, 17, 18, 19, 19], "a free line asks only under attack"
    assert [bits_at(4, extra) for extra in range(3)] == [4, 16, 17], "no attack is met with less than the first bits"
    assert bits_at(99, 4) == bits_at(22, 4) == work.TOP_BITS
    assert bits_at(-3, 0) == 0
    assert work.required_bits(18, 0) == 18
    assert work.required_bits(18, 1000) == 22


def course(rates: list[float], pressure: Pressure | None = None, start: int = NOW) -> list[int]:
    """The extra bits of one look a second."""
    pressure, seen = pressure or Pressure(), []
    for second, rate in enumerate(rates):
        pressure = next_pressure(pressure, rate, start + second * 1000)
        seen.append(pressure.extra)
    return seen


def test_up_at_once_and_then_a_bit_every_ten_seconds() -> None:
    seen = course([1000.0] * 45)
    assert [seen.index(extra) for extra in (1, 2, 3, 4)] == [0, 10, 20, 30]
    assert max(seen) == work.MOST_EXTRA


def test_whoever_begins_at_once_has_twenty_seconds_at_least() -> None:
    """The grace and the pace of raises belong together: no challenge is outrun sooner."""
    seen = course([1000.0] * 120)
    for issued in range(len(seen)):
        outrun = next((t for t in range(issued, len(seen)) if seen[t] - seen[issued] > work.GRACE_BITS), None)
        assert outrun is None or outrun - issued >= 20


def test_down_a_bit_after_each_calm_minute() -> None:
    seen = course([1000.0] * 40 + [0.0] * 300)
    calm = seen[40:]
    assert [calm.index(extra) for extra in (3, 2, 1, 0)] == [59, 119, 179, 239]
    assert course([0.0] * 100) == [0] * 100


def test_an_attack_that_pauses_does_not_get_the_lower_price() -> None:
    on_and_off = ([1000.0] * 5 + [0.0] * 40) * 8
    assert min(course(on_and_off)[200:]) == work.MOST_EXTRA


def test_a_clock_that_ran_ahead_does_not_hold_the_price_up() -> None:
    ahead = Pressure(4, NOW + 3_600_000, NOW + 3_600_000)
    seen = course([0.0] * 70, ahead)
    assert seen[0] == 4
    assert seen[-1] == 3
