"""Valkey forgets a line, the leader brings it back from the books: no place is lost, and nobody extra gets in."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from tests.rooms.waiting.line_bench import LOBBY_MS, PLENTY, Bench, step
from ticketing.base.errors import Conflict, Unavailable
from ticketing.waiting import sql
from ticketing.waiting.controls import Change
from ticketing.waiting.draw import RollDigest
from ticketing.waiting.model import Census, Stock
from ticketing.waiting.open_line import gapless

PEOPLE = [f"acc_{n}" for n in range(6)]


async def tick(bench: Bench, *, seconds: float = 1) -> None:
    """Time passes, and the leader acts."""
    bench.clock.advance(seconds)
    await step(bench.leader)


async def the_first(bench: Bench) -> str:
    """Who was drawn first."""
    places = {person: (await bench.api.joins.place(bench.event.id, person)).position or 99 for person in PEOPLE}
    return min(places, key=places.__getitem__)


async def flush(bench: Bench) -> None:
    """Everything of this line is gone from Valkey."""
    keys = await bench.valkey.execute("KEYS", f"w:{{{bench.event.id}}}:*")
    await bench.valkey.execute("DEL", *keys)


@pytest.fixture
async def lobby(bench: Bench) -> Bench:
    """Six people in a lobby."""
    await step(bench.candidate())
    for person in PEOPLE:
        await bench.join(person)
    await tick(bench)
    return bench


@pytest.fixture
async def opened(lobby: Bench) -> Bench:
    """The same, drawn; three are called."""
    lobby.clock.advance(LOBBY_MS / 1000)
    for _ in range(3):
        await tick(lobby)
    return lobby


async def test_places_come_back_and_new_ones_never_repeat(lobby: Bench) -> None:
    unsaved = await lobby.join("acc_late")
    await flush(lobby)
    with pytest.raises(Unavailable) as problem:
        await lobby.join("acc_other")
    assert problem.value.code == "rebuilding"
    await tick(lobby)
    assert [(await lobby.join(person)).place.index for person in PEOPLE] == [1, 2, 3, 4, 5, 6]
    other = await lobby.join("acc_other")
    assert other.place.index > unsaved.place.index
    # Who has a ticket has the place, though the database never heard of it.
    assert (await lobby.join("acc_late", unsaved.ticket)).place.index == unsaved.place.index


async def test_losses_in_a_row_leave_gaps_of_the_same_size(lobby: Bench) -> None:
    highest = []
    for number in range(6):
        await flush(lobby)
        await tick(lobby)
        await tick(lobby)
        highest.append((await lobby.join(f"acc_new{number}")).place.index)
    gaps = [later - earlier for earlier, later in itertools.pairwise(highest)]
    assert max(gaps) <= 2 * min(gaps), gaps


async def test_indexes_that_a_process_reserved_meanwhile_are_not_given_again(lobby: Bench) -> None:
    stale = await lobby.line()
    limit = await lobby.db.transact(lambda conn: sql.reserve(conn, lobby.event.id, 5000))
    await flush(lobby)
    lead = lobby.lead
    await lobby.leader._recovery.refill(stale, lead)
    assert (await lobby.join("acc_new")).place.index > limit


async def test_those_inside_stay_inside_and_nobody_is_let_in_beside_them(opened: Bench) -> None:
    passes = {}
    for person in PEOPLE:
        with_place = await opened.api.joins.place(opened.event.id, person)
        if (with_place.position or 99) <= 3:
            passes[person] = (await opened.claim(person)).lease_id
    assert len(passes) == 3
    await opened.controls.change(opened.event.id, "acc_p", Change(cap=2))
    await tick(opened)
    await flush(opened)
    await tick(opened)
    assert await opened.inside() == {await opened.subject(person) for person in passes}
    for person, lease in passes.items():
        assert (await opened.claim(person)).lease_id == lease
    for person in set(PEOPLE) - passes.keys():
        with pytest.raises(Conflict):
            await opened.claim(person)


async def test_serving_goes_on_from_where_it_was_and_the_estimate_is_not_wild(opened: Bench) -> None:
    before = await opened.census()
    await flush(opened)
    await tick(opened)
    after: Census = await opened.census()
    assert after.serving >= before.serving
    assert (await opened.meta())["serving"] == str((await opened.line()).serving)
    assert after.moved <= after.serving - before.serving


async def test_the_rate_counts_what_came_in_before_the_loss(opened: Bench) -> None:
    first = await the_first(opened)
    await opened.claim(first)
    await opened.leave(first)
    await opened.controls.change(opened.event.id, "acc_p", Change(rate_limit=1))
    await tick(opened)
    await flush(opened)
    await tick(opened)
    assert (await opened.census()).recent == 1


async def test_used_places_stay_used(opened: Bench) -> None:
    ticket = (await opened.join(PEOPLE[0])).ticket
    index = (await opened.join(PEOPLE[0])).place.index
    await opened.leave(PEOPLE[0])
    await tick(opened)
    await flush(opened)
    await tick(opened)
    assert (await opened.join(PEOPLE[0], ticket)).place.index != index


async def test_a_join_that_was_lost_before_the_draw_does_not_change_its_record(lobby: Bench) -> None:
    late = await lobby.join("acc_late")
    await flush(lobby)
    lobby.clock.advance(LOBBY_MS / 1000)
    await tick(lobby)
    await tick(lobby)
    back = await lobby.join("acc_late", late.ticket)
    assert back.place.index == late.place.index
    await tick(lobby)
    assert await _digest(lobby) == (await lobby.line()).roll
    # Their visit keeps their place through another loss, without a ticket.
    await lobby.controls.change(lobby.event.id, "acc_p", Change(cap=50_000, rate_limit=50_000))
    for _ in range(3):
        await tick(lobby)
    entry = await lobby.claim("acc_late")
    await flush(lobby)
    await tick(lobby)
    assert (await lobby.claim("acc_late")).lease_id == entry.lease_id
    assert await _digest(lobby) == (await lobby.line()).roll


async def _digest(bench: Bench) -> bytes:
    line = await bench.line()
    digest, n = RollDigest(line.event_id, line.epoch), line.n or 0
    async with bench.db.read() as conn:
        rows = await sql.places_after(conn, line.event_id, line.epoch, 0, 10_000, upto=n)
    digest.add(gapless(rows, 0, n))
    return digest.digest()


async def test_a_loss_between_the_close_and_the_draw_is_caught_up_with(lobby: Bench) -> None:
    lobby.clock.advance(LOBBY_MS / 1000)
    lobby.stop_at = "line:frozen"
    opening = asyncio.create_task(lobby.leader.step())
    await lobby.stopped.wait()
    await flush(lobby)
    lobby.resumed.set()
    await opening
    await tick(lobby)
    await tick(lobby)
    line = await lobby.line()
    assert (line.phase, (line.n or 0) >= len(PEOPLE)) == ("open", True)
    assert await _digest(lobby) == line.roll
    assert [(await lobby.join(person)).place.index for person in PEOPLE] == [1, 2, 3, 4, 5, 6]


async def test_claims_under_way_in_a_loss_give_no_pass(opened: Bench) -> None:
    first = await the_first(opened)
    opened.stop_at = "claim:granted"
    claiming = asyncio.create_task(opened.claim(first))
    await opened.stopped.wait()
    await flush(opened)
    await tick(opened)
    opened.resumed.set()
    with pytest.raises(Unavailable):
        await claiming
    assert not await opened.inside()
    # The claim is simply made again, and the books know the visit that it then is.
    entry = await opened.claim(first)
    rows = await opened.rows("SELECT lease_id, admitted_at, ends_at, live FROM line_visits WHERE event_id = :e")
    assert rows == [(entry.lease_id, opened.now, entry.expires_at, 1)]


async def seconds_until_the_next_is_called(bench: Bench) -> int:
    """A line that has moved for half a minute is lost and refilled: how long it then stands still, at most 20 s."""
    people = [f"acc_{n}" for n in range(40)]
    await step(bench.candidate())
    for person in people:
        await bench.join(person)
    bench.clock.advance(LOBBY_MS / 1000)
    await tick(bench)
    places = {p: (await bench.api.joins.place(bench.event.id, p)).position or 0 for p in people}
    waiting = sorted(people, key=places.__getitem__)

    async def a_while(seconds: float) -> int:
        """Whoever is called comes and goes at once."""
        await tick(bench, seconds=seconds)
        serving = (await bench.line()).serving
        while waiting and places[waiting[0]] <= serving:
            await bench.claim(waiting[0])
            await bench.leave(waiting.pop(0))
        return serving

    for _ in range(8):
        before = await a_while(4)
    bench.stock = Stock((0,), 1, (1,))  # nobody is called, and what ended is written down
    await tick(bench)
    bench.stock = PLENTY
    assert 15 <= before < len(people)
    await flush(bench)
    for second in range(20):
        if await a_while(1) > before:
            return second
    return 20


async def test_after_a_loss_the_next_are_called_at_once(bench: Bench) -> None:
    assert await seconds_until_the_next_is_called(bench) <= 2


async def test_control_if_all_were_reserved_again_the_line_would_stand_still(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing_known(*_: object) -> tuple[int, list[tuple[str, int]]]:
        return 0, []

    monkeypatch.setattr(sql, "called_long_ago", nothing_known)
    assert await seconds_until_the_next_is_called(bench) >= 12


async def test_who_was_just_called_keeps_the_reservation_after_a_loss(opened: Bench) -> None:
    first = await the_first(opened)
    await opened.claim(first)
    await flush(opened)
    await tick(opened)
    after = await opened.census()
    # Three were called a moment ago; one came.
    assert (after.serving, after.unclaimed, after.inside) == (3, 2, 1)
