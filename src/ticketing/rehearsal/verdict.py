"""The verdict: what was promised, what was found, and whether the one keeps the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ticketing.rehearsal import checks
from ticketing.rehearsal.conduct import Played
from ticketing.rehearsal.histogram import Histogram

NO_LATENCY = ("bot",)
"""Steps whose latency no buyer feels."""


@dataclass(frozen=True)
class Targets:
    """What is promised. Seconds and shares; None: not meant in this run.

    Attributes:
        sold_out: no seat is free so long after T-0. cap: people inside at once.
        generator_cpu: of a core, for each generator. machine_alone, machine_shared: of the machine, for all generators
            together; shared when the site is on it as well.
    """

    p99_ms: float = 200.0
    available: float = 0.999
    sold_out: float | None = 60.0
    cap: int | None = None
    generator_cpu: float = 0.85
    machine_alone: float = 0.85
    machine_shared: float = 0.5
    generator_late_ms: float = 25.0


@dataclass(frozen=True)
class Criterion:
    """One line of the verdict. `passed` None: did not apply."""

    name: str
    says: str
    value: Any
    target: str
    passed: bool | None
    details: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Verdict:
    """All of it; `passed` when nothing was missed. `notes`: what else people should know, a line each."""

    criteria: list[Criterion]
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every criterion that applied was met."""
        return all(criterion.passed is not False for criterion in self.criteria)

    def document(self) -> dict[str, Any]:
        """For machines."""
        return {"passed": self.passed, "criteria": [asdict(criterion) for criterion in self.criteria]}


def judge(played: Played, targets: Targets, fsck: dict[str, Any] | None) -> Verdict:
    """Judge a rehearsal; `fsck` is the platform's own check of its books, where it can be asked."""
    history, line = played.record.history, played.plan.line
    made = [
        _nothing_wrong("double sales", "no seat has two owners", checks.double_sales(history), bool(history.looks)),
        _nothing_wrong(
            "lost orders", "every accepted order ended where its buyer can see it", checks.lost_orders(history),
            bool(history.orders),
        ),
        _inversions(played) if line else _not_meant("inversions", "nobody overtakes in line"),
        _cap(played, targets.cap),
        _bots(played),
        *_latencies(played, targets.p99_ms),
        _available(played, targets.available),
        _understood(played),
        _sold_out(played, targets.sold_out),
        *_generator(played, targets),
    ]  # fmt: skip
    if fsck is not None:
        breaches = [f"{breach.get('code')}: {breach.get('detail')}" for breach in fsck.get("breaches", [])]
        said = breaches or ([fsck["failed"]] if "failed" in fsck else [])
        made.append(Criterion("fsck", "the books agree", fsck["exit_code"], "0", fsck["exit_code"] == 0, said[:20]))
    return Verdict(made, [_load(name, load) for name, load in played.meter.loads().items()])


def _nothing_wrong(name: str, says: str, wrong: Sequence[str], looked: bool) -> Criterion:
    # A check that had nothing to look at proves nothing.
    return Criterion(name, says, len(wrong), "0", not wrong and looked, list(wrong[:20]) or _vacuous(looked))


def _vacuous(looked: bool) -> list[str]:
    return [] if looked else ["nothing of the kind happened, so nothing is proved"]


def _not_meant(name: str, says: str) -> Criterion:
    return Criterion(name, says, None, "not meant in this run", None)


def _inversions(played: Played) -> Criterion:
    history = played.record.history
    count, twice = checks.inversions(history), checks.early_entries(history)
    looked = bool(history.claims)
    return Criterion(
        "inversions", "nobody overtakes in line", count + len(twice), "0", looked and not count and not twice,
        twice[:20] or _vacuous(looked),
    )  # fmt: skip


def _cap(played: Played, cap: int | None) -> Criterion:
    says = "no more people are inside than the cap, as far as they can tell"
    if cap is None or not played.plan.line:
        return _not_meant("cap", says)
    most = checks.most_inside(played.record.history.visits)
    return Criterion("cap", says, most, f"at most {cap:,}", 0 < most <= cap)


def _bots(played: Played) -> Criterion:
    says = "whoever did not wait is refused, and for that very reason"
    if not played.plan.has_bots:
        return _not_meant("bots", says)
    tries = checks.bot_tries(played.record.history)
    refused, wrong = tries.refused.total(), tries.wrong
    if tries.undecided:
        says += f"; {tries.undecided} more were put off like anybody else"
    looked = tries.passes_tried if played.plan.line else bool(refused)
    return Criterion(
        "bots", says, f"{refused} of {refused + len(wrong)} refused", "all", looked and not wrong,
        wrong[:20] or _vacuous(looked),
    )  # fmt: skip


