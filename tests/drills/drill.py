"""The drill programme: `python -m tests.drills.programme` breaks each part of the stack in mid-sale, one by one.

Each drill: a new event on sale with a waiting line, buyers who arrive one after the other through CDN and balancer,
a fault, time to recover. Then checkers that share no code with the platform judge what its buyers were told against
the books, `ticketing fsck` looks, and the share of requests answered well is counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from redis import Redis

from tests.drills import faults
from tests.drills.availability import Availability, Span, measure
from tests.drills.books import Provider, query
from tests.drills.checker import FINAL, Verdict
from tests.drills.faults import Fault
from tests.drills.history import History
from tests.drills.line_checker import Breach, Evidence
from tests.drills.line_checker import check as check_line
from tests.drills.sale import Crowd, Sale, crowd_at, require_contention
from tests.drills.shoppers import Shoppers
from tests.drills.site import NotAtRest, NothingHappened
from tests.drills.yard import Yard
from ticketing.waiting import sql

PACE = 3.0
"""Buyers per second: light, so that what is seen is the fault and not the machine's limit."""
BEFORE, AFTER = 4.0, 8.0
"""Seconds of sale before the fault begins and after it has ended."""
NARROW, WIDE = 20, 100
"""People inside at most. A visit ends when its order is paid: at `PACE` some six are inside, and a narrow door is full
when many come at once, or the machine is slow. A wide one is for faults that hold up orders, and with them the end of
visits, or that lose ends of visits: those count as inside for two minutes more (ADR 15), and a narrow door would keep
away the buyers that such a drill is about."""
HELD_UP = frozenset({"provider", "database", "queue", "disk"})
"""Parts without which no order is paid; the names of drills name them."""
FORGETFUL = frozenset({"kill-cache", "stop-cache", "cache-fail-over", "cache-flushed", "disk-full"})
"""Drills in which Valkey loses what it knew."""
ROOM = 1.2
"""How many more than come may be let in within a minute. The window is longer than most drills: a rate that is reached
would make them a minute longer."""
OPENS_SECONDS = 60.0
"""Within which the line of a new event opens on a stack in good order; usually two."""


@dataclass(frozen=True)
class Drill:
    """One drill. `seconds`: how long the fault takes, roughly; `announced`: a fail-over of the database, whose
    seconds do not count; `stack`: yard (servers) or embedded (SQLite on a small disk); `clock`: it needs libfaketime;
    `cap`: people inside at most; `forgets`: Valkey loses what it knew.
    """

    name: str
    what: str
    fault: Fault
    seconds: float
    announced: bool = False
    stack: str = "yard"
    clock: bool = False
    cap: int = NARROW
    forgets: bool = False

    @property
    def most_inside(self) -> int:
        """What the line keeps to. One more may be inside for two minutes after a loss of Valkey (ADR 15)."""
        return self.cap + self.forgets


def _each(prefix: str, text: str, made: Sequence[tuple[str, Fault, float]]) -> list[Drill]:
    return [Drill(f"{prefix}-{name}", text.format(name), fault, seconds) for name, fault, seconds in made]


