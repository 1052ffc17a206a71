"""Joining: one place per account, the same at every call, kept through losses, refused when it must be."""

from __future__ import annotations

import asyncio

import pytest

from tests.rooms.waiting.line_bench import LOBBY_MS, Bench, step
from ticketing.base.errors import Conflict, Forbidden, NotFound, RateLimited, Unavailable
from ticketing.waiting.controls import Change
from ticketing.waiting.join import TollOwed
from ticketing.waiting.model import INDEX_BLOCK, Ending, Stock


@pytest.fixture
async def lobby(bench: Bench) -> Bench:
    """The bench, its line led and open for joins."""
    await step(bench.candidate())
    return bench


async def test_indexes_count_up_and_stay(lobby: Bench) -> None:
    places = [(await lobby.join(name)).place for name in ("acc_a", "acc_b", "acc_a", "acc_b")]
    assert [place.index for place in places] == [1, 2, 1, 2]
    assert all(place.position is None for place in places)
    assert [place.phase for place in places] == ["lobby"] * 4


async def test_two_joins_of_one_account_at_once_are_one_place(lobby: Bench) -> None:
    other = lobby.process()
    both = [lobby.api.joins, other.joins] * 5
    views = await asyncio.gather(*(joins.join(lobby.event.id, "acc_a", "ses", paid=True) for joins in both))
    assert {view.place.index for view in views} == {1}
    await other.close()


async def test_many_at_once_get_every_index_once(lobby: Bench) -> None:
    views = await asyncio.gather(*(lobby.join(f"acc_{n}") for n in range(500)))
    assert sorted(view.place.index for view in views) == list(range(1, 501))


async def test_there_is_no_line_to_join_before_the_lobby_opens(bench: Bench) -> None:
    bench.clock.advance(-2 * 3600)
    await step(bench.candidate())
    with pytest.raises(Conflict) as problem:
        await bench.join("acc_a")
    assert problem.value.code == "lobby_not_open"
    assert problem.value.extra["lobby_at"].endswith("Z")


async def test_nobody_joins_a_draining_line_but_places_stay(lobby: Bench) -> None:
    first = await lobby.join("acc_a")
    await lobby.controls.change(lobby.event.id, "acc_p", Change(draining=True))
    await step(lobby.leader)
    assert (await lobby.meta())["draining"] == "1"
    with pytest.raises(Conflict) as problem:
        await lobby.join("acc_b")
    assert problem.value.code == "line_draining"
    assert (await lobby.join("acc_a")).place.index == first.place.index


@pytest.mark.parametrize(("phase", "code"), [("sold_out", "sold_out"), ("closed", "line_closed")])
async def test_nobody_joins_what_is_over(bench: Bench, phase: str, code: str) -> None:
    leader = bench.candidate()
    await step(leader)
    bench.clock.advance(LOBBY_MS / 1000)
    await step(leader)
    if phase == "closed":
        bench.clock.advance(60 * 24 * 3600)
    bench.stock = Stock((0,), 0, (5,))
    await step(leader)
    assert (await bench.meta())["phase"] == phase
    for again in range(2):
        with pytest.raises(Conflict) as problem:
            await bench.join("acc_a")
        assert problem.value.code == code
        if again == 0 and phase == "closed":
            # What Valkey forgets of a closed line is not brought back: the answer is the same.
            await bench.valkey.execute("DEL", f"w:{{{bench.event.id}}}:meta")


async def test_a_ticket_brings_back_what_was_lost(lobby: Bench) -> None:
    ticket = (await lobby.join("acc_a")).ticket
    await lobby.valkey.execute("DEL", f"w:{{{lobby.event.id}}}:reg")
    assert (await lobby.join("acc_b")).place.index == 2
    assert (await lobby.join("acc_a", ticket)).place.index == 1


async def test_tickets_of_others_and_of_other_lines_are_refused(lobby: Bench) -> None:
    ticket = (await lobby.join("acc_a")).ticket
    for account, wrong in (("acc_b", ticket), ("acc_a", ticket[:-2] + "xx"), ("acc_a", "")):
        with pytest.raises(Forbidden) as problem:
            await lobby.join(account, wrong)
        assert problem.value.code == "bad_ticket"


