"""One generator process: reads a plan from standard input, plays it, tells how it goes once a second, then reports.

Each line of its output is one JSON document: {"progress": …} or, at the end, {"report": …}.
"""

from __future__ import annotations

import gc
import itertools
import json
import signal
import sys
from pathlib import Path
from typing import Any

from ticketing.rehearsal import bot
from ticketing.rehearsal.fan import Fan
from ticketing.rehearsal.loop import Loop, raise_descriptor_limit
from ticketing.rehearsal.plan import Plan
from ticketing.rehearsal.world import World


def play(plan: Plan, accounts: list[dict[str, str]], seat_plan: bytes, loop: Loop) -> dict[str, Any]:
    """Play a plan; the record as a document.

    Args:
        accounts: of this process's fans, in order.
        seat_plan: the plan document, as a CDN gives it.
        loop: may have been stopped already.
    """
    world = World(plan, loop)
    world.map.read_plan(seat_plan)
    for number, account in zip(range(plan.first, plan.fans, plan.stride), accounts, strict=True):
        fan = Fan(world, number, account)
        if fan.habit == "bot":
            world.begin(number, bot.journey(fan), plan.begin)
        else:
            world.begin(number, fan.journey(), plan.arrival(world.rng))

    def every_second(now: float) -> None:
        world.check(now)
        _tell({"progress": world.progress(now)})
        if not world.playing():
            loop.stop()

    gc.freeze()
    gc.disable()
    loop.run(plan.close, every_second)
    report = world.record.document()
    report["generator"] = {
        "late": loop.late.document(),
        "load": [(world.record.since(at), share) for at, share in loop.load],
    }
    report["unfinished"] = world.playing()
    return report


def _tell(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def main() -> None:
    """See the module."""
    # Before anything that takes time. Who is told to stop still reports; an interrupt from the keyboard is the parent's
    # to pass on.
    loop = Loop()
    signal.signal(signal.SIGTERM, lambda *_: loop.stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise_descriptor_limit()
    plan = Plan.decode(sys.stdin.readline())
    seat_plan = sys.stdin.read().encode()
    with Path(plan.accounts).open(encoding="utf-8") as file:
        lines = itertools.islice(file, plan.first, plan.fans, plan.stride)
        accounts = [json.loads(line) for line in lines]
    _tell({"report": play(plan, accounts, seat_plan, loop)})


if __name__ == "__main__":
    main()
