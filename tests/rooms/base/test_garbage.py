"""Cycles are collected in quiet seconds, at the latest in three hours, and a busy second is not held up for them."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from ticketing.base import garbage
from ticketing.base.garbage import FEW, HOUR, Garbage


class Cycle:
    """Garbage that only the collector can clear away."""

    def __init__(self) -> None:
        self.itself = self


def a_cycle() -> weakref.ref[Cycle]:
    return weakref.ref(Cycle())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Seconds, as the collector's timing sees them; automatic collection is off as in a process that runs."""
    now = [0.0]
    monkeypatch.setattr(garbage.time, "monotonic", lambda: now[0])
    gc.collect()
    gc.disable()
    yield now
    gc.unfreeze()
    gc.enable()


def busy() -> list[Any]:
    """So many new objects that a look at them would hold the process up."""
    return [[] for _ in range(FEW * 2)]


def test_a_quiet_second_clears_what_is_new(clock: list[float]) -> None:
    cycle = a_cycle()
    Garbage().look()
    assert cycle() is None


def test_a_busy_second_is_let_pass_and_what_it_left_goes_within_the_hour(clock: list[float]) -> None:
    collector = Garbage()
    cycle, kept = a_cycle(), busy()
    collector.look()
    assert cycle() is not None
    clock[0] = HOUR - 1
    collector.look()
    assert cycle() is not None
    clock[0] = HOUR + 1
    more = busy()
    collector.look()
    assert cycle() is not None, "no hour is so important"
    collector.look()
    assert cycle() is None
    assert kept is not more


def test_after_three_hours_no_second_is_too_busy(clock: list[float]) -> None:
    collector = Garbage()
    cycle, kept = a_cycle(), busy()
    clock[0] = 3 * HOUR + 1
    collector.look()
    assert cycle() is None
    assert kept


def test_many_more_objects_are_looked_at_before_the_hour(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "MANY", FEW)
    collector = Garbage()
    collector._look_at_all()
    cycle, kept = a_cycle(), busy()
    collector.look()
    collector.look()
    assert cycle() is not None, "they are counted once a minute"
    clock[0] = 61.0
    collector.look()
    assert cycle() is None
    assert kept


async def test_it_takes_over_while_it_runs_and_hands_back(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(Garbage().run(stop))
    await asyncio.sleep(0)
    assert not gc.isenabled()
    stop.set()
    await running
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
