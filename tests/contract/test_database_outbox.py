"""The outbox on each kind of database: nothing is lost, nothing runs twice at once, poison stops nobody else."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.contract.database_fixtures import Place, outbox
from tests.contract.outbox_desk import NOW, Desk, drained, texts, write, written
from ticketing.base import alerts
from ticketing.base import outbox as outbox_module
from ticketing.base.outbox import OutboxRow, RetryLater, Topic, backoff, outbox_stats, put

TIRELESS = 2_000
"""Tries of a row that is never given up, after a night of them."""


@pytest.fixture
def desk(books: Place) -> Desk:
    """Each kind of database."""
    return Desk(books)


class TestPut:
    async def test_messages_exist_if_and_only_if_their_transaction_commits(self, desk: Desk) -> None:
        async def rolled_back(conn: AsyncConnection) -> None:
            await put(conn, "news", [b"never"], NOW)
            raise ValueError

        with pytest.raises(ValueError):
            await desk.db.transact(rolled_back)
        await desk.put("once", "좌석")
        assert await desk.payloads() == ["once", "좌석"]

    async def test_a_message_waits_for_its_time_and_topics_do_not_mix(self, desk: Desk) -> None:
        seen: list[str] = []

        async def handler(_: AsyncConnection, rows: Sequence[OutboxRow]) -> None:
            seen.extend(texts(rows))

        topic = desk.transactional(handler)
        await desk.put("later", delay_ms=5000)
        await desk.put("foreign", topic="other")
        assert await topic.run_once() == 0
        desk.clock.advance(5)
        assert await topic.run_once() == 1
        assert seen == ["later"]
        assert await desk.payloads() == ["foreign"]

    async def test_large_and_binary_payloads(self, desk: Desk) -> None:
        body = bytes(range(256)) * 230
        await desk.db.transact(lambda conn: put(conn, "news", [body], NOW))
        assert (await desk.db.fetch(select(outbox.c.payload)))[0][0] == body

    async def test_stats(self, desk: Desk) -> None:
        await desk.put("a", "b")
        desk.clock.advance(7)
        async with desk.db.read() as conn:
            stats = await outbox_stats(conn, desk.clock.now_ms())
        assert stats == {"unsent": 2, "oldest_seconds": 7.0, "dead": 0}


class TestTransactional:
    async def test_the_work_and_the_end_of_the_message_are_one_commit(self, desk: Desk) -> None:
        async def handler(conn: AsyncConnection, rows: Sequence[OutboxRow]) -> None:
            await write(conn, texts(rows))

        await desk.put("a", "b")
        assert await desk.transactional(handler).run_once() == 2
        assert await written(desk.db) == {"a": 1, "b": 1}
        assert await desk.payloads() == []

    async def test_a_batch_that_fails_is_done_one_by_one_and_poison_ends_dead(self, desk: Desk) -> None:
        async def handler(conn: AsyncConnection, rows: Sequence[OutboxRow]) -> None:
            await write(conn, texts(rows))
            if "poison" in texts(rows):
                raise ValueError("cannot be")

        topic = desk.transactional(handler, max_attempts=3)
        await desk.put("a", "poison", "b")
        for _ in range(6):
            await topic.run_once()
            desk.clock.advance(120)
        # Nothing of the failed batch stayed, everything else was done once.
        assert await written(desk.db) == {"a": 1, "b": 1}
        (dead,) = await desk.db.fetch(select(outbox).where(outbox.c.topic == "news"))
        assert (dead.payload, dead.dead, dead.attempts) == (b"poison", 1, 3)
        assert "cannot be" in dead.last_error
        assert await topic.run_once() == 0

    async def test_two_workers_share_the_rows_and_do_each_once(self, desk: Desk) -> None:
        done: Counter[str] = Counter()

        async def handler(conn: AsyncConnection, rows: Sequence[OutboxRow]) -> None:
            await write(conn, texts(rows))
            await asyncio.sleep(0)
            done.update(texts(rows))

        await desk.put(*(f"m{i:03}" for i in range(120)))
        workers = [desk.transactional(handler, batch=10) for _ in range(3)]
        await asyncio.gather(*(drained(worker) for worker in workers))
        # Handled may be more than once, after a lost lock; committed never.
        assert await written(desk.db) == {f"m{i:03}": 1 for i in range(120)}
        assert set(done) == set(await written(desk.db))

    async def test_a_crash_before_the_commit_leaves_the_message(self, desk: Desk) -> None:
        begun = asyncio.Event()

        async def hangs(conn: AsyncConnection, rows: Sequence[OutboxRow]) -> None:
            await write(conn, texts(rows))
            begun.set()
            await asyncio.Event().wait()

        async def works(conn: AsyncConnection, rows: Sequence[OutboxRow]) -> None:
            await write(conn, texts(rows))

        await desk.put("a")
        task = asyncio.create_task(desk.transactional(hangs).run_once())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await written(desk.db) == {}
        assert await desk.transactional(works).run_once() == 1
        assert await written(desk.db) == {"a": 1}


class TestLeased:
    async def test_what_is_under_lease_nobody_else_is_given(self, desk: Desk) -> None:
        second: list[list[str]] = []

        async def other(rows: Sequence[OutboxRow]) -> None:
            second.append(texts(rows))

        async def handler(rows: Sequence[OutboxRow]) -> None:
            assert await desk.leased(other).run_once() == 0
            await desk.forget(rows)

        await desk.put("a", "b")
        assert await desk.leased(handler).run_once() == 2
        assert second == []
        assert await desk.payloads() == []

    async def test_after_a_crash_the_message_comes_again_when_its_lease_is_over(self, desk: Desk) -> None:
        attempts: list[int] = []

        async def crashes(rows: Sequence[OutboxRow]) -> None:
            raise asyncio.CancelledError

        async def works(rows: Sequence[OutboxRow]) -> None:
            attempts.extend(row.attempts for row in rows)
            await desk.forget(rows)

        await desk.put("a")
        with pytest.raises(asyncio.CancelledError):
            await desk.leased(crashes).run_once()
        worker = desk.leased(works)
        desk.clock.advance(59)
        assert await worker.run_once() == 0
        desk.clock.advance(2)
        assert await worker.run_once() == 1
        assert attempts == [1]
        assert await desk.payloads() == []

    async def test_those_that_failed_come_again_later_and_later_and_end_dead(self, desk: Desk) -> None:
        tries: list[int] = []

        async def handler(rows: Sequence[OutboxRow]) -> dict[int, Exception]:
            good = [row for row in rows if row.payload != b"poison"]
            await desk.forget(good)
            bad = [row for row in rows if row.payload == b"poison"]
            tries.extend(desk.clock.now_ms() - NOW for _ in bad)
            return {row.id: ValueError("no") for row in bad}

        await desk.put("a", "poison")
        topic = desk.leased(handler, max_attempts=4)
        for _ in range(400):
            await topic.run_once()
            desk.clock.advance(0.25)
        assert await desk.payloads() == ["poison"]
        assert tries == [0, 500, 1500, 3500]
        async with desk.db.read() as conn:
            assert (await outbox_stats(conn, NOW))["dead"] == 1

    async def test_patience_is_no_failure(self, desk: Desk) -> None:
        tries = 0

        async def handler(rows: Sequence[OutboxRow]) -> dict[int, Exception]:
            nonlocal tries
            tries += 1
            return {row.id: RetryLater(10, "not yet") for row in rows}

        await desk.put("a")
        topic = desk.leased(handler, max_attempts=3)
        for _ in range(20):
            assert await topic.run_once() == 1
            assert await topic.run_once() == 0
            desk.clock.advance(10)
        (row,) = await desk.db.fetch(select(outbox))
        assert (tries, row.dead, row.attempts) == (20, 0, 20)

    async def test_a_handler_that_breaks_fails_all_its_rows(self, desk: Desk) -> None:
        async def handler(rows: Sequence[OutboxRow]) -> None:
            raise RuntimeError("broken")

        await desk.put("a", "b")
        assert await desk.leased(handler).run_once() == 2
        assert {row.last_error for row in await desk.db.fetch(select(outbox))} == {"RuntimeError('broken')"}
        assert await desk.leased(handler).run_once() == 0

    async def test_three_workers_never_have_the_same_row(self, desk: Desk) -> None:
        given: Counter[str] = Counter()

        async def handler(rows: Sequence[OutboxRow]) -> None:
            given.update(texts(rows))
            await asyncio.sleep(0)
            await desk.forget(rows)

        await desk.put(*(f"m{i:03}" for i in range(120)))
        workers = [desk.leased(handler, batch=10) for _ in range(3)]
        await asyncio.gather(*(drained(worker) for worker in workers))
        assert given == {f"m{i:03}": 1 for i in range(120)}
        assert await desk.payloads() == []


class TestBackoff:
    async def _tried(self, desk: Desk, payload: str, attempts: int) -> None:
        async with desk.db.write() as conn:
            await conn.execute(update(outbox).where(outbox.c.payload == payload.encode()).values(attempts=attempts))

    async def test_what_has_been_tried_for_a_night_is_put_back_and_its_neighbours_are_done(self, desk: Desk) -> None:
        async def handler(rows: Sequence[OutboxRow]) -> dict[int, Exception]:
            await desk.forget([row for row in rows if row.payload != b"old"])
            late = [row for row in rows if row.payload == b"old"]
            return {row.id: RetryLater(backoff(row.attempts, most=30), "not yet") for row in late}

        await desk.put("a", "old", "b")
        await self._tried(desk, "old", TIRELESS)
        topic = desk.leased(handler)
        assert await topic.run_once() == 3
        (row,) = await desk.db.fetch(select(outbox))
        assert (row.payload, row.attempts, row.dead, row.available_at) == (b"old", TIRELESS + 1, 0, NOW + 30_000)
        desk.clock.advance(30)
        assert await topic.run_once() == 1, "and it is not given up"

    async def test_what_has_been_tried_for_a_night_and_then_fails_is_dead_and_staff_hear_of_it(
        self, desk: Desk
    ) -> None:
        async def breaks(rows: Sequence[OutboxRow]) -> None:
            raise RuntimeError("broken")

        await desk.put("a", "old", "b")
        await self._tried(desk, "old", TIRELESS)
        assert await desk.leased(breaks).run_once() == 3
        rows = await desk.db.fetch(select(outbox).where(outbox.c.topic == "news").order_by(outbox.c.id))
        assert [(row.payload, row.attempts, row.dead) for row in rows] == [
            (b"a", 1, 0),
            (b"old", TIRELESS + 1, 1),
            (b"b", 1, 0),
        ]
        # Each waits as long as its own tries say.
        assert [row.available_at - NOW for row in rows] == [500, 60_000, 500]
        (told,) = await desk.db.fetch(select(outbox.c.payload).where(outbox.c.topic == alerts.TOPIC))
        alert = alerts.decode(told.payload)
        assert alert.subject == "Follow-up given up: news"
        assert f"Row {rows[1].id} " in alert.text

    async def test_of_thousands_that_are_given_up_for_one_cause_staff_hear_once(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def breaks(rows: Sequence[OutboxRow]) -> None:
            raise RuntimeError("broken")

        names = [f"n{number}" for number in range(5)]
        await desk.put(*names)
        for name in names:
            await self._tried(desk, name, TIRELESS)
        topic = desk.leased(breaks)
        assert await topic.run_once() == 5
        told = select(outbox.c.id).where(outbox.c.topic == alerts.TOPIC)
        assert len(await desk.db.fetch(told)) == 1
        monkeypatch.setattr(outbox_module, "QUIET_SECONDS", 0.0)
        await desk.put("later")
        await self._tried(desk, "later", TIRELESS)
        assert await topic.run_once() == 1
        assert len(await desk.db.fetch(told)) == 2, "and again when it goes on"


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 0.5), (1, 1.0), (5, 16.0), (6, 30.0), (1_022, 30.0), (1_100, 30.0), (10**6, 30.0)]
)
def test_the_wait_between_tries_doubles_up_to_its_limit(attempts: int, seconds: float) -> None:
    assert backoff(attempts, most=30) == seconds


async def test_without_leases_two_workers_are_given_the_same_row(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control."""
    both_have_it = asyncio.Barrier(2)
    given: Counter[str] = Counter()

    async def only_look(self: Topic) -> list[OutboxRow]:
        async with self._db.read() as conn:
            return [OutboxRow(*row) for row in (await conn.execute(self._due())).all()]

    async def handler(rows: Sequence[OutboxRow]) -> None:
        given.update(texts(rows))
        await both_have_it.wait()

    monkeypatch.setattr(Topic, "_lease", only_look)
    await desk.put("a")
    await asyncio.gather(*(desk.leased(handler).run_once() for _ in range(2)))
    assert given == {"a": 2}


