"""Visits in the books: written together, in whatever order they come, and ended once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.rooms.waiting.line_bench import Bench, a_subject, admission
from ticketing.base.db import DatabaseAway
from ticketing.waiting import sql
from ticketing.waiting.visits import VisitWriter

ALL = "SELECT idx, lease_id, live, reason FROM line_visits WHERE event_id = :e ORDER BY idx"


async def test_what_arrives_together_travels_together(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    save = sql.save_visits

    async def counted(db: Any, conn: Any, visits: Any) -> None:
        sizes.append(len(visits))
        await save(db, conn, visits)

    monkeypatch.setattr(sql, "save_visits", counted)
    visits = [admission(bench, n, a_subject(str(n))) for n in range(1, 1202)]
    await asyncio.gather(*(bench.api.writer.save(visit, visit.index, bench.now) for visit in visits))
    assert len(await bench.rows(ALL)) == 1201
    assert max(sizes) == 500
    assert len(sizes) <= 4


async def test_everyone_of_a_batch_hears_that_it_failed(bench: Bench) -> None:
    bench.db.away = True
    saves = [bench.api.writer.save(admission(bench, n, a_subject(str(n))), n, bench.now) for n in range(1, 9)]
    answers = await asyncio.gather(*saves, return_exceptions=True)
    assert {type(answer) for answer in answers} == {DatabaseAway}
    bench.db.away = False
    await bench.api.writer.save(admission(bench, 1, a_subject("1")), 1, bench.now)
    assert len(await bench.rows(ALL)) == 1


async def test_who_waits_when_the_process_stops_is_told(bench: Bench) -> None:
    writer = VisitWriter(bench.db)
    waiting = asyncio.create_task(writer.save(admission(bench, 1, a_subject("1")), 1, bench.now))
    await asyncio.sleep(0)
    await writer.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def end(bench: Bench, *endings: tuple[int, str, str, int, str]) -> None:
    """Write endings."""
    await bench.db.transact(lambda conn: sql.end_visits(bench.db, conn, bench.event.id, 1, endings))


async def test_an_ending_that_is_older_than_the_visit_ends_nothing(bench: Bench) -> None:
    who = a_subject("a")
    visit = admission(bench, 1, who)
    await bench.api.writer.save(visit, 1, bench.now)
    await end(bench, (1, who, "idle", bench.now - 1, visit.lease_id))
    assert await bench.rows(ALL) == [(1, visit.lease_id, 1, None)]
    await end(bench, (1, who, "idle", bench.now + 1, visit.lease_id))
    assert await bench.rows(ALL) == [(1, visit.lease_id, None, "idle")]
    await bench.api.writer.save(visit, 1, bench.now + 2)
    assert await bench.rows(ALL) == [(1, visit.lease_id, 1, None)]


async def test_a_place_given_up_before_any_visit_is_written_down_as_used(bench: Bench) -> None:
    await end(bench, (4, a_subject("a"), "left", bench.now, ""), (5, a_subject("b"), "left", bench.now, "vis_lost"))
    assert [(row[0], row[2], row[3]) for row in await bench.rows(ALL)] == [(4, None, "left"), (5, None, "left")]


async def test_an_idle_visit_that_was_never_written_down_leaves_the_place_as_it_was(bench: Bench) -> None:
    await end(bench, (4, a_subject("a"), "idle", bench.now, "vis_lost"))
    assert await bench.rows(ALL) == []


async def test_a_new_visit_ends_an_older_one_of_the_same_person(bench: Bench) -> None:
    who = a_subject("a")
    for index in (1, 2):
        await bench.api.writer.save(admission(bench, index, who), index, bench.now)
    assert [(row[0], row[2]) for row in await bench.rows(ALL)] == [(1, None), (2, 1)]


async def test_two_visits_of_one_person_in_one_batch_harm_nobody(bench: Bench) -> None:
    who = a_subject("a")
    await bench.api.writer.save(admission(bench, 1, who), 1, bench.now)
    visits = [admission(bench, n, who) for n in (4, 3)] + [admission(bench, 2, a_subject("b"))]
    await asyncio.gather(*(bench.api.writer.save(visit, visit.index, bench.now) for visit in visits))
    assert [(row[0], row[2], row[3]) for row in await bench.rows(ALL)] == [
        (1, None, "left"), (2, 1, None), (3, None, "left"), (4, 1, None),
    ]  # fmt: skip


@pytest.mark.parametrize("known", [False, True])
async def test_a_visit_that_is_written_late_ends_no_later_one(bench: Bench, known: bool) -> None:
    who = a_subject("a")
    for index in (1, 2) if known else (2,):
        await bench.api.writer.save(admission(bench, index, who), index, bench.now)
    await bench.api.writer.save(admission(bench, 1, who), 1, bench.now)
    assert [(row[0], row[2], row[3]) for row in await bench.rows(ALL)] == [(1, None, "left"), (2, 1, None)]


async def test_a_visit_that_begins_anew_is_the_one_in_the_books(bench: Bench) -> None:
    who = a_subject("a")
    await bench.api.writer.save(admission(bench, 1, who), 1, bench.now)
    bench.clock.advance(50)
    again = admission(bench, 1, who, lease_id="vis_again")
    await bench.api.writer.save(again, 1, bench.now)
    rows = await bench.rows("SELECT lease_id, admitted_at, ends_at, live FROM line_visits WHERE event_id = :e")
    assert rows == [("vis_again", again.admitted_at, again.ends_at, 1)]
