"""Two thousand mixed steps of a sale, losses of Valkey among them, each compared with a plain model of the shop.

The product's parts run in this process over a real Valkey server and a real SQLite file (`machine_world`); what they
should do is said in `machine_model`, and what may happen in `machine_rules`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.drills.machine_rules import HoldMachine
from tests.drills.machine_world import World
from tests.drills.race_unguarded import TAKEN_CHECK, without
from ticketing.holds import store

FREE = "redis.call('SETRANGE', seats, ordinal, '0')"
BREAKS = {
    "taken seats are given": ("_HOLD", TAKEN_CHECK, "if true then"),
    "the cap is not looked at": ("_HOLD", "if counted + wanted > cap then", "if false then"),
    "released seats stay grey": ("_RELEASE", FREE, ""),
    "expired seats stay grey": ("_SWEEP", FREE, ""),
    "sold seats look free": ("_SYNC", "redis.call('SETRANGE', KEYS[1], ARGV[i], '3')", ""),
}
"""Lines of the scripts, and what stands in their place."""


@pytest.fixture
def machine(short_folder: Path) -> Iterator[type[HoldMachine]]:
    """The machine with a world of its own."""
    HoldMachine.world = World(short_folder / "machine")
    HoldMachine.steps = 0
    yield HoldMachine
    HoldMachine.world.close()


def run(machine: type[HoldMachine], examples: int, *phases: Phase) -> None:
    """Let Hypothesis play; the wall clock judges nothing."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=50,
            deadline=None,
            phases=phases or tuple(Phase),
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


@pytest.mark.slow
def test_a_sale_goes_as_the_model_says(machine: type[HoldMachine]) -> None:
    run(machine, 80)
    print(f"\n{machine.steps} steps")
    assert machine.steps >= 2000


def test_a_short_sale_goes_as_the_model_says(machine: type[HoldMachine]) -> None:
    run(machine, 12)


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=pytest.mark.slow if what == "sold seats look free" else []) for what in BREAKS]
)
def test_the_machine_finds_what_is_broken(
    machine: type[HoldMachine], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    name, line, instead = BREAKS[what]
    monkeypatch.setattr(store, name, without(getattr(store, name), line, instead))
    with pytest.raises(AssertionError):
        # No shrinking: that it is found is what counts.
        run(machine, 150, Phase.generate)
    print(f"\n{what}: found after {machine.steps} steps")