def drills(disk: Path) -> list[Drill]:
    """The whole programme. `disk`: the small file system of the embedded stack."""
    kill, stop, cut = faults.killed, faults.stopped, faults.cut
    programme = [
        Drill("nothing", "no fault: what the numbers are worth", faults.nothing, 8),
        *_each("kill", "SIGKILL of {}, started again after 1 s", [
            ("api-1", kill("api-1"), 5), ("leader", kill("leader"), 3), ("provider", kill("provider"), 5),
            ("standby", kill("standby"), 3), ("cache", kill("cache"), 2), ("replica", kill("replica"), 2),
            ("queue", kill("queue"), 2),
        ]),
        Drill("kill-database", "SIGKILL of the database, started again after 1 s", kill("database"), 4, announced=True),
        *_each("stop", "SIGSTOP of {} for 8 s, then SIGCONT", [
            (name, stop(name, 8.0), 8)
            for name in ("api-1", "leader", "standby", "provider", "cache", "replica", "queue")
        ]),
        Drill("stop-database", "SIGSTOP of the database for 8 s, then SIGCONT", stop("database", 8.0), 8, True),
        Drill("rolling-restart", "every API process and worker replaced, one by one", faults.rolling_restart, 25),
        Drill("cache-fail-over", "Valkey primary dies, replica promoted 2 s later", faults.fail_over, 4),
        Drill("cache-flushed", "FLUSHALL, twice", faults.flush_all, 8),
        Drill("database-away", "database stopped for 60 s", faults.database_stopped(60.0), 62, announced=True),
        Drill("database-read-only", "database read-only for 15 s", faults.read_only(15.0), 15, announced=True),
        Drill("queue-storm", "messages delivered again and again, out of order", faults.redelivery_storm, 10),
        Drill("provider-silent", "provider takes calls, never answers, 12 s", _provider("silent"), 12),
        Drill("provider-slow", "provider slow for 12 s", _provider("slow"), 12),
        Drill("clock-api", "clock of api-1 jumps an hour ahead, and back", faults.clock_jumps("api-1", "+3600", 8), 32,
              clock=True),
        Drill("clock-leader", "clock of the leader jumps back an hour, and forth",
              faults.clock_jumps("leader", "-3600", 8), 32, clock=True),
        *[
            Drill(f"cut-{side}-{store}-{mode}", f"{side} cut off from {store} for 8 s: {mode}",
                  cut(side, store, mode, 8.0), 8, announced=store == "database")
            for side in ("api", "worker") for store in ("cache", "queue", "database", "provider")
            for mode in ("refuse", "silent") if (side, store) != ("api", "provider")
        ],
        *[
            Drill(f"cut-api-1-cache-{mode}", f"api-1 alone cut off from cache for 20 s: {mode}",
                  faults.cut_alone("api-1", "cache", mode, 20.0), 20) for mode in ("refuse", "silent")
        ],
        Drill("disk-full", "no block left under SQLite and both Valkeys, 10 s", faults.disk_full(disk), 12,
              stack="embedded"),
    ]  # fmt: skip
    return [_with_a_door(drill) for drill in programme]


def _with_a_door(drill: Drill) -> Drill:
    forgets = drill.name in FORGETFUL
    wide = forgets or HELD_UP & set(drill.name.split("-"))
    return replace(drill, cap=WIDE if wide else NARROW, forgets=forgets)


def _provider(mode: str) -> Fault:
    return faults.provider_misbehaves(mode, 12.0)


@dataclass
class Outcome:
    """What one drill showed. `counted` leaves out announced seconds; `full`: claims that had to wait for room inside;
    `problems`: why it is not green."""

    drill: Drill
    whole: Availability = field(default_factory=Availability)
    counted: Availability = field(default_factory=Availability)
    excluded_seconds: float = 0.0
    accepted: int = 0
    ended: int = 0
    full: int = 0
    fsck: str = "not run"
    breaches: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def green(self) -> bool:
        """No breach, nothing left over, and the fault did happen."""
        return not self.breaches and not self.problems and self.fsck == "clean"


async def run_drill(yard: Yard, drill: Drill, *, pace: float = PACE, lets_in: int | None = None) -> Outcome:
    """Play one drill on a stack in good order, and judge it. Whatever goes wrong is a problem of the outcome.

    Args:
        pace: buyers per second.
        lets_in: how many the line really lets in, where that is to be another number than the drill's cap.
    """
    outcome = Outcome(drill)
    began = time.monotonic()
    try:
        await _run(yard, drill, pace, outcome, Door(lets_in or drill.cap, _rate(pace)))
    except Exception as error:  # noqa: BLE001 - one drill that breaks must not cost those before and after it
        outcome.problems.append(f"the drill: {one_line(error)}")
    outcome.seconds = time.monotonic() - began
    return outcome


