"""Drills with a guard taken off must fail: else they would show nothing when they pass."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.drills.checker import Verdict
from tests.drills.controls import CONTROLS, run_control
from tests.drills.drill import drills
from tests.drills.front import missing
from tests.drills.history import Exchange, History
from tests.drills.sale import Sale, crowd_in, require_contention
from tests.drills.site import NothingHappened
from tests.drills.test_api_killed import repeated_keys
from tests.drills.test_worker_killed import kill_once
from tests.servers import mariadb, require


async def test_acking_before_the_work_loses_orders_and_the_checker_says_so(sale: Sale, tmp_path: Path) -> None:
    site = sale.site
    await crowd_in(sale, ["tok_ok"] * 100, over=0.0)
    site.start_variant("ack-first", TICKETING_CRASH_POINT=f"consume:received@{tmp_path / 'died'}")
    await site.death_of("ack-first")
    # The API would send again what the queue has lost: take its memory too.
    site.kill("api")
    await asyncio.to_thread(site.start_api)
    site.start_worker()
    verdict = await sale.settle()
    assert "vanished" in verdict.rules(), verdict


@pytest.mark.slow
async def test_capturing_without_memory_charges_twice_and_the_checker_says_so(sale: Sale, tmp_path: Path) -> None:
    site = sale.site
    site.start_variant("forgetful-capture", TICKETING_CRASH_POINT=f"capture:answered@{tmp_path / 'died'}")
    await crowd_in(sale, ["tok_ok"] * 100, over=0.0)
    await site.death_of("forgetful-capture")
    site.start_variant("forgetful-capture")
    verdict = await sale.settle()
    assert "charged-twice" in verdict.rules(), verdict


async def test_a_drill_in_which_nobody_dies_fails(sale: Sale, tmp_path: Path) -> None:
    with pytest.raises(NothingHappened, match="was to be killed and lives"):
        await kill_once(sale, "no:such-point", tmp_path / "died", patience=3.0)


def test_a_drill_without_contention_fails() -> None:
    with pytest.raises(NothingHappened, match="no two buyers"):
        require_contention(History(), Verdict())
    with pytest.raises(NothingHappened, match="no order was under way"):
        repeated_keys(
            History([Exchange(0.0, "acc", "POST", "/api/orders", key="k", status=202, answer={"order_id": "ord_1"})])
        )


def test_each_drill_has_a_control_that_shows_that_it_can_go_red() -> None:
    """ "nothing" is red when anything is: its own control is every other one."""
    names = {drill.name for drill in drills(Path("/nowhere"))} - {"nothing"}
    shown = {name for control in CONTROLS for name in names if name.startswith(control.of)}
    assert names - shown == set()
    for control in CONTROLS:
        for of in control.of:
            assert any(name.startswith(of) for name in names), f"{control.name} is for {of}, and there is no such drill"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["no-spare", "no-cap"])
def test_a_drill_without_its_guard_is_found_out(name: str) -> None:
    """Two of the quickest; `python -m tests.drills.controls` runs them all."""
    require("haproxy and nginx", not missing())
    require("mariadb", mariadb.available())
    (control,) = (control for control in CONTROLS if control.name == name)
    outcome = run_control(control)
    assert control.finds(outcome), (outcome.counted, outcome.breaches, outcome.problems)
