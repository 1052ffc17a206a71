"""What the leader does each second: phases, whom it calls, pause, sold out, trouble of one event or of a store."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.rooms.waiting.line_bench import DAY, LOBBY_MS, PLENTY, Bench, step
from ticketing.base.errors import Conflict
from ticketing.catalog import sql as catalog_sql
from ticketing.waiting import open_line, sql
from ticketing.waiting.beacon import Beacon
from ticketing.waiting.controls import Change
from ticketing.waiting.model import INDEX_BLOCK, RESERVATION_MS, Phase, Signs, Stock


async def tick(bench: Bench, *, seconds: float = 1) -> int:
    """Time passes, and the leader acts; gives `serving`."""
    bench.clock.advance(seconds)
    await step(bench.leader)
    return (await bench.line()).serving


async def draw(bench: Bench, people: int = 8) -> None:
    """A line of so many, just drawn."""
    await step(bench.candidate())
    for number in range(people):
        await bench.join(f"acc_{number}")
    await tick(bench, seconds=LOBBY_MS / 1000)


async def test_a_line_goes_through_its_phases(bench: Bench) -> None:
    leader = bench.candidate()
    bench.clock.advance(-2 * 3600)
    seen = []
    for seconds in (0, 2 * 3600, LOBBY_MS / 1000, 1):
        bench.clock.advance(seconds)
        for _ in range(10):
            await step(leader)
        seen.append((await bench.line()).phase)
    bench.stock = Stock((0,), 0, (5,))
    await tick(bench)
    seen.append((await bench.line()).phase)
    bench.stock = Stock((0,), 1, (5,))
    await tick(bench)
    seen.append((await bench.line()).phase)
    await tick(bench, seconds=60 * DAY / 1000)
    seen.append((await bench.line()).phase)
    assert seen == [
        Phase.ANNOUNCED, Phase.LOBBY, Phase.OPEN, Phase.OPEN, Phase.SOLD_OUT, Phase.OPEN, Phase.CLOSED,
    ]  # fmt: skip
    assert (await bench.meta())["phase"] == "closed"


async def test_as_many_are_called_as_there_are_slots_and_no_more(bench: Bench) -> None:
    await draw(bench)
    for _ in range(10):
        assert await tick(bench) <= 3
    assert (await bench.line()).serving == 3


async def test_who_does_not_come_is_passed_over_after_the_reservation(bench: Bench) -> None:
    await draw(bench)
    for _ in range(3):
        await tick(bench)
    assert (await bench.line()).serving == 3
    assert await tick(bench, seconds=RESERVATION_MS / 1000) > 3


async def test_filling_the_empty_house_is_not_the_pace_of_the_line(bench: Bench) -> None:
    """Else ten thousand would look again at once, because a wait of an hour seemed to be one of seconds."""
    await draw(bench)
    for _ in range(3):
        await tick(bench)
    filled = await bench.census(fence=1)
    assert (filled.serving, filled.moved) == (3, 0)
    serving = await tick(bench, seconds=RESERVATION_MS / 1000)
    assert (await bench.census(fence=1)).moved == serving - 3 > 0


async def test_a_line_that_stood_still_for_long_goes_on(bench: Bench) -> None:
    """Once it forgot what it had called when nothing was called for three minutes, and never moved again."""
    await draw(bench)
    for _ in range(3):
        await tick(bench)
    await bench.controls.change(bench.event.id, "acc_p", Change(paused=True))
    for _ in range(30):
        await tick(bench, seconds=20)
    stood = await bench.census(fence=9)
    assert (stood.serving, stood.unclaimed, stood.moved) == (3, 0, 0)


async def test_nobody_is_called_during_a_pause(bench: Bench) -> None:
    await draw(bench)
    await bench.controls.change(bench.event.id, "acc_p", Change(paused=True))
    before = await tick(bench)
    for _ in range(5):
        assert await tick(bench, seconds=20) == before
    await bench.controls.change(bench.event.id, "acc_p", Change(paused=False))
    await tick(bench)
    assert await tick(bench) > before


async def test_a_cap_of_nought_calls_nobody(bench: Bench) -> None:
    await bench.controls.change(bench.event.id, "acc_p", Change(cap=0))
    await draw(bench)
    for _ in range(5):
        assert await tick(bench, seconds=20) == 0


async def test_no_more_are_called_than_seats_can_be_had(bench: Bench) -> None:
    bench.stock = Stock((1,), 0, (5,))
    await bench.controls.change(bench.event.id, "acc_p", Change(cap=100))
    await draw(bench)
    for _ in range(5):
        assert await tick(bench) <= 2


async def test_a_sale_in_pain_lets_in_fewer(bench: Bench) -> None:
    await bench.controls.change(bench.event.id, "acc_p", Change(cap=1000, rate_limit=6000))
    bench.signs = Signs(hold_ms=5_000)
    await draw(bench, 3)
    for _ in range(5):
        await tick(bench)
    assert float((await bench.meta())["health"]) == pytest.approx(0.05)
    bench.signs = Signs(hold_ms=5)
    for _ in range(4):
        await tick(bench)
    assert float((await bench.meta())["health"]) == pytest.approx(0.25)


async def test_stock_that_nobody_knows_stops_nothing(bench: Bench) -> None:
    bench.stock = None
    await draw(bench)
    for _ in range(3):
        await tick(bench)
    assert (await bench.line()).serving == 3


async def test_sold_out_calls_nobody_and_seats_that_come_back_do(bench: Bench) -> None:
    await draw(bench)
    bench.stock = Stock((0,), 0, (5,))
    before = await tick(bench)
    assert await tick(bench, seconds=30) == before
    bench.stock = PLENTY
    await tick(bench)
    assert await tick(bench) > before


async def test_a_draining_line_still_lets_in_who_waits(bench: Bench) -> None:
    await draw(bench)
    await bench.controls.change(bench.event.id, "acc_p", Change(draining=True))
    for _ in range(3):
        await tick(bench)
    assert (await bench.line()).serving == 3
    with pytest.raises(Conflict):
        await bench.join("acc_new")


async def test_while_the_database_is_away_nothing_is_decided_and_the_status_lives(bench: Bench) -> None:
    await draw(bench)
    before = await tick(bench)
    bench.db.away = True
    bench.clock.advance(30)
    await step(bench.leader)
    status = await bench.api.store.status(bench.event.id)
    assert status is not None
    assert f'"serving":{before}'.encode() in status
    assert bench.now // 1000 % 60 == int(status.split(b'"at":"')[1][17:19])
    bench.db.away = False
    await tick(bench)
    assert await tick(bench) > before


async def test_an_event_that_cannot_be_read_stops_no_line(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def with_another(*_: Any) -> list[str]:
        return ["evt_deleted", bench.event.id]

    monkeypatch.setattr(catalog_sql, "events_with_line", with_another)
    with capture_logs() as said:
        await step(bench.candidate())
    assert (await bench.line()).phase == Phase.LOBBY
    assert "line_not_made" in {entry["event"] for entry in said}


async def test_people_who_go_on_joining_do_not_keep_the_draw_waiting(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_line, "CHUNK", 3)
    await step(bench.candidate())
    for number in range(7):
        await bench.join(f"acc_{number}")
    save, late = sql.save_places, 0

    async def while_another_joins(*args: Any) -> None:
        nonlocal late
        await save(*args)
        if late < 50 and (await bench.meta())["phase"] == Phase.DRAWING:
            late += 1
            await bench.join(f"acc_late_{late}")

    monkeypatch.setattr(sql, "save_places", while_another_joins)
    bench.clock.advance(LOBBY_MS / 1000)
    # The leader saves before it closes: these join in between.
    bench.when_decided = lambda: join_all(bench, [f"acc_before_{number}" for number in range(4)])
    await step(bench.leader)
    line = await bench.line()
    assert (line.phase, line.n) == (Phase.OPEN, 11)
    assert late < 5
    saved = await bench.rows("SELECT COUNT(*) FROM line_places WHERE event_id = :e AND idx <= 11")
    assert saved == [(11,)], "everybody of the cohort is in the draw"


async def join_all(bench: Bench, accounts: list[str]) -> None:
    """All of them join."""
    for account in accounts:
        await bench.join(account)


class SilentBeacons:
    """A beacon that takes its time."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers = asyncio.Event()

    async def fetch(self, source: str, round_: int) -> Beacon:
        """See Beacons."""
        self.asked += 1
        await self.answers.wait()
        return Beacon(source, round_, bytes(32))