def one_line(error: BaseException) -> str:
    """An error in one line: its first, and its last where that is another, which of a server's log says most."""
    lines = str(error).strip().splitlines() or [""]
    last = f" … {lines[-1].strip()[:300]}" if len(lines) > 1 else ""
    return f"{type(error).__name__} {lines[0][:300]}{last}".strip()


def _rate(pace: float) -> int:
    return round(60 * pace * ROOM)


async def _run(yard: Yard, drill: Drill, pace: float, outcome: Outcome, door: Door) -> None:
    people = max(20, round(pace * (BEFORE + drill.seconds + AFTER)))
    async with crowd_at(yard, people, own_lines=True) as crowd:
        sale, provider = await open_sale(yard, crowd, door)
        shoppers = Shoppers(sale, pace, line=True)
        try:
            span = await _play(yard, drill, sale, shoppers, outcome)
            await _judge(yard, sale, shoppers, span, outcome)
        finally:
            with contextlib.suppress(Exception):
                await provider.misbehave("none")
            await provider.aclose()


@dataclass(frozen=True)
class Door:
    """Of a line: people inside at most, and let in per minute at most."""

    cap: int
    rate: int


async def open_sale(yard: Yard, crowd: Crowd, door: Door | None = None) -> tuple[Sale, Provider]:
    """A new event with a line that is open, with this door or the stack's; the caller closes the provider's books.

    Raises NotAtRest when nobody opens it within a minute.
    """
    event = await yard.add_event_async(max_per_person=4, waiting_room=True)
    deadline = time.monotonic() + OPENS_SECONDS
    while (await crowd.client.get(f"/api/events/{event.id}/queue")).json().get("phase") != "open":
        if time.monotonic() > deadline:
            raise NotAtRest(f"no worker opened the line within {OPENS_SECONDS:.0f} s")
        await asyncio.sleep(0.2)  # the leader has not seen the event yet
    if door is not None:
        await _hang(yard, event.id, door)
    provider = yard.provider_books()
    history = crowd.recorder.history = History()
    lines = await provider.statement()
    return Sale(yard, crowd, event.id, provider, str(lines[-1]["seq"]) if lines else "0", history), provider


async def _hang(yard: Yard, event_id: str, door: Door) -> None:
    """Write the door into the books, where staff write it, and wait until the leader has brought it to the door."""
    async with yard.database() as db, db.write() as conn:
        line = await sql.find_line(conn, event_id)
        assert line is not None, "a line that is open is in the books"
        await sql.update_line(conn, event_id, line.epoch, cap=door.cap, rate=door.rate)
    deadline = time.monotonic() + OPENS_SECONDS
    with Redis.from_url(yard.primary.url, decode_responses=True) as client:
        while client.hget(f"w:{{{event_id}}}:meta", "cap") != str(door.cap):
            if time.monotonic() > deadline:
                raise NotAtRest(f"no worker changed the line within {OPENS_SECONDS:.0f} s")
            await asyncio.sleep(0.1)


async def _play(yard: Yard, drill: Drill, sale: Sale, shoppers: Shoppers, outcome: Outcome) -> Span:
    buying = asyncio.create_task(shoppers.all())
    await asyncio.sleep(BEFORE)
    start = time.monotonic()
    try:
        await drill.fault(yard, sale)
    except (NothingHappened, AssertionError) as error:
        outcome.problems.append(f"the fault: {error}")
    except Exception as error:  # noqa: BLE001 - what buyers felt until now is judged all the same
        outcome.problems.append(f"the fault: {one_line(error)}")
    end = time.monotonic()
    try:
        await buying
    except* Exception as group:  # noqa: BLE001 - the same
        outcome.problems += [f"a buyer: {one_line(error)}" for error in leaves_of(group)][:5]
    return start, end


