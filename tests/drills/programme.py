"""Run the drill programme and print what it showed: `python -m tests.drills.programme [DRILL …]`.

Exit code 0: every drill is green and the share answered well reaches the target; 1: not; 2: wrong arguments.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.drills.availability import Availability
from tests.drills.drill import PACE, Drill, Outcome, drills, run_drill, stack_for, temporary_folder

TARGET = 0.999
_HEAD = ("drill", "injected", "requests", "answered well", "longest gap", "accepted / ended", "breaches", "fsck")


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.drills.programme", description=__doc__)
    parser.add_argument("drills", nargs="*", help="names, or beginnings of names; all without any")
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


def chosen(all_drills: Sequence[Drill], names: Sequence[str]) -> list[Drill]:
    """Those whose names begin with one of these. Raises SystemExit for a name of nothing."""
    for name in names:
        if not any(drill.name.startswith(name) for drill in all_drills):
            print(f"no drill is called {name}: see --list", file=sys.stderr)
            raise SystemExit(2)
    return [drill for drill in all_drills if not names or any(drill.name.startswith(name) for name in names)]


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


def play(wanted: Sequence[Drill], folder: Path, options: argparse.Namespace) -> list[Outcome]:
    """Run them, those of one stack together; progress goes to standard error."""
    outcomes: list[Outcome] = []
    for kind in ("yard", "embedded"):
        group = [drill for drill in wanted if drill.stack == kind]
        if not group:
            continue
        print(f"starting the stack ({kind}) …", file=sys.stderr, flush=True)
        with stack_for(kind, options.database, folder / kind[0], sqs=options.sqs) as yard:
            for drill in group:
                print(f"{time.strftime('%H:%M:%S')} {drill.name}: {drill.what} … ", end="", file=sys.stderr, flush=True)
                try:
                    outcome = asyncio.run(run_drill(yard, drill, pace=options.pace))
                except KeyboardInterrupt:
                    print("interrupted", file=sys.stderr)
                    return outcomes
                outcomes.append(outcome)
                if options.kept:
                    keep(outcome, options.kept)
                state = "green" if outcome.green else "RED"
                print(f"{state}, {_percent(outcome.counted)}, {outcome.seconds:.0f} s", file=sys.stderr, flush=True)
                if not outcome.green:
                    print(details([outcome]), file=sys.stderr, flush=True)
    return outcomes


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    options = _arguments(arguments)
    # As an exception, so that the stack is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with temporary_folder() as folder:
        programme = drills(folder / "e")
        wanted = chosen(programme, options.drills)
        if options.list:
            print("\n".join(f"{drill.name:28} {drill.what}" for drill in wanted))
            return 0
        if options.sqs:
            wanted = [drill for drill in wanted if drill.name not in ("queue-storm", "kill-queue", "stop-queue")]
        outcomes = play(wanted, folder, options)
    if options.kept:
        outcomes = kept_outcomes(options.kept, programme)
    text = f"{table(outcomes)}\n\n{details(outcomes)}\n"
    print(as_json(outcomes) if options.json else text)
    if options.report:
        options.report.write_text(text)
    well = total(outcomes)[1].share >= TARGET
    return 0 if well and all(outcome.green for outcome in outcomes) else 1


if __name__ == "__main__":
    raise SystemExit(main())