async def test_a_slow_beacon_keeps_its_own_line_waiting_and_no_tick(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_line, "BEACON_SECONDS", 0.05)
    bench.beacons = beacons = SilentBeacons()
    async with bench.db.engine.begin() as conn:
        await sql.update_line(conn, bench.event.id, 1, beacon_source="drand-quicknet")
    await step(bench.candidate())
    await tick(bench, seconds=LOBBY_MS / 1000)
    async with asyncio.timeout(10):
        for _ in range(2):
            await tick(bench, seconds=10)
    assert (await bench.line()).phase == Phase.DRAWING
    assert beacons.asked == 2
    beacons.answers.set()
    await tick(bench)
    assert (await bench.line()).phase == Phase.OPEN


async def test_indexes_that_a_process_reserves_meanwhile_hide_nothing_else(bench: Bench) -> None:
    await draw(bench)
    line = await bench.line()
    await bench.valkey.execute("HSET", f"w:{{{bench.event.id}}}:meta", "seq", line.issued - 10, "limit", line.issued)

    async def reserve() -> None:
        await bench.db.transact(lambda conn: sql.reserve(conn, bench.event.id, 100 * INDEX_BLOCK))

    bench.when_decided = reserve
    serving = await tick(bench, seconds=RESERVATION_MS / 1000)
    assert serving == int((await bench.meta())["serving"]) > line.serving
    assert (await bench.line()).issued == line.issued + 100 * INDEX_BLOCK