def leaves_of(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """The errors in a group, and in groups within it."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves_of(error)
        else:
            yield error


async def _judge(yard: Yard, sale: Sale, shoppers: Shoppers, span: Span, outcome: Outcome) -> None:
    drill = outcome.drill
    exchanges = list(sale.history.exchanges)
    outcome.whole = measure(exchanges)
    # A fail-over is announced from its beginning until the platform has had five seconds to find its way back.
    without = [(span[0] - 0.5, span[1] + 5.0)] if drill.announced else []
    outcome.counted = measure(exchanges, without)
    outcome.excluded_seconds = sum(end - start for start, end in without)
    outcome.problems += [f"{name} ended by itself with {code}" for name, code in yard.ended().items()]
    await asyncio.to_thread(yard.mend)
    try:
        verdict = await sale.settle(timeout=90.0, may_hang_up=True)
    except NotAtRest as error:
        outcome.problems.append(str(error).splitlines()[0])
        return
    # Hang-ups and errors are what availability counts; the promises are what is judged here.
    outcome.breaches = [str(breach) for breach in verdict.breaches if breach.rule != "server-error"]
    visits = await query(
        yard.environ["TICKETING_DATABASE_URL"],
        f"SELECT idx, live FROM line_visits WHERE event_id = '{sale.event_id}'",  # noqa: S608
    )
    judged = judge_line(drill, shoppers, span, [(row["idx"], row["live"]) for row in visits])
    outcome.breaches += [f"[line {breach.rule}] {breach.what}" for breach in judged]
    outcome.full = sum(told.body.get("code") == "line_full" for told in shoppers.told)
    outcome.breaches += [f"[no-pass] {what}" for what in without_pass(sale, shoppers)]
    outcome.accepted = verdict.facts["accepted"]
    outcome.ended = sum(count for name, count in verdict.facts.items() if name in FINAL)
    try:
        require_contention(sale.history, verdict)
    except NothingHappened as error:
        outcome.problems.append(str(error))
    outcome.fsck = await _fsck(yard, sale, verdict)


def judge_line(drill: Drill, shoppers: Shoppers, span: Span, visits: Sequence[tuple[int, int | None]]) -> list[Breach]:
    """What the line did wrong. `early` cannot be said of people who do not look at the public status; the line's own
    drills judge it."""
    accidents = [] if drill.fault is faults.nothing else [span]
    rate = _rate(shoppers.pace)
    found = check_line(Evidence(shoppers.testimony(), drill.most_inside, rate, accidents, visits))
    return [breach for breach in found if breach.rule != "early"]


def without_pass(sale: Sale, shoppers: Shoppers) -> list[str]:
    """Holds that were given to somebody who had not been let in before: I4 from the outside."""
    inside = {told.account: told.at for told in reversed(shoppers.told) if told.inside}
    return [
        f"{x.account} held seats without having been let in"
        for x in sale.history.answers("POST")
        if x.path.endswith("/holds") and x.status == 201 and inside.get(x.account, float("inf")) > x.at
    ]


async def _fsck(yard: Yard, sale: Sale, verdict: Verdict) -> str:
    try:
        await yard.fsck(sale.event_id)
    except AssertionError as error:
        return f"not clean: {str(error)[:400]}"
    return "clean"


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int = 192) -> Iterator[Path]:
    """A file system of its own that a drill can fill up; needs root on Linux. Raises NothingHappened without."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NothingHappened(f"cannot mount a small file system: {done.stderr.strip()}. Run as root on Linux.")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextlib.contextmanager
def stack_for(
    kind: str, database: str, folder: Path, *, sqs: bool = False, guarded: bool = True, reserve_mb: int = 32
) -> Iterator[Yard]:
    """The stack that some drills need, started; stopped at the end."""
    from tests.servers import mariadb, mysql

    with contextlib.ExitStack() as exits:
        if kind == "embedded":
            yard = Yard(
                exits.enter_context(small_disk(folder)), None, outbox_lease_seconds=2, disk_reserve_mb=reserve_mb
            )
        else:
            server = exits.enter_context({"mariadb": mariadb, "mysql": mysql}[database].run())
            yard = Yard(folder, server, sqs=sqs, guarded=guarded)
        try:
            yard.start()
            yield yard
        finally:
            yard.stop()


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A short path: Unix sockets lie below it."""
    with tempfile.TemporaryDirectory(prefix="tkd", dir="/tmp") as name:
        yield Path(name)
