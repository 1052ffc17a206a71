"""The soak's judge: what grows is named, what breathes is not; and a short soak on the real stack."""

from __future__ import annotations

import random

import pytest

from tests.drills import soak
from tests.drills.front import missing
from tests.drills.soak import trends
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


@pytest.mark.slow
def test_a_minute_of_selling(capsys: pytest.CaptureFixture[str]) -> None:
    require("haproxy and nginx", not missing())
    require("mariadb-server", mariadb.available())
    soak.main(["--minutes", "0.5", "--pace", "1"])
    said = capsys.readouterr()
    assert "no promise broken" in said.out
    for what in ("api-1 memory", "worker-2 files", "cache connections", "database connections"):
        assert f"| {what} |" in said.out