async def for_ever(bench: Bench) -> list[str]:
    """The line's keys that Valkey would keep."""
    keys = await bench.valkey.execute("KEYS", f"w:{{{bench.event.id}}}:*")
    assert keys
    return [key.decode() for key in keys if await bench.valkey.execute("PTTL", key) < 0]


async def test_valkey_forgets_a_closed_line_in_time_and_nothing_is_lost(bench: Bench) -> None:
    await draw(bench)
    for _ in range(3):
        await tick(bench)
    views = {account: await bench.join(account) for account in [f"acc_{number}" for number in range(8)]}
    waiting, leaving, *_ = (account for account, view in views.items() if view.entry is None)
    assert await for_ever(bench)

    async def late() -> None:
        """After the tick has saved."""
        bench.when_decided = nothing
        await bench.join("acc_last")
        await bench.leave(leaving)

    async def nothing() -> None:
        """No more."""

    bench.when_decided = late
    await tick(bench, seconds=60 * DAY / 1000)
    assert (await bench.line()).phase == Phase.CLOSED
    assert await for_ever(bench) == []
    found = "SELECT COUNT(*) FROM line_places WHERE event_id = :e AND subject = :s"
    assert await bench.rows(found, s=await bench.subject("acc_last")) == [(1,)]
    ended = "SELECT reason FROM line_visits WHERE event_id = :e AND subject = :s AND live IS NULL"
    assert await bench.rows(ended, s=await bench.subject(leaving)) == [("left",)]
    # Whoever comes now makes no new keys: with the ticket of a place that was lost, or by leaving.
    await bench.valkey.execute("HDEL", f"w:{{{bench.event.id}}}:reg", await bench.subject(waiting))
    view = views[waiting]
    for refused in (bench.join(waiting, view.ticket), bench.claim(waiting, view.place.index)):
        with pytest.raises(Conflict) as problem:
            await refused
        assert problem.value.code == "line_closed"
    last = await bench.subject("acc_last")
    assert await bench.api.store.leave(bench.event.id, last, "left", bench.now) == "none"
    await bench.api.store.count_refused(bench.event.id)
    assert await for_ever(bench) == []
    await bench.valkey.execute("DEL", f"w:{{{bench.event.id}}}:meta")
    await bench.api.store.count_refused(bench.event.id)
    assert await bench.meta() == {}


@pytest.mark.parametrize("point", ["line:frozen", "line:drawn", "line:decided", "line:tick"])
async def test_the_next_leader_ends_what_a_dead_one_began(bench: Bench, point: str) -> None:
    await step(bench.candidate())
    people = [f"acc_{number}" for number in range(4)]
    for person in people:
        await bench.join(person)
    standby = bench.candidate()
    await step(standby)
    bench.clock.advance(LOBBY_MS / 1000)
    bench.crash_at = point
    await step(standby)
    for _ in range(5):
        bench.clock.advance(1)
        await step(standby)
    assert not bench.crash_at
    line = await bench.line()
    assert (line.phase, line.n, line.serving) == (Phase.OPEN, 4, 3)
    places = {person: (await bench.api.joins.place(bench.event.id, person)).position for person in people}
    assert sorted(place or 0 for place in places.values()) == [1, 2, 3, 4]
