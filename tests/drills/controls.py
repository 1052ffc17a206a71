"""The drills with a guard taken off: each must be red, and for the reason that the guard is there for.

`python -m tests.drills.controls` runs them; exit code 0 when every one of them is found out.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis

from tests.drills import faults
from tests.drills.drill import PACE, WIDE, Drill, Outcome, one_line, run_drill, stack_for, temporary_folder
from tests.drills.faults import Fault
from tests.drills.preflight import look
from tests.drills.sale import Sale
from tests.drills.yard import Yard

Found = Callable[[Outcome], bool]
Prepare = Callable[[Yard], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Control:
    """`of`: the beginnings of the names of the drills that the guard keeps green, and that this shows can go red;
    `finds`: whether the breach that must come has come; `pace`: buyers a second, more where two must meet; `cap`: what
    the line is judged by; `lets_in`: how many it really lets in, where that is not the same."""

    name: str
    of: tuple[str, ...]
    without: str
    fault: Fault
    seconds: float
    must: str
    finds: Found
    prepare: Prepare
    guarded: bool = True
    pace: float = PACE
    stack: str = "yard"
    reserve_mb: int = 32
    clock: bool = False
    cap: int = WIDE
    lets_in: int | None = None
    announced: bool = False


def breach(*rules: str) -> Found:
    """One of these rules was broken."""
    return lambda outcome: any(text.startswith(f"[{rule}]") for text in outcome.breaches for rule in rules)


def _felt(outcome: Outcome) -> bool:
    return outcome.counted.share < 0.99


def _stayed(outcome: Outcome) -> bool:
    return any(faults.STAYED in problem for problem in outcome.problems)


def _felt_or_broken(outcome: Outcome) -> bool:
    """Also when a buyer was sent away whose journey should have gone on: that makes a drill red, too."""
    return _felt(outcome) or bool(outcome.breaches) or any(text.startswith("a buyer:") for text in outcome.problems)


async def _as_it_is(yard: Yard) -> None:
    pass


def _workers(variant: str) -> Prepare:
    async def prepare(yard: Yard) -> None:
        yard.bad_worker = variant
        yard.environ["TICKETING_OUTBOX_LEASE_SECONDS"] = "3"  # what a worker had in hand comes again while we look
        for name in ("worker-1", "worker-2"):
            yard.kill(name)
            yard.start_worker(name)

    return prepare


def _apis(variant: str) -> Prepare:
    async def prepare(yard: Yard) -> None:
        yard.bad_api = variant
        for name in yard.api_ports:
            await faults.restart_api(yard, name)

    return prepare


async def _fill_the_disk(yard: Yard, sale: Sale) -> None:
    await faults.disk_full(yard.folder)(yard, sale)


async def _many_owners(yard: Yard) -> None:
    """Take the unique keys off, those that judge who has a seat."""
    assert yard.server is not None
    await asyncio.to_thread(
        yard.server.execute,
        "ALTER TABLE ticketing.order_seats DROP INDEX uq_order_seats_one_owner",
        "ALTER TABLE ticketing.tickets DROP INDEX uq_tickets_one_live",
    )


async def _lose_what_is_in_hand(yard: Yard, sale: Sale) -> None:
    """Workers cannot reach the database and hold messages; then they die, and so does all memory of the orders."""
    yard.links["worker", "database"].set("silent")
    await asyncio.sleep(6.0)
    yard.bad_worker = ""
    for name in ("worker-1", "worker-2", *yard.api_ports):
        yard.kill(name)
    yard.links["worker", "database"].set("pass")
    await asyncio.to_thread(yard.mend)


async def _forget_what_waits(yard: Yard, sale: Sale) -> None:
    """Orders wait in the queue, in no books yet, and Valkey forgets who has the seats: they are sold once more."""
    yard.links["worker", "queue"].set("refuse")
    try:
        await asyncio.sleep(5.0)
        with Redis.from_url(yard.primary.url) as client:
            client.flushall()
        await asyncio.sleep(8.0)
    finally:
        yard.links["worker", "queue"].set("pass")


async def _provider_dies_in_answering(yard: Yard, sale: Sale) -> None:
    """Both workers die right after the provider has taken the money, before that is written down."""
    marks = [yard.folder / f"died-{name}" for name in ("worker-1", "worker-2")]
    for name, mark in zip(("worker-1", "worker-2"), marks, strict=True):
        yard.kill(name)
        yard.start_worker(name, TICKETING_CRASH_POINT=f"capture:answered@{mark}")
    for name in ("worker-1", "worker-2"):
        await yard.death_of(name)
        yard.kill(name)
        yard.start_worker(name)


async def _longer_than_announced(yard: Yard, sale: Sale) -> None:
    """The fault is over after a second, and the API processes reach the database another fourteen seconds later: what
    is left out of the share ends before."""
    ways = [link for (side, store), link in yard.links.items() if store == "database" and side.startswith("api")]

    def let_pass() -> None:
        for link in ways:
            link.set("pass")

    for link in ways:
        link.set("refuse")
    threading.Timer(15.0, let_pass).start()
    await asyncio.sleep(1.0)


async def _wait_for_the_replica(yard: Yard) -> None:
    """A write counts only when a replica has it: what a drill does to the replica is felt by everybody."""
    with Redis.from_url(yard.primary.url) as client:
        client.config_set("min-replicas-max-lag", 1)
        client.config_set("min-replicas-to-write", 1)


CONTROLS = (
    Control("no-health-checks", ("kill-api-1", "stop-api-1", "rolling-restart", "clock-api"),
            "health checks and draining",
            faults.rolling_restart, 15, "share answered well below 99 %", _felt, _as_it_is,
            guarded=False),
    Control("no-unique-key", ("cache-", "kill-cache", "stop-cache", "cut-api-cache", "cut-worker-cache"),
            "UNIQUE(event, seat) in the books",
            _forget_what_waits, 13, "two-owners", breach("two-owners", "two-tickets"), _many_owners, pace=8.0),
    Control("ack-first",
            ("kill-leader", "kill-standby", "kill-queue", "kill-database", "stop-leader", "stop-standby", "stop-queue",
             "stop-database", "database-", "cut-worker-queue", "cut-worker-database"),
            "ack only after the commit",
            _lose_what_is_in_hand, 12, "vanished", breach("vanished"), _workers("ack-first")),
    Control("anew", ("queue-storm", "kill-queue"), "order ids derived from the buyer's key",
            faults.redelivery_storm, 10, "unasked", breach("unasked"), _workers("anew")),
    Control("no-spare", ("kill-queue", "stop-queue", "cut-api-queue"), "a second place for orders",
            faults.cut("api", "queue", "refuse", 16.0), 16, "share answered well below 99 %", _felt, _apis("no-spare")),
    Control("forgetful-capture", ("provider-", "kill-provider", "stop-provider", "cut-worker-provider"),
            "look up before asking again",
            _provider_dies_in_answering, 10, "charged-twice", breach("charged-twice"), _workers("forgetful-capture")),
    Control("late-fail-over", ("database-", "kill-database", "stop-database", "cut-api-database"),
            "a database that is back when it was said to be",
            _longer_than_announced, 1, "share answered well below 99 %", _felt, _as_it_is, announced=True),
    Control("no-cap", ("cut-api-cache", "kill-leader", "stop-leader"), "a line that keeps to its cap",
            faults.cut("api", "cache", "refuse", 8.0), 8, "line over-cap", breach("line over-cap"), _as_it_is,
            cap=10, lets_in=10_000),
    Control("waits-for-replica", ("kill-replica", "stop-replica"), "writes that do not wait for a replica",
            faults.stopped("replica", 14.0), 14, "share answered well below 99 %", _felt, _wait_for_the_replica),
    Control("own-clock", ("clock-",), "time is what two clocks agree on",
            faults.clock_jumps("api-1", "+3600", 20), 75, "share below 99 %, a breach, or a buyer sent away",
            _felt_or_broken, _apis("own-clock"), clock=True, pace=5.0),
    Control("no-peers", ("cut-api-1-cache",), "asking whether others reach the store",
            faults.cut_alone("api-1", "cache", "refuse", 20.0), 20, "a process that stays in the balancer", _stayed,
            _apis("no-peers")),
    Control("no-reserve", ("disk-full",), "disk space kept for when there is none",
            _fill_the_disk, 12, "share answered well below 99 %", _felt, _as_it_is,
            stack="embedded", reserve_mb=0),
)  # fmt: skip


def run_control(control: Control) -> Outcome:
    """Run one on a stack of its own: what it breaks stays broken. A stack that fails is a problem of the outcome."""
    drill = Drill(
        control.name, f"without {control.without}", control.fault, control.seconds, control.announced, cap=control.cap
    )
    outcome = Outcome(drill)
    try:
        with (
            temporary_folder() as folder,
            stack_for(
                control.stack, "mariadb", folder / "y", guarded=control.guarded, reserve_mb=control.reserve_mb
            ) as yard,
        ):
            asyncio.run(control.prepare(yard))
            outcome = asyncio.run(run_drill(yard, drill, pace=control.pace, lets_in=control.lets_in))
    except Exception as error:  # noqa: BLE001 - the controls after it are run all the same
        outcome.problems.append(f"the stack: {one_line(error)}")
    return outcome


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser("python -m tests.drills.controls", description=__doc__)
    parser.add_argument("controls", nargs="*", help="names; all without any")
    options = parser.parse_args(arguments)
    unknown = set(options.controls) - {control.name for control in CONTROLS}
    if unknown:
        print(f"no control is called {', '.join(sorted(unknown))}; there are "
              f"{', '.join(control.name for control in CONTROLS)}", file=sys.stderr)  # fmt: skip
        return 2
    wanted = [control for control in CONTROLS if not options.controls or control.name in options.controls]
    look(
        database="mariadb" if any(control.stack == "yard" for control in wanted) else None,
        clocks=[control.name for control in wanted if control.clock],
        disks=[control.name for control in wanted if control.stack == "embedded"],
    )
    missed = 0
    print("| guard taken off | drills it is for | must show | showed |\n| --- | --- | --- | --- |")
    for control in wanted:
        outcome = run_control(control)
        found = control.finds(outcome)
        missed += not found
        rules = sorted({text.partition("]")[0].strip("[") for text in outcome.breaches})
        showed = f"{100 * outcome.counted.share:.1f} % answered well; breaches: {', '.join(rules) or 'none'}"
        showed += "".join(f"; {problem[:80]}" for problem in outcome.problems[:1])
        print(
            f"| {control.without} | {', '.join(control.of)} | {control.must} | {'' if found else 'MISSED: '}{showed} |",
            flush=True,
        )
        if not found:
            print(f"{control.name}: {outcome.breaches[:5]} {outcome.problems}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
