"""Run the drill programme and print what it showed: `python -m tests.drills.programme [DRILL …]`.

Exit code 0: every drill was played and is green, and the share answered well reaches the target; 1: not, or it was
interrupted, or nothing was played; 2: wrong arguments, or the machine lacks something.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from tests.drills.availability import Availability
from tests.drills.drill import PACE, Drill, Outcome, drills, one_line, run_drill, stack_for, temporary_folder
from tests.drills.preflight import look
from tests.drills.yard import Yard

TARGET = 0.999
ONLY_ON_STREAMS = ("queue-storm", "kill-queue", "stop-queue")
"""Drills of the Valkey stream, which moto's SQS has no part for."""
_HEAD = ("drill", "injected", "requests", "answered well", "longest gap", "accepted / ended", "breaches", "fsck")


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.drills.programme", description=__doc__)
    parser.add_argument("drills", nargs="*", help="names, or beginnings of names; all without any")
    parser.add_argument(
        "--without", nargs="+", action="extend", default=[], metavar="DRILL", help="leave these out, named likewise"
    )
    parser.add_argument("--list", action="store_true", help="name the drills and end")
    parser.add_argument("--database", choices=("mariadb", "mysql"), default="mariadb")
    parser.add_argument("--sqs", action="store_true", help="the queue is SQS, as moto's server plays it")
    parser.add_argument("--pace", type=float, default=PACE, help="buyers per second")
    parser.add_argument("--report", type=Path, help="write the table as Markdown to this file")
    parser.add_argument(
        "--kept", type=Path, help="JSON file: add these drills to those that it holds, and print all of them"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
    return parser.parse_args(arguments)


def chosen(all_drills: Sequence[Drill], names: Sequence[str], without: Sequence[str] = ()) -> list[Drill]:
    """Those whose names begin with one of these, less those left out. Raises SystemExit for a name of nothing."""
    for name in (*names, *without):
        if not any(drill.name.startswith(name) for drill in all_drills):
            print(f"no drill is called {name}: see --list", file=sys.stderr)
            raise SystemExit(2)
    wanted = [drill for drill in all_drills if not names or drill.name.startswith(tuple(names))]
    return [drill for drill in wanted if not drill.name.startswith(tuple(without))]


def table(outcomes: Sequence[Outcome]) -> str:
    """The outcomes as a Markdown table, the sum below."""
    rows = [_row(outcome) for outcome in outcomes]
    whole, counted = total(outcomes)
    accepted, ended = sum(o.accepted for o in outcomes), sum(o.ended for o in outcomes)
    clean = sum(o.fsck == "clean" for o in outcomes)
    rows.append((
        "**all**", "", f"{counted.requests:,}", f"**{_percent(counted)}**", _gap(counted), f"{accepted:,} / {ended:,}",
        str(sum(len(o.breaches) + len(o.problems) for o in outcomes)), f"{clean} of {len(outcomes)}",
    ))  # fmt: skip
    rows.append(("… announced seconds too", "", f"{whole.requests:,}", _percent(whole), _gap(whole), "", "", ""))
    lines = ["| " + " | ".join(cells) + " |" for cells in [_HEAD, ("---",) * len(_HEAD), *rows]]
    return "\n".join(lines)


def _row(outcome: Outcome) -> tuple[str, ...]:
    share, gap = _percent(outcome.counted), _gap(outcome.counted)
    requests = f"{outcome.counted.requests:,}"
    if outcome.excluded_seconds:
        share += f" outside {outcome.excluded_seconds:.0f} announced s ({_percent(outcome.whole)} in all)"
        gap += f" ({_gap(outcome.whole)} in all)"
    return (
        outcome.drill.name, outcome.drill.what, requests, share, gap, f"{outcome.accepted} / {outcome.ended}",
        str(len(outcome.breaches) + len(outcome.problems)), outcome.fsck.partition(":")[0],
    )  # fmt: skip


def _percent(a: Availability) -> str:
    return f"{100 * a.share:.2f} %"


def _gap(a: Availability) -> str:
    return f"{a.gap:.1f} s ({a.gap_kind})" if a.gap_kind else "none"


def total(outcomes: Sequence[Outcome]) -> tuple[Availability, Availability]:
    """Over the whole programme: all requests, and those outside announced seconds."""
    return sum((o.whole for o in outcomes), Availability()), sum((o.counted for o in outcomes), Availability())


def details(outcomes: Sequence[Outcome]) -> str:
    """What went wrong where, line by line."""
    lines = []
    for outcome in outcomes:
        bad = ", ".join(f"{count} × {what}" for what, count in outcome.whole.bad.most_common())
        lines += [f"- {outcome.drill.name}: {bad}"] if bad else []
        lines += [f"  - {what}" for what in [*outcome.breaches[:10], *outcome.problems]]
        lines += [f"  - fsck {outcome.fsck}"] if outcome.fsck != "clean" else []
    return "\n".join(lines)


def as_json(outcomes: Sequence[Outcome]) -> str:
    """For machines."""
    whole, counted = total(outcomes)
    return json.dumps({
        "share": counted.share, "share_with_announced_seconds": whole.share, "target": TARGET,
        "drills": [{
            "name": o.drill.name, "green": o.green, "requests": o.whole.requests, "share": o.whole.share,
            "counted_requests": o.counted.requests, "counted_share": o.counted.share, "gap_seconds": o.counted.gap,
            "gap_seconds_in_all": o.whole.gap, "excluded_seconds": o.excluded_seconds, "bad": dict(o.whole.bad),
            "accepted": o.accepted, "ended": o.ended, "breaches": o.breaches, "problems": o.problems, "fsck": o.fsck,
        } for o in outcomes],
    }, indent=1)  # fmt: skip


def keep(outcome: Outcome, file: Path) -> None:
    """Add one outcome to a file, in the place of an earlier one of that drill."""
    kept = json.loads(file.read_text()) if file.exists() else {}
    kept[outcome.drill.name] = vars(outcome) | {
        "drill": outcome.drill.name, "whole": vars(outcome.whole), "counted": vars(outcome.counted),
    }  # fmt: skip
    file.write_text(json.dumps(kept, indent=1))


def kept_outcomes(file: Path, all_drills: Sequence[Drill]) -> list[Outcome]:
    """What a file holds, in the order of the programme."""
    kept = json.loads(file.read_text()) if file.exists() else {}
    outcomes = []
    for drill in all_drills:
        if drill.name in kept:
            fields = kept[drill.name] | {"drill": drill}
            for name in ("whole", "counted"):
                fields[name] = Availability(**fields[name] | {"bad": Counter(fields[name]["bad"])})
            outcomes.append(Outcome(**fields))
    return outcomes


Start = Callable[[str], AbstractContextManager[Yard]]
"""The stack of a kind, started when entered and stopped at the end."""


@dataclass
class Run:
    """The programme at work. `start` makes stacks; `kept`: a file that each outcome is added to at once."""

    start: Start
    pace: float = PACE
    kept: Path | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    interrupted: bool = False

    def play(self, wanted: Sequence[Drill]) -> None:
        """Play them, those of one stack together; progress goes to standard error. Ctrl-C ends it, without an error."""
        try:
            for kind in ("yard", "embedded"):
                self._play_kind(kind, [drill for drill in wanted if drill.stack == kind])
        except KeyboardInterrupt:
            _say("interrupted")
            self.interrupted = True

    def _play_kind(self, kind: str, waiting: list[Drill]) -> None:
        """A drill that is red leaves nothing to the next one, which gets a new stack. A stack that twice does not
        start makes red what waits for it."""
        failures = 0
        while waiting:
            if failures == 2:
                self._take(Outcome(waiting.pop(0), problems=[f"the stack ({kind}) did not start, twice"]))
                continue
            before = len(waiting)
            _say(f"starting the stack ({kind}) …")
            try:
                with self.start(kind) as yard:
                    while waiting and self._play_one(yard, waiting.pop(0)):
                        pass
            except Exception as error:  # noqa: BLE001 - what was played before is shown all the same
                if len(waiting) == before:
                    failures += 1
                    self._take(Outcome(waiting.pop(0), problems=[f"the stack did not start: {one_line(error)}"]))
                else:
                    last = self.outcomes.pop()
                    last.problems.append(f"the stack did not stop: {one_line(error)}")
                    self._take(last)
            else:
                failures = 0

    def _play_one(self, yard: Yard, drill: Drill) -> bool:
        """Whether it is green."""
        print(f"{time.strftime('%H:%M:%S')} {drill.name}: {drill.what} … ", end="", file=sys.stderr, flush=True)
        outcome = asyncio.run(run_drill(yard, drill, pace=self.pace))
        self._take(outcome)
        return outcome.green

    def _take(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        if self.kept:
            keep(outcome, self.kept)
        state = "green" if outcome.green else "RED"
        _say(f"{state}, {_percent(outcome.counted)}, {outcome.seconds:.0f} s")
        if not outcome.green:
            _say(details([outcome]))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    options = _arguments(arguments)
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # so that the stack is stopped, and what was played is shown
    with temporary_folder() as folder:
        programme = drills(folder / "e")
        wanted = chosen(programme, options.drills, options.without)
        if options.list:
            print("\n".join(f"{drill.name:28} {drill.what}" for drill in wanted))
            return 0
        if options.sqs:
            wanted = [drill for drill in wanted if drill.name not in ONLY_ON_STREAMS]
        if not wanted:
            _say("nothing to play: " + (f"with --sqs there is no {', '.join(ONLY_ON_STREAMS)}" if options.sqs else
                                        "--without leaves out all that was named"))  # fmt: skip
            return 1
        look(
            database=options.database if any(drill.stack == "yard" for drill in wanted) else None,
            clocks=[drill.name for drill in wanted if drill.clock],
            disks=[drill.name for drill in wanted if drill.stack == "embedded"],
        )
        number = itertools.count()

        def start(kind: str) -> AbstractContextManager[Yard]:
            # Valkey and the provider keep their data in the folder. The small disk is a new one wherever it is mounted.
            below = folder / ("e" if kind == "embedded" else f"y{next(number)}")
            return stack_for(kind, options.database, below, sqs=options.sqs)

        run = Run(start, pace=options.pace, kept=options.kept)
        run.play(wanted)
    outcomes = kept_outcomes(options.kept, programme) if options.kept else run.outcomes
    text = f"{table(outcomes)}\n\n{details(outcomes)}\n"
    print(as_json(outcomes) if options.json else text)
    if options.report:
        options.report.write_text(text)
    if run.interrupted:
        _say(f"interrupted: {len(run.outcomes)} of {len(wanted)} drills were played")
    return 0 if passed(outcomes, all_played=not run.interrupted) else 1


def passed(outcomes: Sequence[Outcome], *, all_played: bool) -> bool:
    """Whether something was played and nothing left out, all of it is green, and the target is reached."""
    well = total(outcomes)[1].share >= TARGET
    return all_played and bool(outcomes) and well and all(outcome.green for outcome in outcomes)


if __name__ == "__main__":
    raise SystemExit(main())