async def is_not_in_line(bench: Bench, account: str) -> bool:
    """Whether the account is told so."""
    with pytest.raises(NotFound) as problem:
        await bench.api.joins.place(bench.event.id, account)
    return problem.value.code == "not_in_line"


async def test_who_leaves_before_the_draw_and_comes_back_has_the_same_place(lobby: Bench) -> None:
    """Else one account would be in the draw with as many places as it likes."""
    await lobby.join("acc_a")
    for _ in range(5):
        assert await lobby.leave("acc_a")
        assert not await lobby.leave("acc_a")
        assert await is_not_in_line(lobby, "acc_a")
        assert (await lobby.join("acc_a", paid=False)).place.index == 1
    assert (await lobby.join("acc_b")).place.index == 2


async def test_who_left_before_the_draw_may_still_come_for_the_place(lobby: Bench) -> None:
    await lobby.join("acc_a")
    await lobby.leave("acc_a")
    lobby.clock.advance(LOBBY_MS / 1000)
    for _ in range(3):
        await step(lobby.leader)
        lobby.clock.advance(1)
    assert not await lobby.leave("acc_a")
    assert await is_not_in_line(lobby, "acc_a")
    await lobby.claim("acc_a", 1)
    assert (await lobby.api.joins.place(lobby.event.id, "acc_a")).inside is not None


async def test_a_loss_forgets_who_left_before_the_draw_and_keeps_their_place(lobby: Bench) -> None:
    await lobby.join("acc_a")
    await step(lobby.leader)
    await lobby.leave("acc_a")
    await lobby.valkey.execute("DEL", f"w:{{{lobby.event.id}}}:meta")
    await step(lobby.leader)
    assert (await lobby.api.joins.place(lobby.event.id, "acc_a")).index == 1


async def test_indexes_beyond_the_reserved_ones_are_reserved_first(lobby: Bench) -> None:
    before = (await lobby.line()).issued
    await lobby.valkey.execute("HSET", f"w:{{{lobby.event.id}}}:meta", "seq", before)
    view = await lobby.join("acc_a")
    assert view.place.index == before + 1
    assert (await lobby.line()).issued == before + 5 * INDEX_BLOCK


async def test_without_the_database_no_index_is_given_beyond_the_reserved_ones(lobby: Bench) -> None:
    await lobby.join("acc_a")
    issued = (await lobby.line()).issued
    lobby.db.away = True
    assert (await lobby.join("acc_b")).place.index == 2
    await lobby.valkey.execute("HSET", f"w:{{{lobby.event.id}}}:meta", "seq", issued)
    with pytest.raises(Unavailable):
        await lobby.join("acc_c")


async def test_a_lost_line_says_so(lobby: Bench) -> None:
    await lobby.valkey.execute("DEL", f"w:{{{lobby.event.id}}}:meta")
    with pytest.raises(Unavailable) as problem:
        await lobby.join("acc_a")
    assert problem.value.code == "rebuilding"
    with pytest.raises(Unavailable) as problem:
        await lobby.leave("acc_a")
    assert problem.value.code == "rebuilding"


async def test_who_calls_without_end_is_told_to_wait(lobby: Bench) -> None:
    for _ in range(30):
        await lobby.join("acc_a")
    with pytest.raises(RateLimited):
        await lobby.join("acc_a")
    assert (await lobby.join("acc_b")).place.index == 2
    assert (await lobby.census()).refused == 1


@pytest.fixture
async def opened(bench: Bench) -> Bench:
    """The bench, its line open: three are called, and nobody has come yet."""
    leader = bench.candidate()
    await step(leader)
    bench.clock.advance(LOBBY_MS / 1000)
    for _ in range(3):
        await step(leader)
        bench.clock.advance(1)
    return bench


async def test_in_an_open_line_with_room_a_join_is_a_way_in(opened: Bench) -> None:
    views = [await opened.join(f"acc_{n}") for n in range(5)]
    assert [view.entry is not None for view in views] == [True] * 3 + [False] * 2
    assert [view.place.position for view in views] == [1, 2, 3, 4, 5]


