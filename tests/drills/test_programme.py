"""The drill programme: its parts, and two of its drills on the whole stack, with and without the guard."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drills import faults
from tests.drills.availability import measure
from tests.drills.drill import Drill, Outcome, drills, run_drill, stack_for, without_pass
from tests.drills.front import missing
from tests.drills.history import Exchange, History
from tests.drills.line_checker import Told
from tests.drills.programme import chosen, keep, kept_outcomes, table
from tests.drills.sale import Crowd, Sale
from tests.drills.shoppers import Shoppers
from tests.drills.yard import Yard
from tests.servers import require


@pytest.fixture(scope="module")
def yard(short_folder: Path) -> Iterator[Yard]:
    """The whole stack, without a server that may be missing."""
    require("haproxy and nginx", not missing())
    with stack_for("yard", "mariadb", short_folder / "y") as yard:
        yield yard


def named(name: str) -> Drill:
    return next(drill for drill in drills(Path("/nowhere")) if drill.name == name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["kill-api-1", "cache-fail-over"])
async def test_a_drill_of_the_programme_is_green(yard: Yard, name: str) -> None:
    outcome = await run_drill(yard, named(name))
    assert outcome.green, (outcome.breaches, outcome.problems, outcome.fsck)
    assert outcome.accepted == outcome.ended > 20
    assert outcome.whole.share > 0.9, outcome.whole


@pytest.mark.slow
async def test_a_process_that_alone_has_lost_a_store_leaves_the_balancer(yard: Yard) -> None:
    drill = named("cut-api-1-cache-refuse")
    playing = asyncio.create_task(run_drill(yard, drill))
    seen: set[str] = set()
    while not playing.done():
        states = await asyncio.to_thread(yard.front.states)
        seen |= {name for name, state in states.items() if not state.startswith("UP")}
        await asyncio.sleep(0.2)
    outcome = await playing
    assert outcome.green, (outcome.breaches, outcome.problems, outcome.fsck)
    assert seen == {"api-1"}
    assert outcome.whole.share > 0.98, outcome.whole


def test_drills_are_chosen_by_the_beginning_of_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    known = drills(Path("/nowhere"))
    assert len({drill.name for drill in known}) == len(known)
    assert {drill.name for drill in chosen(known, ["kill-a", "disk"])} == {"kill-api-1", "disk-full"}
    with pytest.raises(SystemExit):
        chosen(known, ["kill-nobody"])
    assert "kill-nobody" in capsys.readouterr().err


def test_a_breach_and_a_fault_that_did_not_happen_are_red() -> None:
    drill = Drill("d", "d", faults.nothing, 1)
    assert Outcome(drill, fsck="clean").green
    assert not Outcome(drill, fsck="clean", breaches=["[money] ord_1: gone"]).green
    assert not Outcome(drill, fsck="clean", problems=["the fault: nobody died"]).green
    assert not Outcome(drill).green
    assert "| d | d | 0 |" in table([Outcome(drill, fsck="clean")])


def test_outcomes_are_kept_in_a_file_and_replaced(tmp_path: Path) -> None:
    programme, file = drills(Path("/nowhere")), tmp_path / "kept.json"
    bad = measure([Exchange(1.0, "acc", "POST", "/api/events/evt/holds", status=503)])
    for outcome in (Outcome(programme[1]), Outcome(programme[0], bad, bad), Outcome(programme[1], fsck="clean")):
        keep(outcome, file)
    first, second = kept_outcomes(file, programme)
    assert (first.whole, first.whole.bad["hold 503"], second.fsck) == (bad, 1, "clean")


def test_a_hold_by_somebody_who_was_not_let_in_is_found() -> None:
    let_in = Told(0.0, 1.0, "acc_in", "claim", 200)
    history = History([
        Exchange(2.0, account, "POST", "/api/events/evt/holds", status=201) for account in ("acc_in", "acc_out")
    ])  # fmt: skip
    sale = Sale.__new__(Sale)
    sale.history = history
    sale.crowd = Crowd.__new__(Crowd)
    assert without_pass(sale, Shoppers(sale, 1.0, told=[let_in])) == ["acc_out held seats without having been let in"]
