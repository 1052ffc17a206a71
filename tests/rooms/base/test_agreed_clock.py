"""Time is what two clocks agree on."""

from __future__ import annotations

import asyncio

import pytest

from ticketing.base.agreed_clock import AgreedClock, Reading

NOW = 1_790_000_000_000
HOUR = 3_600_000


class Machine:
    """A machine's two clocks, moved by hand."""

    def __init__(self, off_ms: int = 0) -> None:
        self.elapsed = 5_000_000_000
        self.off_ms = off_ms

    def wall(self) -> int:
        return (NOW + self.off_ms) * 1_000_000 + self.elapsed

    def monotonic(self) -> int:
        return self.elapsed

    def true_ms(self) -> int:
        return NOW + self.elapsed // 1_000_000

    def pass_seconds(self, seconds: float) -> None:
        self.elapsed += int(seconds * 1e9)

    def store(self, off_ms: int = 0) -> Reading:
        async def read() -> int:
            return self.true_ms() + off_ms

        return read


async def away() -> int:
    raise ConnectionError


def clock_of(machine: Machine, *others: Reading) -> AgreedClock:
    named = {str(number): read for number, read in enumerate(others)}
    return AgreedClock(named, wall=machine.wall, monotonic=machine.monotonic)


@pytest.mark.parametrize("off_ms", [HOUR, -HOUR, 30_000])
async def test_a_process_with_a_wrong_clock_follows_the_two_that_agree(off_ms: int) -> None:
    machine = Machine(off_ms)
    clock = clock_of(machine, machine.store(), machine.store(400))
    assert clock.now_ms() - machine.true_ms() == off_ms  # before it has been compared
    await clock.compare()
    assert abs(clock.now_ms() - machine.true_ms()) <= 500


async def test_a_store_with_a_wrong_clock_changes_nothing() -> None:
    machine = Machine(200)
    clock = clock_of(machine, machine.store(HOUR), machine.store())
    await clock.compare()
    assert clock.now_ms() - machine.true_ms() == 200


@pytest.mark.parametrize("others", [0, 1, 2])
async def test_a_clock_that_is_put_wrong_counts_only_when_somebody_agrees(others: int) -> None:
    machine = Machine()
    clock = clock_of(machine, *[machine.store()] * others)
    await clock.compare()
    machine.off_ms = HOUR
    assert clock.now_ms() == machine.true_ms()
    machine.pass_seconds(5)
    await clock.compare()
    assert clock.now_ms() == machine.true_ms()
    machine.off_ms = 0
    await clock.compare()
    assert clock.now_ms() == machine.true_ms()


async def test_a_machine_whose_clocks_are_all_put_right_is_followed() -> None:
    """A laptop that slept: its own clock and the store's moved together, elapsed time stood still."""
    machine = Machine()
    ahead = 0

    async def store() -> int:
        return machine.true_ms() + ahead

    clock = clock_of(machine, store)
    await clock.compare()
    machine.off_ms = ahead = HOUR
    assert clock.now_ms() == machine.true_ms()
    await clock.compare()
    assert clock.now_ms() == machine.true_ms() + HOUR


async def test_stores_that_are_away_leave_the_last_agreement() -> None:
    machine = Machine(HOUR)
    there = [True]

    async def store() -> int:
        return machine.true_ms() if there[0] else await away()

    clock = clock_of(machine, store, store)
    await clock.compare()
    there[0] = False
    machine.pass_seconds(600)
    await clock.compare()
    assert clock.now_ms() == machine.true_ms()


async def test_three_that_all_say_something_else_are_no_agreement() -> None:
    machine = Machine()
    clock = clock_of(machine, machine.store(HOUR), machine.store(-HOUR))
    await clock.compare()
    assert clock.now_ms() == machine.true_ms()


async def test_a_slow_answer_says_nothing() -> None:
    machine = Machine()

    async def slow() -> int:
        said = machine.true_ms() + HOUR
        machine.pass_seconds(0.8)
        return said

    clock = clock_of(machine, slow, slow)
    await clock.compare()
    assert clock.now_ms() == machine.true_ms()


async def test_it_is_compared_at_once_and_again() -> None:
    machine = Machine(HOUR)
    clock = clock_of(machine, machine.store(), machine.store())
    async with clock.compared(every=0.01):
        assert clock.now_ms() == machine.true_ms()
        machine.off_ms = -HOUR
        machine.pass_seconds(1)
        await asyncio.sleep(0.05)
        assert clock.now_ms() == machine.true_ms()
