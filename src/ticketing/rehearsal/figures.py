"""Which plots a report has, and what is in them."""

from __future__ import annotations

from collections.abc import Iterable

from ticketing.rehearsal.conduct import Played
from ticketing.rehearsal.machine import Meter
from ticketing.rehearsal.plot import Plot, Series

_MIB = 2**20


def plots(played: Played, meter: Meter) -> dict[str, list[Plot]]:
    """The plots by part of the report: `sale`, `latency`, `machine`."""
    span = _span(played)
    return {
        "sale": _sale(played, span),
        "latency": [_latency(played, step, span) for step in played.record.steps if step != "bot"],
        "machine": _machine(played, meter, span),
    }


def _span(played: Played) -> tuple[float, float]:
    plan = played.plan
    seconds = [second for _, second in played.record.latencies]
    return plan.begin - plan.opens_at, float(max(seconds, default=1) + 1)


def _sale(played: Played, span: tuple[float, float]) -> list[Plot]:
    record = played.record

    def counted(name: str) -> list[tuple[float, float]]:
        return [(float(s), float(record.by_second[name, s])) for s in range(int(span[0]) - 1, int(span[1]))]

    names = ["arrived", *(["entered"] if played.plan.line else []), "ordered", "ticketed"]
    made = [Plot("Fans", "per second", [Series(n, counted(n), i + 1) for i, n in enumerate(names)], span=span)]
    if record.line:
        line = _thinned(record.line)
        joined = [(at, float(last)) for at, _, last in line]
        called = [(at, float(serving)) for at, serving, _ in line]
        made.append(Plot("Line", "places", [Series("joined", joined, 1), Series("called", called, 3)], span=span))
    if record.seats:
        seats = _thinned(record.seats)
        series = [
            Series(name, [(entry[0], float(entry[1 + n])) for entry in seats], colour)
            for n, name, colour in ((2, "sold", 3), (1, "held or being paid", 5), (0, "free", 1))
        ]
        made.append(Plot("Seats", "as the map shows them", series, stacked=True, span=span))
    errors = [Series("told no (409)", counted("refused"), 5), Series("not answered well", counted("failed"), 7)]
    made.append(Plot("Refusals and failures", "per second", errors, span=span))
    return made


def _thinned(entries: Iterable[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """One entry for each half second: processes see the same things many times."""
    last: dict[int, tuple[float, ...]] = {}
    for entry in entries:
        last[int(entry[0] * 2)] = entry
    return list(last.values())


def _latency(played: Played, step: str, span: tuple[float, float]) -> Plot:
    found = sorted((second, histogram) for (name, second), histogram in played.record.latencies.items() if name == step)
    series = [
        Series(label, [(second + 0.5, max(0.1, histogram.percentile(share))) for second, histogram in found], colour)
        for label, share, colour in (("p50", 0.5, 1), ("p99", 0.99, 2))
    ]
    return Plot(step, "ms", series, log=True, target=200.0, span=span)


def _machine(played: Played, meter: Meter, span: tuple[float, float]) -> list[Plot]:
    # What was measured before the first fan and after the last would pile up at the edges.
    samples = {name: [one for one in taken if span[0] <= one[0] <= span[1]] for name, taken in meter.samples.items()}
    cpu = [Series(name, [(at, share) for at, share, _ in samples[name]], n % 9 + 1) for n, name in enumerate(samples)]
    memory = [
        Series(name, [(at, size / _MIB) for at, _, size in samples[name]], n % 9 + 1) for n, name in enumerate(samples)
    ]
    made = [Plot("CPU", "cores", cpu, span=span), Plot("Memory", "MiB, the processes' own", memory, span=span)]
    if not cpu:
        load = [Series(f"generator {n + 1}", shares, n % 9 + 1) for n, shares in enumerate(played.load)]
        made.append(Plot("Generator's CPU", "cores", load, span=span))
    return made
