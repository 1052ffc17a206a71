"""The command lines: `python -m bench scale`, `scale:check` and `capacity`; each has --help."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.arguments import number, whole
from bench.scale import capacity, check, planned, rehearsed, report, simulate

NAMES = ("scale", "scale:check", "capacity")


def main(name: str, arguments: Sequence[str]) -> int:
    """Run one of NAMES; returns the exit code: 2 when it could not run."""
    # Stopped half-way, a stack must still be taken down.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return {"scale": _scale, "scale:check": _check, "capacity": _capacity}[name](arguments)
    except (planned.NotUnderstoodError, rehearsed.NotRehearsedError, OSError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2


def _say(text: str) -> None:
    print(f"  … {text}", file=sys.stderr, flush=True)


def _scale(arguments: Sequence[str]) -> int:
    """How many instances when, what the fans felt, and what ends first."""
    parser = argparse.ArgumentParser(prog="bench scale", description=_scale.__doc__)
    parser.add_argument(
        "--fans", type=whole(1, 100_000_000), action="append", help="default: 10,000, 100,000 and a million"
    )
    parser.add_argument("--environment", choices=("dev", "prod"), default="prod", help="whose values (envs/)")
    parser.add_argument("--plan", type=Path, help="`terraform show -json` of a plan, instead of the modules")
    parser.add_argument("--constants", type=Path, default=capacity.COMMITTED, help="output of `bench capacity --json`")
    parser.add_argument("--rate", type=whole(1), default=12_000, help="admissions a minute")
    parser.add_argument("--cap", type=whole(1), default=10_000, help="people inside at a time")
    parser.add_argument("--seats", type=whole(2), default=50_000)
    parser.add_argument("--visit", type=number(1), default=120.0, help="mean seconds inside")
    parser.add_argument("--lobby", type=number(1, 86_400), default=600.0, help="seconds from the first fan to T-0")
    parser.add_argument("--sign-in", type=number(0, 1), default=0.5, help="share of the fans who come signed out")
    parser.add_argument(
        "--speed", type=number(0.01, 100), default=1.0, help="a core there over a core of the constants' machine"
    )
    parser.add_argument("--needed", action="store_true", help="also the fewest instances that keep nobody waiting")
    parser.add_argument("--report", type=Path, metavar="DIR", help="write scale.html and scale.json there")
    parser.add_argument("--json", action="store_true", help="for machines")
    given = parser.parse_args(arguments)
    plan, constants = planned.read(given.environment, given.plan), capacity.Constants.read(given.constants)
    runs, needed = [], {}
    for fans in given.fans or [10_000, 100_000, 1_000_000]:
        for prescale in (True, False):
            sale = simulate.Sale(
                fans, given.seats, given.cap, given.rate, given.visit, lobby=given.lobby, sign_in=given.sign_in,
                prescale=prescale, speed=given.speed,
            )  # fmt: skip
            runs.append(simulate.play(sale, plan, constants))
        if given.needed:
            needed[fans] = simulate.needed(sale, plan, constants)
    rows = [report.summary(played) for played in runs]
    made = json.dumps(
        {"planned": asdict(plan), "constants": asdict(constants), "runs": rows, "needed": needed}, indent=2
    )
    if given.report:
        given.report.mkdir(parents=True, exist_ok=True)
        (given.report / "scale.html").write_text(report.page(runs, constants), encoding="utf-8")
        (given.report / "scale.json").write_text(made + "\n")
    print(made if given.json else report.table(rows))
    if needed and not given.json:
        for fans, count in needed.items():
            least = "more than 2,048" if count is None else f"{count:,}"
            print(f"{fans:,} fans: {least} instances at T-0, for nobody to be refused or to stand longer than 5 s")
    return 0


def _check(arguments: Sequence[str]) -> int:
    """Predict for this machine, then measure on a real stack; prints both and the error."""
    parser = argparse.ArgumentParser(prog="bench scale:check", description=_check.__doc__)
    parser.add_argument(
        "--part", choices=("sale", "steps", "both"), default="both",
        help="sale: the simulator against a rehearsal; steps: its queue against single steps under load",
    )  # fmt: skip
    parser.add_argument("--fans", type=whole(20, 1_000_000), default=1_000, help="of the rehearsal")
    parser.add_argument("--seats", type=whole(20, 60_000), default=1_200, help="of the rehearsal")
    parser.add_argument("--lobby", type=number(3, 3_600), default=15.0, help="of the rehearsal, in seconds")
    parser.add_argument("--duration", type=number(5, 3_600), default=45.0, help="of the rehearsal, in seconds")
    parser.add_argument("--cap", type=whole(1), help="people inside at a time; default: half of the fans")
    parser.add_argument(
        "--verdict", type=Path, help="verdict.json of a rehearsal that was made with these values, instead of a new one"
    )
    parser.add_argument("--constants", type=Path, default=capacity.COMMITTED, help="output of `bench capacity --json`")
    parser.add_argument("--json", action="store_true", help="for machines")
    given = parser.parse_args(arguments)
    constants = capacity.Constants.read(given.constants)
    asked = rehearsed.Asked(given.fans, given.seats, given.cap or given.fans // 2, given.lobby, given.duration)
    made = {}
    if given.part != "steps":
        verdict = rehearsed.read(given.verdict) if given.verdict else rehearsed.rehearse(asked, _say)
        compared = rehearsed.compare(asked, verdict, constants)
        made["sale"] = [asdict(one) | {"error": one.error} for one in compared]
        if not given.json:
            print(rehearsed.table(compared), flush=True)
    if given.part != "sale":
        lines = check.measure(_say)
        made["steps"] = [asdict(one) | {"error": one.error} for one in lines]
        if not given.json:
            print(check.table(lines))
    if given.json:
        print(json.dumps(made))
    return 0


def _capacity(arguments: Sequence[str]) -> int:
    """Measure the simulator's constants; commit what --json prints as bench/scale/constants.json."""
    parser = argparse.ArgumentParser(prog="bench capacity", description=_capacity.__doc__)
    parser.add_argument("--rounds", type=whole(1, 100), default=3, help="interleaved runs; medians")
    parser.add_argument("--scale", type=number(0.01, 100), default=0.2, help="share of the usual number of requests")
    parser.add_argument(
        "--part", choices=capacity.PARTS, action="append", help="measure only this; the rest stays as committed"
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    given = parser.parse_args(arguments)
    made = capacity.measure(given.rounds, given.scale, _say, given.part or capacity.PARTS)
    if given.json:
        print(made.json(), end="")
        return 0
    print(f"{'route':14}{'req/s':>9}{'CPU µs':>9}   {made.origin}")
    for name, route in made.routes.items():
        print(f"{name:14}{route.rate:>9,.0f}{route.cpu_us:>9.1f}")
    print(f"orders into the books of {made.limits.database}: {made.limits.orders:,.0f}/s")
    return 0
