"""The command lines: `python -m bench scale`, `scale:check` and `capacity`; each has --help."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.scale import capacity, check, planned, report, simulate

NAMES = ("scale", "scale:check", "capacity")


def main(name: str, arguments: Sequence[str]) -> int:
    """Run one of NAMES; returns the exit code."""
    return {"scale": _scale, "scale:check": _check, "capacity": _capacity}[name](arguments)


def _scale(arguments: Sequence[str]) -> int:
    """How many instances when, what the fans felt, and what ends first."""
    parser = argparse.ArgumentParser(prog="bench scale", description=_scale.__doc__)
    parser.add_argument("--fans", type=int, action="append", help="default: 10,000, 100,000 and a million")
    parser.add_argument("--environment", choices=("dev", "prod"), default="prod", help="whose values (envs/)")
    parser.add_argument("--plan", type=Path, help="`terraform show -json` of a plan, instead of the modules")
    parser.add_argument("--constants", type=Path, default=capacity.COMMITTED, help="output of `bench capacity --json`")
    parser.add_argument("--rate", type=int, default=12_000, help="admissions a minute")
    parser.add_argument("--cap", type=int, default=10_000, help="people inside at a time")
    parser.add_argument("--seats", type=int, default=50_000)
    parser.add_argument("--visit", type=float, default=120.0, help="mean seconds inside")
    parser.add_argument("--speed", type=float, default=1.0, help="a core there over a core of the constants' machine")
    parser.add_argument("--report", type=Path, metavar="DIR", help="write scale.html and scale.json there")
    parser.add_argument("--json", action="store_true", help="for machines")
    given = parser.parse_args(arguments)
    try:
        plan, constants = planned.read(given.environment, given.plan), capacity.Constants.read(given.constants)
    except (planned.NotUnderstoodError, OSError) as error:
        print(f"scale: {error}", file=sys.stderr)
        return 2
    runs = []
    for fans in given.fans or [10_000, 100_000, 1_000_000]:
        for prescale in (True, False):
            sale = simulate.Sale(
                fans, given.seats, given.cap, given.rate, given.visit, prescale=prescale, speed=given.speed
            )
            runs.append(simulate.play(sale, plan, constants))
    rows = [report.summary(played) for played in runs]
    made = json.dumps({"planned": asdict(plan), "constants": asdict(constants), "runs": rows}, indent=2)
    if given.report:
        given.report.mkdir(parents=True, exist_ok=True)
        (given.report / "scale.html").write_text(report.page(runs, constants), encoding="utf-8")
        (given.report / "scale.json").write_text(made + "\n")
    print(made if given.json else report.table(rows))
    return 0


def _check(arguments: Sequence[str]) -> int:
    """Predict for this machine, then measure on a real stack; prints both and the error."""
    parser = argparse.ArgumentParser(prog="bench scale:check", description=_check.__doc__)
    parser.add_argument("--json", action="store_true", help="for machines")
    given = parser.parse_args(arguments)
    # Stopped half-way, the stack must still be taken down.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    lines = check.measure(lambda text: print(text, file=sys.stderr))
    print(json.dumps([asdict(one) | {"error": one.error} for one in lines]) if given.json else check.table(lines))
    return 0


def _capacity(arguments: Sequence[str]) -> int:
    """Measure the simulator's constants; commit what --json prints as bench/scale/constants.json."""
    parser = argparse.ArgumentParser(prog="bench capacity", description=_capacity.__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="interleaved runs; medians")
    parser.add_argument("--scale", type=float, default=0.2, help="share of the usual number of requests")
    parser.add_argument("--json", action="store_true", help="for machines")
    given = parser.parse_args(arguments)
    made = capacity.measure(given.rounds, given.scale)
    if given.json:
        print(made.json(), end="")
        return 0
    print(f"{'route':14}{'req/s':>9}{'CPU µs':>9}   load {made.load}")
    for name, route in made.routes.items():
        print(f"{name:14}{route.rate:>9,.0f}{route.cpu_us:>9.1f}")
    return 0
