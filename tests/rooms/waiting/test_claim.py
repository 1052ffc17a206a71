"""The only door: turn, cap, rate, order at the door, and one visit per place."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tests.drills.race_unguarded import without
from tests.rooms.waiting.line_bench import LOBBY_MS, Bench, Crashed, step
from ticketing.base.errors import Conflict, NotFound, Problem, RateLimited, Unavailable
from ticketing.waiting import store
from ticketing.waiting.controls import Change
from ticketing.waiting.model import PENDING_MS, Stock
from ticketing.waiting.store import DOOR_MS
from ticketing.waiting.tokens import subject_of

PEOPLE = [f"acc_{n}" for n in range(8)]


@pytest.fixture
async def opened(bench: Bench) -> Bench:
    """Eight people drawn; as many called as there are slots: three."""
    leader = bench.candidate()
    await step(leader)
    for person in PEOPLE:
        await bench.join(person)
    bench.clock.advance(LOBBY_MS / 1000)
    for _ in range(3):
        await step(leader)
        bench.clock.advance(1)
    assert (await bench.line()).serving == 3
    return bench


async def in_order(bench: Bench, people: Sequence[str] = tuple(PEOPLE)) -> list[str]:
    """People by their places."""
    places = {p: (await bench.api.joins.place(bench.event.id, p)).position or 0 for p in people}
    return sorted(people, key=lambda person: places[person])


async def told(bench: Bench, person: str) -> str:
    """The lease, or the code of the refusal."""
    try:
        return (await bench.claim(person)).lease_id
    except Problem as problem:
        return problem.code


async def call(bench: Bench, *, seconds: float = 1) -> None:
    """Time passes, and the leader acts."""
    bench.clock.advance(seconds)
    await step(bench.leader)


async def open_wide(bench: Bench) -> None:
    """Everybody is called; the cap stays."""
    await bench.controls.change(bench.event.id, "acc_p", Change(cap=100))
    for _ in range(5):
        await call(bench)
    assert (await bench.line()).serving >= len(PEOPLE)
    await bench.controls.change(bench.event.id, "acc_p", Change(cap=3))
    await call(bench)


async def test_who_is_called_gets_in_and_nobody_else(opened: Bench) -> None:
    answers = [await told(opened, person) for person in await in_order(opened)]
    assert [answer.startswith("vis_") for answer in answers] == [True] * 3 + [False] * 5
    assert set(answers[3:]) == {"not_your_turn"}


async def test_a_retry_is_the_same_visit(opened: Bench) -> None:
    first, *_ = await in_order(opened)
    entries = await asyncio.gather(*(opened.claim(first) for _ in range(16)))
    assert len({entry.lease_id for entry in entries}) == 1
    rows = await opened.rows("SELECT lease_id, live FROM line_visits WHERE event_id = :e")
    assert rows == [(entries[0].lease_id, 1)]
    assert (await opened.census()).recent == 1


async def test_who_claims_every_ten_milliseconds_is_told_to_wait_and_keeps_the_place(opened: Bench) -> None:
    *_, second, last = await in_order(opened)
    answers = [await told(opened, last) for _ in range(60)]
    assert answers[0] == "not_your_turn"
    assert answers[-1] == "rate_limited"
    with pytest.raises(RateLimited) as problem:
        await opened.claim(last)
    assert problem.value.extra["retry_after"] >= 1
    assert (await opened.api.joins.place(opened.event.id, last)).position == len(PEOPLE)
    # Nobody else is slowed down by it.
    assert await told(opened, second) == "not_your_turn"


async def test_before_the_draw_it_is_nobodys_turn(bench: Bench) -> None:
    await step(bench.candidate())
    await bench.join("acc_a")
    with pytest.raises(Conflict) as problem:
        await bench.claim("acc_a")
    assert (problem.value.code, problem.value.extra["position"]) == ("not_your_turn", None)


async def test_who_never_joined_is_not_in_line(opened: Bench) -> None:
    assert await told(opened, "acc_stranger") == "not_in_line"
    with pytest.raises(NotFound):
        await opened.api.claims.claim("evt_other", "acc_0", "ses")


async def test_thirty_two_at_once_never_exceed_the_cap(opened: Bench) -> None:
    await open_wide(opened)
    other = opened.process()
    claims = [api.claims.claim(opened.event.id, p, "s") for p in PEOPLE for api in (opened.api, other) for _ in "ab"]
    answers = await asyncio.gather(*claims, return_exceptions=True)
    assert len(answers) == 32
    assert len({answer.lease_id for answer in answers if not isinstance(answer, BaseException)}) == 3
    assert len(await opened.inside()) == 3
    await other.close()


async def test_no_more_come_in_within_a_minute_than_the_rate_says(opened: Bench) -> None:
    await opened.controls.change(opened.event.id, "acc_p", Change(cap=100, rate_limit=2))
    await call(opened)
    order = await in_order(opened)
    assert [(await told(opened, person))[:4] for person in order[:3]] == ["vis_", "vis_", "line"]
    await call(opened, seconds=58)
    assert await told(opened, order[2]) == "line_full"
    await call(opened, seconds=2)
    assert (await told(opened, order[2])).startswith("vis_")


async def test_a_free_slot_goes_to_the_first_at_the_door(opened: Bench) -> None:
    await open_wide(opened)
    order = await in_order(opened)
    for person in order[-3:]:
        assert (await told(opened, person)).startswith("vis_")
    assert [await told(opened, person) for person in order[:2]] == ["line_full"] * 2
    await opened.leave(order[-1])
    assert await told(opened, order[2]) == "line_full"
    assert await told(opened, order[1]) == "line_full"
    assert (await told(opened, order[0])).startswith("vis_")


async def test_who_goes_away_from_the_door_holds_up_nobody(opened: Bench) -> None:
    await open_wide(opened)
    order = await in_order(opened)
    for person in order[-3:]:
        await opened.claim(person)
    assert await told(opened, order[0]) == "line_full"
    opened.clock.advance(DOOR_MS / 1000)
    await opened.leave(order[-1])
    assert (await told(opened, order[1])).startswith("vis_")


async def claim_at(opened: Bench, person: str, now: int) -> str:
    """What the script says to a claim by this word for the time."""
    line = await opened.line()
    place = await opened.api.joins.place(opened.event.id, person)
    subject = subject_of(line.salt, person)
    outcome = await opened.api.store.claim(line, subject, place.index, place.position or 0, f"vis_{person}", now)
    return type(outcome).__name__


async def claims_of_a_process_that_lags(opened: Bench) -> list[str]:
    """One waits at the door; three visits end; a later place comes in; the first comes again through a process whose
    words to Valkey are a second old when they arrive.
    """
    await open_wide(opened)
    first, second, *rest = await in_order(opened)
    for person in rest[-3:]:
        await opened.claim(person)
    ends = opened.clock.now_ms() + opened.rules.idle_ms
    calls = ((first, ends - 700), (second, ends + 500), (first, ends - 500))
    return [await claim_at(opened, person, now) for person, now in calls]


async def a_late_confirmation(opened: Bench) -> str:
    """A visit that nobody confirmed ends, somebody else takes the last slot, and the confirmation comes with an old
    word for the time: what it is told.
    """
    await open_wide(opened)
    first, second, *rest = await in_order(opened)
    for person in rest[:2]:
        await opened.claim(person)
    began = opened.clock.now_ms()
    assert await claim_at(opened, first, began) == "Admitted"
    assert await claim_at(opened, second, began + PENDING_MS + 100) == "Admitted"
    subject = subject_of((await opened.line()).salt, first)
    return await opened.api.store.confirm(opened.event.id, subject, f"vis_{first}", began + PENDING_MS - 100)


async def test_a_process_that_lags_takes_nobodys_turn(opened: Bench) -> None:
    assert await claims_of_a_process_that_lags(opened) == ["Full", "Admitted", "Admitted"]


async def test_a_confirmation_that_lags_takes_nobodys_slot(opened: Bench) -> None:
    assert await a_late_confirmation(opened) == "gone"


async def test_control_by_its_own_word_for_the_time_it_would(opened: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_CLAIM", without(store._CLAIM, "now = line.judged", "now = now"))
    assert await claims_of_a_process_that_lags(opened) == ["Full", "Admitted", "Full"]


async def test_control_a_confirmation_would_as_well(opened: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_CONFIRM", without(store._CONFIRM, "now = line.judged", "now = now"))
    assert await a_late_confirmation(opened) == "ok"


async def test_a_clock_that_was_far_ahead_is_not_followed(opened: Bench) -> None:
    first, second, *_ = await in_order(opened)
    ahead = opened.clock.now_ms() + 3_600_000
    await claim_at(opened, first, ahead)
    entry = await opened.claim(second)
    assert entry.expires_at < ahead


async def test_during_a_pause_nobody_comes_in_and_nobody_is_thrown_out(opened: Bench) -> None:
    first, second, *_ = await in_order(opened)
    entry = await opened.claim(first)
    await opened.controls.change(opened.event.id, "acc_p", Change(paused=True))
    await call(opened)
    assert await told(opened, second) == "line_paused"
    assert await told(opened, first) == entry.lease_id
    await opened.controls.change(opened.event.id, "acc_p", Change(paused=False))
    await call(opened)
    assert (await told(opened, second)).startswith("vis_")


async def test_a_cap_of_nought_lets_nobody_in(opened: Bench) -> None:
    await opened.controls.change(opened.event.id, "acc_p", Change(cap=0))
    await call(opened)
    assert {await told(opened, person) for person in PEOPLE} == {"line_full", "not_your_turn"}


async def test_sold_out_refuses_and_then_takes_again(opened: Bench) -> None:
    first, *_ = await in_order(opened)
    opened.stock = Stock((0,), 0, (5,))
    await call(opened)
    assert await told(opened, first) == "sold_out"
    opened.stock = Stock((1,), 0, (5,))
    await call(opened)
    assert (await told(opened, first)).startswith("vis_")


@pytest.mark.parametrize("point", ["claim:granted", "claim:committed"])
async def test_a_process_that_dies_in_a_claim_leaks_no_slot(opened: Bench, point: str) -> None:
    first, *_ = await in_order(opened)
    opened.crash_at = point
    with pytest.raises(Crashed):
        await opened.claim(first)
    assert len(await opened.inside()) == 1
    # Who asks again at once gets the same visit; who does not, gives the slot back.
    opened.clock.advance(PENDING_MS / 1000)
    assert not await opened.inside()
    await call(opened)
    assert await opened.rows("SELECT 1 FROM line_visits WHERE event_id = :e AND live = 1") == []
    assert (await told(opened, first)).startswith("vis_")
    assert len(await opened.rows("SELECT 1 FROM line_visits WHERE event_id = :e AND live = 1")) == 1


async def test_a_confirmation_after_the_leader_ended_the_visit_is_void(opened: Bench) -> None:
    first, *_ = await in_order(opened)
    opened.crash_at = "claim:committed"
    with pytest.raises(Crashed):
        await opened.claim(first)
    lease = (await opened.rows("SELECT lease_id FROM line_visits WHERE event_id = :e"))[0][0]
    await call(opened, seconds=PENDING_MS / 1000)
    # The process was only slow: the books say that the visit ended, so it may not begin behind their back.
    answer = await opened.api.store.confirm(opened.event.id, await opened.subject(first), lease, opened.now)
    assert answer == "gone"
    assert await told(opened, first) == lease
    await call(opened)
    assert await opened.rows("SELECT live FROM line_visits WHERE event_id = :e") == [(1,)]


async def test_without_the_database_nobody_new_gets_in(opened: Bench) -> None:
    first, second, *_ = await in_order(opened)
    entry = await opened.claim(first)
    opened.db.away = True
    with pytest.raises(Unavailable):
        await opened.claim(second)
    assert await told(opened, first) == entry.lease_id
    opened.db.away = False
    assert (await told(opened, second)).startswith("vis_")


async def test_an_idle_visit_ends_and_goes_on_when_its_owner_returns(opened: Bench) -> None:
    first, *_ = await in_order(opened)
    entry = await opened.claim(first)
    await call(opened, seconds=100)
    assert await told(opened, first) == entry.lease_id
    await call(opened, seconds=100)
    assert len(await opened.inside()) == 1
    await call(opened, seconds=21)
    assert not await opened.inside()
    assert await opened.rows("SELECT reason, live FROM line_visits WHERE event_id = :e") == [("idle", None)]
    again = await opened.claim(first)
    assert (again.lease_id, again.expires_at) == (entry.lease_id, entry.expires_at)
    assert await opened.rows("SELECT reason, live FROM line_visits WHERE event_id = :e") == [(None, 1)]


@pytest.mark.parametrize("idle_first", [True, False])
async def test_after_the_hard_limit_one_joins_anew(opened: Bench, idle_first: bool) -> None:
    first, *_ = await in_order(opened)
    await opened.claim(first)
    held = (await opened.join(first)).place.index
    for _ in range(0 if idle_first else 9):
        await call(opened, seconds=100)
        await told(opened, first)
    await call(opened, seconds=121 if idle_first else 1)
    if idle_first:
        await call(opened, seconds=800)
        assert await told(opened, first) == "place_used"
    assert (await opened.join(first)).place.index > max(held, len(PEOPLE))
    assert await opened.rows("SELECT live FROM line_visits WHERE event_id = :e AND idx = :i", i=held) == [(None,)]


async def test_a_ticket_of_an_earlier_place_counts_as_the_present_one(opened: Bench) -> None:
    first, *_ = await in_order(opened)
    old = (await opened.join(first)).place.index
    await opened.leave(first)
    new = (await opened.join(first)).place.index
    assert new != old
    with pytest.raises(Conflict) as problem:
        await opened.claim(first, old)
    assert (problem.value.code, problem.value.extra["position"]) == ("not_your_turn", new)
