"""The soak's judge: what grows is named, what breathes is not; and a short soak on the real stack."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.drills import soak
from tests.drills.front import missing
from tests.drills.site import NotAtRest
from tests.drills.soak import Soak, Watch, table, trends
from tests.servers import mariadb, require


def grown(**series: list[float]) -> set[str]:
    return {
        trend.name
        for trend in trends({name.replace("_", " "): values for name, values in series.items()})
        if trend.grew
    }


def test_flat_memory_and_files_that_come_and_go_are_not_growth() -> None:
    chance = random.Random(7)
    memory = [100 + 80 * min(1, n / 60) + chance.uniform(-3, 3) for n in range(360)]  # warms up for five minutes
    files = [40 + chance.randint(0, 4) for _ in range(360)]
    assert grown(api_memory=memory, api_files=[float(count) for count in files]) == set()


def test_control_a_leak_is_found() -> None:
    chance = random.Random(7)
    leaking = [180 + n * 0.08 + chance.uniform(-3, 3) for n in range(360)]  # a megabyte a minute
    held = [40 + n // 20 for n in range(360)]  # a descriptor every other minute
    assert grown(api_memory=leaking, api_files=[float(count) for count in held]) == {"api memory", "api files"}


def test_the_slope_of_memory_is_told_per_hour() -> None:
    (trend,) = trends({"api memory": [100 + n / 720 for n in range(720)]}, every=5.0)  # a sample every five seconds
    assert trend.hourly == pytest.approx(1.0)
    assert "| +1.0 |" in table([trend])
    (files,) = trends({"api files": [1.0] * 8})
    assert files.hourly is None


def watched(read: Any) -> Watch:
    """Twenty samples' worth of time."""
    watch = Watch(read, every=0.1)
    with watch.watching():
        time.sleep(2.0)
    return watch


def test_a_sample_that_fails_is_counted_and_not_the_last_one() -> None:
    numbers = itertools.count()

    def read() -> Iterator[tuple[str, float]]:
        number = next(numbers)
        yield "api memory", 1.0
        if number == 3:
            raise TimeoutError("Valkey was silent")
        yield "cache connections", 2.0

    watch = watched(read)
    assert watch.errors == {"TimeoutError Valkey was silent": 1}
    assert len(watch.samples["cache connections"]) == len(watch.samples["api memory"]) - 1 > 10
    assert watch.gaps() == []


def test_control_a_watcher_that_sees_too_little_is_found_out() -> None:
    def blind() -> Iterator[tuple[str, float]]:
        yield "api memory", 1.0
        raise TimeoutError("Valkey was silent")
        yield "cache connections", 2.0

    def half_blind() -> Iterator[tuple[str, float]]:
        yield "api memory", 1.0
        if next(numbers) % 2:
            yield "cache connections", 2.0

    numbers = itertools.count()
    assert watched(lambda: iter([("api memory", 1.0)])).gaps() == []
    (gap,) = watched(half_blind).gaps()
    assert gap.startswith("cache connections was measured ")
    never = Watch(lambda: iter(()))
    assert never.gaps() == ["nothing was measured: no error"]
    (gap,) = watched(blind).gaps()
    assert gap.startswith("all of it was measured ")
    assert "× TimeoutError Valkey was silent" in gap


def test_a_show_that_breaks_is_put_down_and_the_next_one_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    class Quiet:
        def ended(self) -> dict[str, int]:
            return {}

    errors: list[Exception] = [NotAtRest("after 90 s there is still 1 message"), ExceptionGroup("", [TimeoutError()])]

    async def show(*_: Any) -> Any:
        await asyncio.sleep(0)
        raise errors.pop(0)

    monkeypatch.setattr(soak, "show", show)
    sold = Soak(1.0)
    yard: Any = Quiet()
    sold.sell(yard, time.monotonic() + 1.5)
    assert sold.wrong == ["show 1: NotAtRest after 90 s there is still 1 message", "show 2: TimeoutError"]
    assert sold.shows == 2


@pytest.mark.slow
def test_a_minute_of_selling(capsys: pytest.CaptureFixture[str]) -> None:
    require("haproxy and nginx", not missing())
    require("mariadb-server", mariadb.available())
    soak.main(["--minutes", "0.5", "--pace", "1"])
    said = capsys.readouterr()
    assert "no promise broken" in said.out
    assert "looked at " in said.out
    for what in (
        "api-1 memory", "api-2 memory", "api-3 threads", "worker-2 files", "haproxy memory", "nginx worker memory",
        "database memory", "replica memory", "cache connections", "database connections",
    ):  # fmt: skip
        assert f"| {what} |" in said.out