def _latencies(played: Played, most: float) -> list[Criterion]:
    made = []
    for step in played.record.steps:
        if step in NO_LATENCY:
            continue
        histogram = played.record.step(step)
        p99 = round(histogram.percentile(0.99), 1)
        median, worst = histogram.percentile(0.5), histogram.largest * 1000
        says = f"{histogram.count:,} times, p50 {median:.1f} ms, worst {worst:.0f} ms"
        made.append(Criterion(f"p99 ms: {step}", says, p99, f"below {most:.0f}", p99 < most))
    return made


def _available(played: Played, least: float) -> Criterion:
    answers = played.record.answers
    asked = sum(count for (step, _), count in answers.items() if step != "bot")
    failed = sum(count for (step, kind), count in answers.items() if kind == "failed" and step != "bot")
    share = 1 - failed / asked if asked else 0.0
    failures = played.record.failures.most_common()
    why = [f"{step}: {reason}, {count} times" for (step, reason), count in failures if step != "bot"]
    return Criterion(
        "availability", f"{failed:,} of {asked:,} well-formed requests were not answered well",
        round(share, 6), f"at least {least}", share >= least, why[:20],
    )  # fmt: skip


def _understood(played: Played) -> Criterion:
    surprises = played.record.surprises
    what = [f"{step}: {what}, {count} times" for (step, what), count in surprises.most_common(20)]
    says = "no answer was one that a fan can make no sense of"
    return Criterion("unexpected answers", says, surprises.total(), "0", not surprises, what)


def sold_out_at(played: Played) -> float | None:
    """Seconds after T-0 (before it: negative) when nobody could find a free seat for the first time; None: never."""
    return next((round(at, 1) for at, free, _, _ in played.record.seats if free == 0), None)


def last_look_at(played: Played, states: Collection[str]) -> float | None:
    """Seconds after T-0 when the last buyer saw their order come to one of these states; None: nobody did.

    Whoever shuts the tab looks half a minute later, whatever the site does, and says nothing about it.
    """
    habit = played.plan.mix.habit
    looks = played.record.history.looks
    seen = [at for fan, _, state, _, _, at in looks if state in states and habit(fan) != "closer"]
    return round(max(seen), 1) if seen else None


def _sold_out(played: Played, within: float | None) -> Criterion:
    at = sold_out_at(played)
    says = "the map shows no free seat"
    if played.record.seats:
        _, free, held, sold = played.record.seats[-1]
        says += f"; at the end {sold:,} sold, {held:,} held or being paid, {free:,} free"
    for what, states in (("ticket", {"ticketed"}), ("final state of an order", checks.FINAL)):
        last = last_look_at(played, states)
        says += f"; last {what} seen after {last:.1f} s" if last is not None else ""
    if within is None:
        return Criterion("sold out", says, at, "not meant in this run", None)
    kept = at is not None and 0 <= at <= within
    before = ["it was sold out before T-0: rehearse with a show that has seats"] if at is not None and at < 0 else []
    return Criterion("sold out", says, at, f"within {within:.0f} s of T-0", kept, before)


def _generator(played: Played, targets: Targets) -> list[Criterion]:
    late: Histogram = played.late
    p99 = round(late.percentile(0.99), 1)
    busiest, together = round(played.busiest, 3), round(played.busiest_together, 3)
    shared = played.plan.shares_machine
    most = played.cores * (targets.machine_shared if shared else targets.machine_alone)
    whose = "which the site shares" if shared else "which they have to themselves"
    return [
        Criterion(
            "generator CPU", "cores that the busiest generator process used in its busiest 10 s", busiest,
            f"below {targets.generator_cpu}", busiest < targets.generator_cpu,
        ),
        Criterion(
            "generators together", f"cores that all generators used in their busiest 10 s, of {played.cores}, {whose}",
            together, f"below {most:g}", together < most,
        ),
        Criterion(
            "generator lateness", "p99 ms that requests left later than they were meant to", p99,
            f"below {targets.generator_late_ms:.0f}", p99 < targets.generator_late_ms,
        ),
        Criterion("unfinished", "fans who were cut off at the end", played.unfinished, "0", played.unfinished == 0),
    ]  # fmt: skip


def _load(name: str, load: Mapping[str, float]) -> str:
    return (
        f"{name}: {load['cpu_seconds']:.1f} s of CPU, {load['busiest_cores']:.2f} cores in its busiest 10 s, "
        f"{load['memory_bytes'] / 2**20:.0f} MiB"
    )