async def test_a_topic_runs_until_it_is_told_to_stop(desk: Desk) -> None:
    done = asyncio.Event()

    async def handler(_: AsyncConnection, rows: Sequence[OutboxRow]) -> None:
        if "last" in texts(rows):
            done.set()

    topic = desk.transactional(handler)
    stop = asyncio.Event()
    running = asyncio.create_task(topic.run(stop))
    await desk.put("first")
    await desk.put("last")
    topic.nudge()
    await asyncio.wait_for(done.wait(), 20)
    stop.set()
    topic.nudge()
    await asyncio.wait_for(running, 20)
    assert await desk.payloads() == []


class TestPace:
    @pytest.mark.parametrize(("pace", "batches"), [(0.5, range(2, 6)), (0.0, range(8, 21))])
    async def test_a_rush_is_worked_off_in_batches_that_are_worth_it(
        self, desk: Desk, pace: float, batches: range
    ) -> None:
        """One message after another, each with a nudge: with no pace (the control), each becomes a batch."""
        seen: list[list[str]] = []

        async def handler(_: AsyncConnection, rows: Sequence[OutboxRow]) -> None:
            seen.append(texts(rows))

        topic = Topic("news", desk.place.connect(), desk.clock, transactional=handler, pace_seconds=pace)
        stop = asyncio.Event()
        running = asyncio.create_task(topic.run(stop))
        for n in range(20):
            await desk.put(str(n))
            topic.nudge()
            await asyncio.sleep(0.04)
        while sum(map(len, seen)) < 20:
            await asyncio.sleep(0.02)
        stop.set()
        await running
        assert sorted(int(text) for batch in seen for text in batch) == list(range(20))
        assert len(seen) in batches
