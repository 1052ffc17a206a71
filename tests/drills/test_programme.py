"""The drill programme: its parts, and two of its drills on the whole stack, with and without the guard."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.drills import faults, programme
from tests.drills.availability import measure
from tests.drills.drill import NARROW, WIDE, Drill, Outcome, drills, judge_line, run_drill, stack_for, without_pass
from tests.drills.front import missing
from tests.drills.history import Exchange, History
from tests.drills.line_checker import Told
from tests.drills.programme import Run, chosen, keep, kept_outcomes, main, passed, table
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
@pytest.mark.parametrize("name", ["kill-api-1", "cache-fail-over", "cut-api-1-cache-refuse"])
async def test_a_drill_of_the_programme_is_green(yard: Yard, name: str) -> None:
    outcome = await run_drill(yard, named(name))
    assert outcome.green, (outcome.breaches, outcome.problems, outcome.fsck)
    assert outcome.accepted == outcome.ended > 20
    assert outcome.whole.share > 0.9, outcome.whole


@pytest.mark.slow
async def test_a_fault_that_breaks_is_a_problem_and_the_sale_is_judged_all_the_same(yard: Yard) -> None:
    async def breaks(yard: Yard, sale: Sale) -> None:
        raise OSError("no such process")

    outcome = await run_drill(yard, Drill("breaks", "a fault that raises", breaks, 1))
    assert outcome.problems == ["the fault: OSError no such process"]
    assert outcome.fsck == "clean"
    assert outcome.accepted == outcome.ended > 20


class Starts:
    """Stacks that start, or raise what is due; what starts is none, so that each of its drills breaks."""

    def __init__(self, *errors: BaseException | None) -> None:
        self.errors = list(errors)
        self.started = 0

    @contextlib.contextmanager
    def __call__(self, kind: str) -> Iterator[Any]:
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        self.started += 1
        yield None


def four() -> list[Drill]:
    return [Drill(name, name, faults.nothing, 1) for name in ("one", "two", "three", "four")]


def test_a_drill_that_breaks_is_red_and_the_next_gets_a_new_stack() -> None:
    starts = Starts()
    run = Run(starts)
    run.play(four())
    assert [outcome.drill.name for outcome in run.outcomes] == ["one", "two", "three", "four"]
    assert all(outcome.problems[0].startswith("the drill: AttributeError") for outcome in run.outcomes)
    assert starts.started == 4
    assert not run.interrupted


def test_a_stack_that_does_not_start_is_tried_once_more() -> None:
    starts = Starts(OSError("no room"))
    run = Run(starts)
    run.play(four())
    assert run.outcomes[0].problems == ["the stack did not start: OSError no room"]
    assert (len(run.outcomes), starts.started) == (4, 3)
    starts = Starts(OSError("no room"), OSError("no room"), OSError("no room"))
    run = Run(starts)
    run.play(four())
    assert run.outcomes[3].problems == ["the stack (yard) did not start, twice"]
    assert (len(run.outcomes), starts.started) == (4, 0)


def test_a_stack_that_does_not_stop_is_a_problem_of_its_last_drill() -> None:
    @contextlib.contextmanager
    def start(kind: str) -> Iterator[Any]:
        yield None
        raise OSError("somebody holds it")

    run = Run(start)
    run.play(four()[:1])
    assert run.outcomes[0].problems[-1] == "the stack did not stop: OSError somebody holds it"
    assert len(run.outcomes) == 1


def test_an_interrupted_or_empty_programme_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    starts = Starts(None, KeyboardInterrupt())
    monkeypatch.setattr(programme, "look", lambda **_: None)
    monkeypatch.setattr(programme, "stack_for", lambda kind, *_, **__: starts(kind))
    assert main(["kill-api-1", "kill-leader", "kill-cache"]) == 1
    said = capsys.readouterr()
    assert "interrupted: 1 of 3 drills were played" in said.err
    assert "| kill-api-1 |" in said.out  # what was played before is shown
    assert main(["--sqs", "queue-storm"]) == 1
    assert "with --sqs there is no queue-storm" in capsys.readouterr().err
    assert main(["kill-api-1", "--without", "kill"]) == 1
    assert not passed([], all_played=True)
    good = Outcome(four()[0], fsck="clean")
    assert passed([good], all_played=True)
    assert not passed([good], all_played=False)


def test_drills_are_chosen_by_the_beginning_of_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    known = drills(Path("/nowhere"))
    assert len({drill.name for drill in known}) == len(known)
    assert {drill.name for drill in chosen(known, ["kill-a", "disk"])} == {"kill-api-1", "disk-full"}
    assert {drill.name for drill in chosen(known, ["kill-a", "disk"], ["disk"])} == {"kill-api-1"}
    assert len(chosen(known, [], ["disk-full"])) == len(known) - 1
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


def let_in_at_once(people: int) -> Shoppers:
    """So many are let in within a second, and order three seconds later; each was told a place first."""
    sale = Sale.__new__(Sale)
    shoppers = Shoppers(sale, 1.0)
    for number in range(1, people + 1):
        me, at = f"acc_{number}", 10 + number / 100
        place = {"index": number, "position": number}
        shoppers.told += [Told(at - 5, at - 5, me, "join", 200, place), Told(at, at, me, "claim", 200)]
        shoppers.still_inside[me] = at + 3
    return shoppers


def test_the_line_is_judged_by_the_cap_that_it_has() -> None:
    drill = Drill("d", "d", faults.nothing, 1, cap=2)
    visits: list[tuple[int, int | None]] = [(1, None), (2, None), (3, None)]
    assert judge_line(drill, let_in_at_once(2), (0.0, 0.0), visits) == []
    (over,) = judge_line(drill, let_in_at_once(3), (0.0, 0.0), visits)
    assert (over.rule, over.what) == ("over-cap", "3 inside of at most 2")
    # ADR 15: one more after a loss of Valkey.
    assert judge_line(replace(drill, forgets=True), let_in_at_once(3), (0.0, 0.0), visits) == []
    (unknown,) = judge_line(drill, let_in_at_once(2), (0.0, 0.0), visits[1:])
    assert unknown.rule == "books"


def test_somebody_who_is_overtaken_at_the_door_is_noticed_but_in_an_accident() -> None:
    shoppers = let_in_at_once(2)
    full = {"code": "line_full", "position": 1}
    for at in (9.0, 10.5):  # the first is turned away before and after the second is let in
        shoppers.told.append(Told(at, at + 0.1, "acc_1", "claim", 409, full))
    shoppers.told = [told for told in shoppers.told if not (told.account == "acc_1" and told.inside)]
    shoppers.told.append(Told(12.0, 12.0, "acc_1", "claim", 200))
    quiet = Drill("d", "d", faults.nothing, 1)
    (breach,) = judge_line(quiet, shoppers, (9.0, 11.0), [])
    assert breach.rule == "overtaken"
    assert judge_line(Drill("d", "d", faults.flush_all, 1), shoppers, (9.0, 11.0), []) == []


def test_doors_are_narrow_but_where_a_fault_holds_orders_up() -> None:
    assert {named(name).cap for name in ("nothing", "kill-leader", "cut-api-cache-refuse")} == {NARROW}
    assert {
        named(name).cap for name in ("provider-slow", "stop-database", "cut-worker-queue-silent", "kill-cache")
    } == {WIDE}
    assert named("cache-fail-over").most_inside == WIDE + 1