async def test_a_place_that_was_given_up_is_not_given_back(opened: Bench) -> None:
    ticket = (await opened.join("acc_a")).ticket
    assert await opened.leave("acc_a")
    assert not await opened.leave("acc_a")
    assert await is_not_in_line(opened, "acc_a")
    assert (await opened.join("acc_a", ticket)).place.index == 2


async def test_nobody_is_given_new_places_without_end(opened: Bench) -> None:
    for index in range(1, 11):
        assert (await opened.join("acc_a")).place.index == index
        await opened.leave("acc_a")
    with pytest.raises(RateLimited) as problem:
        await opened.join("acc_a")
    assert problem.value.extra["retry_after"] > 3000
    assert (await opened.join("acc_b")).place.index == 11


async def test_a_place_is_free_of_toll_and_a_new_one_is_not(opened: Bench) -> None:
    with pytest.raises(TollOwed):
        await opened.join("acc_a", paid=False)
    ticket = (await opened.join("acc_a")).ticket
    assert (await opened.join("acc_a", paid=False)).place.index == 1
    await opened.valkey.execute("DEL", f"w:{{{opened.event.id}}}:reg")
    assert (await opened.join("acc_a", ticket, paid=False)).place.index == 1, "what Valkey lost comes back for nothing"
    await opened.leave("acc_a")
    with pytest.raises(TollOwed):
        await opened.join("acc_a", ticket, paid=False)
    assert (await opened.join("acc_a", ticket)).place.index == 2


async def leave_what_began_by(bench: Bench, begun_by: int | None) -> bool:
    """End acc_a's visit, as the news of an order does."""
    return await bench.api.joins.leave(bench.event.id, "acc_a", Ending.ORDERED, begun_by=begun_by)


async def test_a_visit_that_began_later_is_not_ended(opened: Bench) -> None:
    began, who = opened.now, await opened.subject("acc_a")
    assert (await opened.join("acc_a")).entry is not None
    assert not await leave_what_began_by(opened, began - 1)
    assert await opened.inside() == {who}
    assert await leave_what_began_by(opened, began)
    assert await opened.inside() == set()


async def back_again(bench: Bench, *, let_in: bool) -> int:
    """acc_a was inside, left, and joined again: waits, or is inside once more. Gives an instant of the first visit."""
    assert (await bench.join("acc_a")).entry is not None
    ordered_at = bench.now
    bench.clock.advance(1)
    assert await bench.leave("acc_a")
    # Three were called, and all have come: whoever joins now waits for the leader.
    for person in ("acc_b", "acc_c"):
        await bench.join(person)
    assert (await bench.join("acc_a")).entry is None
    if let_in:
        bench.clock.advance(1)
        await step(bench.leader)
        await bench.claim("acc_a")
    return ordered_at


@pytest.mark.parametrize("let_in", [False, True])
async def test_who_is_back_keeps_what_they_have_when_an_earlier_visit_is_to_be_ended(
    opened: Bench, let_in: bool
) -> None:
    ordered_at = await back_again(opened, let_in=let_in)
    before = await opened.api.joins.place(opened.event.id, "acc_a")
    assert (before.inside is not None) == let_in
    assert not await leave_what_began_by(opened, ordered_at)
    assert await opened.api.joins.place(opened.event.id, "acc_a") == before


@pytest.mark.parametrize("let_in", [False, True])
async def test_control_without_an_instant_it_would_be_taken(opened: Bench, let_in: bool) -> None:
    await back_again(opened, let_in=let_in)
    assert await leave_what_began_by(opened, None)
    with pytest.raises(NotFound):
        await opened.api.joins.place(opened.event.id, "acc_a")


async def test_of_a_closed_line_that_valkey_has_forgotten_there_is_nothing_to_leave(opened: Bench) -> None:
    """Nobody leads it any more: to wait until it is brought back would be to wait for ever."""
    await opened.join("acc_a")
    opened.clock.advance(60 * 24 * 3600)
    await step(opened.leader)
    assert (await opened.line()).phase == "closed"
    keys = await opened.valkey.execute("KEYS", f"w:{{{opened.event.id}}}:*")
    await opened.valkey.execute("DEL", *keys)
    assert not await opened.leave("acc_a")
    assert await is_not_in_line(opened, "acc_a")
