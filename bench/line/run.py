"""`python -m bench line`: everything about the waiting line, or some of it (line:waiters, :slots, :cdn, :costs)."""

from __future__ import annotations

from bench.line import table
from bench.line.cdn import measure as measure_cdn
from bench.line.costs import measure as measure_costs
from bench.line.million import heavy, stories
from bench.line.slots import measure as measure_slots
from bench.line.waiters import run as run_waiters
from ticketing.rehearsal.loop import raise_descriptor_limit

PARTS = ("waiters", "slots", "cdn", "costs")
PEOPLE = (10_000, 100_000)


def run(parts: set[str], rounds: int, scale: float, databases: tuple[str, ...]) -> bool:
    """Print the tables; whether a target was missed."""
    missed = False
    if "waiters" in parts:
        print(f"\nthe waiting line; {raise_descriptor_limit():,} open files a process are allowed")
        for people in PEOPLE:
            for name in databases:
                missed |= table.show_waited(run_waiters(max(200, int(people * scale)), name))
    if "slots" in parts:
        missed |= table.show_slots(measure_slots(scale))
    if "cdn" in parts:
        missed |= table.show_cdn(measure_cdn(scale))
    if "costs" in parts:
        costs = measure_costs(rounds, scale)
        missed |= table.show_costs(costs)
        table.show_heavy(heavy(scale, databases))
        table.show_stories(stories(costs))
    return missed


def databases_of(name: str) -> tuple[str, ...]:
    """sqlite, mariadb or both."""
    return ("sqlite", "mariadb") if name == "both" else (name,)
