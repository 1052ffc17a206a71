"""Hold, release, expire: the rules a buyer meets, over a real Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.rooms.holds.house import CAP, DAY, Bench
from ticketing.base.errors import BadRequest, Conflict, NotFound, Problem, RateLimited, Unavailable, Unprocessable
from ticketing.base.valkey import Valkey, ValkeyAway
from ticketing.holds.hold import HoldService, HoldView, event_of, new_hold_id
from ticketing.holds.store import HoldStore
from ticketing.holds.token import read_hold


async def hold(bench: Bench, account: str, *seats: str) -> HoldView:
    """Hold seats by id."""
    return await bench.service.hold_seats(bench.event_id, account, seats)


async def refused(work: Any, kind: type[Problem], code: str) -> Problem:
    """The problem that this ends in."""
    with pytest.raises(kind) as caught:
        await work
    assert caught.value.code == code
    return caught.value


async def test_a_hold_names_its_seats_prices_and_end_and_its_token_says_the_same(bench: Bench) -> None:
    view = await hold(bench, "acc_a", "A-1-2", "A-2-1")
    claims = view.claims
    assert (claims.ordinals, claims.amounts, claims.amount) == ((1, 5), (50_000, 50_000), 100_000)
    assert claims.expires_at == bench.clock.now_ms() + 420_000
    assert read_hold(bench.signer, view.token) == claims
    assert event_of(claims.hold_id) == bench.event_id
    assert await bench.seats() == "010001000000000"


async def test_all_or_none_and_the_losers_are_named(bench: Bench) -> None:
    await hold(bench, "acc_a", "A-1-1", "A-1-3")
    problem = await refused(hold(bench, "acc_b", "A-1-1", "A-1-2", "A-1-3"), Conflict, "seats_taken")
    assert problem.extra["seats"] == ["A-1-1", "A-1-3"]
    assert await bench.seats() == "101000000000000"


@pytest.mark.parametrize(
    ("seats", "kind", "code"),
    [
        ([], BadRequest, "invalid_request"),
        (["A-1-1", "A-1-1"], BadRequest, "invalid_request"),
        (["A-1-1", "Z-9-9"], Unprocessable, "unknown_seats"),
        (["a-1-1"], Unprocessable, "unknown_seats"),
        (["A-1-1 "], Unprocessable, "unknown_seats"),
        ([f"A-1-{n}" for n in range(1, 6)], Conflict, "limit_exceeded"),
    ],
)
async def test_what_cannot_be_held_changes_nothing(
    bench: Bench, seats: list[str], kind: type[Problem], code: str
) -> None:
    await hold(bench, "acc_b", "A-2-5")
    await refused(hold(bench, "acc_a", *seats), kind, code)
    assert await bench.seats() == "000000000100000"


async def test_the_cap_counts_what_is_held_and_what_is_bought(bench: Bench) -> None:
    bench.truth.owners = {0: "acc_a", 1: "acc_a"}
    await hold(bench, "acc_a", "ST-1")
    problem = await refused(hold(bench, "acc_a", "ST-2", "ST-3"), Conflict, "limit_exceeded")
    assert (problem.extra["limit"], problem.extra["remaining"]) == (CAP, 1)
    await hold(bench, "acc_a", "ST-2")
    await hold(bench, "acc_b", "ST-3")


async def test_a_released_hold_frees_its_seats_and_its_share_of_the_cap_at_once(bench: Bench) -> None:
    view = await hold(bench, "acc_a", "A-1-1", "A-1-2", "A-1-3", "A-1-4")
    await bench.service.release("acc_a", view.claims.hold_id)
    assert await bench.seats() == "0" * 15
    await hold(bench, "acc_b", "A-1-1")
    await hold(bench, "acc_a", "A-1-2", "A-1-3", "A-1-4", "A-1-5")
    await refused(bench.service.release("acc_a", view.claims.hold_id), NotFound, "not_found")


async def test_nobody_releases_what_is_anothers(bench: Bench) -> None:
    view = await hold(bench, "acc_a", "A-1-1")
    for account, hold_id in (
        ("acc_b", view.claims.hold_id),
        ("acc_a", f"hld_aaaaaaaa_{bench.event_id}"),
        ("acc_a", "nonsense"),
    ):
        await refused(bench.service.release(account, hold_id), NotFound, "not_found")
    assert (await bench.seats())[0] == "1"


async def test_after_its_time_the_next_one_gets_the_seat_with_nobody_sweeping(bench: Bench) -> None:
    await hold(bench, "acc_a", "A-1-1")
    bench.clock.advance(419)
    await refused(hold(bench, "acc_b", "A-1-1"), Conflict, "seats_taken")
    bench.clock.advance(1)
    await hold(bench, "acc_b", "A-1-1")
    assert await bench.service.mine(bench.event_id, "acc_a") == []


async def test_the_sweep_frees_what_is_over_and_nothing_else(bench: Bench) -> None:
    await hold(bench, "acc_a", "A-1-1", "A-1-2")
    bench.clock.advance(200)
    await hold(bench, "acc_b", "A-2-1")
    bench.clock.advance(220)
    assert await bench.store.sweep(bench.event_id, bench.clock.now_ms()) == 1
    assert await bench.seats() == "000001000000000"


async def test_the_best_seats_are_together_and_standing_places_come_in_order(bench: Bench) -> None:
    best = await bench.service.hold_best(bench.event_id, "acc_a", "A", 3)
    first = best.claims.ordinals[0]
    assert best.claims.ordinals == (first, first + 1, first + 2)
    places = await bench.service.hold_best(bench.event_id, "acc_b", "ST", 2)
    assert places.claims.ordinals == (10, 11)


async def test_what_a_section_does_not_have(bench: Bench) -> None:
    ask = bench.service.hold_best
    await refused(ask(bench.event_id, "acc_a", "Z", 1), Unprocessable, "unknown_section")
    for quantity in (0, -1, CAP + 1):
        await refused(ask(bench.event_id, "acc_a", "A", quantity), Conflict, "limit_exceeded")
    bench.truth.owners = {ordinal: f"acc_{ordinal}" for ordinal in (*range(9), 10, 11, 12, 13)}
    for section in ("A", "ST"):
        await refused(ask(bench.event_id, "acc_a", section, 2), Conflict, "no_seats_left")
        await ask(bench.event_id, "acc_a", section, 1)


async def test_a_crowd_that_wants_the_best_seats_gets_different_ones(bench: Bench) -> None:
    """Ten seats: five couples sit together, whoever comes first; nobody is refused while there is room."""
    views = await asyncio.gather(
        *(bench.service.hold_best(bench.event_id, f"acc_{i}", "A", 1) for i in range(10)),
    )
    assert sorted(view.claims.ordinals[0] for view in views) == list(range(10))


async def test_ones_own_holds_are_found_again_with_tokens_that_are_good(bench: Bench) -> None:
    view = await hold(bench, "acc_a", "A-1-1")
    (found,) = await bench.service.mine(bench.event_id, "acc_a")
    assert found.claims == view.claims
    assert read_hold(bench.signer, found.token) == view.claims
    assert await bench.service.mine(bench.event_id, "acc_b") == []


async def test_before_and_after_the_sale_nothing_is_held(bench: Bench) -> None:
    bench.clock.advance(-10)
    problem = await refused(hold(bench, "acc_a", "A-1-1"), Conflict, "not_on_sale")
    assert problem.extra["on_sale_at"].endswith("Z")
    bench.clock.advance(10 + 29 * DAY / 1000)
    await refused(hold(bench, "acc_a", "A-1-1"), Conflict, "sale_closed")


async def test_who_asks_too_often_is_told_how_long_to_wait_and_nobody_else_is(bench: Bench) -> None:
    store = HoldStore(bench.valkey, call_limit=3, window_ms=10_000)
    service = HoldService(store, bench.catalog, bench.truth, bench.signer, bench.clock)
    for n in (1, 2, 3):
        await service.hold_seats(bench.event_id, "acc_a", [f"ST-{n}"])
    with pytest.raises(RateLimited) as caught:
        await service.hold_seats(bench.event_id, "acc_a", ["ST-4"])
    assert 1 <= caught.value.extra["retry_after"] <= 10
    await service.hold_seats(bench.event_id, "acc_b", ["ST-4"])


async def test_without_valkey_nothing_is_promised(bench: Bench) -> None:
    lost = Valkey("unix:///nowhere/valkey.sock", timeout=0.2)
    service = HoldService(HoldStore(lost), bench.catalog, bench.truth, bench.signer, bench.clock)
    asks: Sequence[Callable[[], Any]] = (
        lambda: service.hold_seats(bench.event_id, "acc_a", ["A-1-1"]),
        lambda: service.hold_best(bench.event_id, "acc_a", "A", 1),
        lambda: service.release("acc_a", f"hld_aaaaaaaa_{bench.event_id}"),
        lambda: service.mine(bench.event_id, "acc_a"),
    )
    for ask in asks:
        await refused(ask(), Unavailable, "unavailable")
    await lost.close()


async def test_asked_again_under_the_same_id_nothing_is_held_twice(bench: Bench) -> None:
    seats, best = new_hold_id(bench.event_id), new_hold_id(bench.event_id)
    for _ in range(3):
        await bench.service.hold_seats(bench.event_id, "acc_a", ["A-1-1"], seats)
        await bench.service.hold_best(bench.event_id, "acc_b", "A", 2, best)
    for account, hold_id, count in (("acc_a", seats, 1), ("acc_b", best, 2)):
        (held,) = await bench.service.mine(bench.event_id, account)
        assert (held.claims.hold_id, len(held.claims.ordinals)) == (hold_id, count)


async def test_a_lost_answer_is_asked_for_again_and_is_the_same_hold(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, asked = bench.store.hold, 0

    async def answer_lost_once(*args: Any, **kwargs: Any) -> Any:
        nonlocal asked
        asked += 1
        outcome = await really(*args, **kwargs)
        if asked == 1:
            raise ValkeyAway("the answer was lost")
        return outcome

    await bench.service.rebuilder.ensure(bench.event_id, bench.index.capacity)
    monkeypatch.setattr(bench.store, "hold", answer_lost_once)
    view = await hold(bench, "acc_a", "A-1-1", "A-1-2")
    assert asked == 2
    assert view.claims.ordinals == (0, 1)
    assert await bench.seats() == "11" + "0" * 13
    # Counted once: two more fit under the cap of four.
    await hold(bench, "acc_a", "A-1-3", "A-1-4")
