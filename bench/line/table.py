"""What the line's benchmarks print."""

from __future__ import annotations

from bench.line.cdn import Cached
from bench.line.costs import Costs
from bench.line.million import Heavy, Story
from bench.line.play import Played
from bench.line.slots import Slots
from bench.line.waiters import Waited
from ticketing.rehearsal.histogram import Histogram

LIMIT_BYTES = 12 * 1024


def targets(people: int) -> float:
    """The p99 that status, join and claim must stay below, in milliseconds."""
    return 20.0 if people <= 10_000 else 200.0


def show_waited(waited: Waited) -> bool:
    """Print a run; whether a target was missed."""
    played, at = waited.played, waited.scene
    print(
        f"\n{at.people:,} people, {waited.database}; {played.processes} generator and {len(waited.connections)} API "
        f"processes, T-0 after {at.arrive + at.lobby:.0f} s, {at.sale:.0f} s of sale, cap {at.cap:,}; "
        f"highest load average {waited.load:.1f}"
    )
    print(f"  {'from the intended sending':29}{'count':>9}{'p50 ms':>9}{'p90':>9}{'p99':>9}{'p99.9':>9}{'max':>9}")
    for kind in sorted(played.latencies):
        _line(kind, played, kind)
    missed = False
    for kind in ("status", "join", "claim"):
        p99 = _line(f"= {kind}", played, kind)
        missed |= p99 > targets(at.people)
    _row("the disk alone (4 KB, synced)", waited.disk)
    late = played.late
    print(
        f"  the generator itself: p50 {late.percentile(0.5):.1f}, p99 {late.percentile(0.99):.1f} ms late; busiest "
        f"process in its busiest second {played.busiest:.0%} of a core; "
        + ", ".join(f"{name} {share:.0%}" for name, share in waited.cpu.items())
        + " of a core on average"
    )
    print(f"  outcomes: {dict(played.outcomes)}; errors: {dict(played.errors) or 'none'}")
    doubled = len(played.indexes) - len(set(played.indexes))
    print(
        f"  places given {len(played.indexes):,}, twice {doubled}; called {waited.served:,}; inversions "
        f"{waited.order.inversions} (overtaken while the slot was kept: {waited.order.kept}); most inside "
        f"{waited.most_inside:,} of {at.cap:,}, on average {waited.utilisation:.1%} (visits of 30 s, unscaled)"
    )
    print(
        f"  memory at T-0 with {waited.at_peak:,} connections ({min(waited.connections):,} to "
        f"{max(waited.connections):,} a process): API {waited.per_connection / 1024:.1f} KB each, kernel "
        f"{waited.kernel_per_connection / 1024:.1f} KB each, Valkey {waited.valkey_per_join:.0f} B a place; "
        f"answers {played.received / max(1, played.answers):.0f} B on the wire"
    )
    print(f"  target: p99 of status, join and claim below {targets(at.people):.0f} ms: {'MISSED' if missed else 'met'}")
    wrong = bool(played.errors) or waited.order.inversions > 0 or doubled > 0 or waited.most_inside > at.cap
    return missed or wrong or waited.per_connection > LIMIT_BYTES


def _line(title: str, played: Played, kind: str) -> float:
    return _row(title, played.kind(kind))


def _row(title: str, histogram: Histogram) -> float:
    values = [histogram.percentile(share) for share in (0.5, 0.9, 0.99, 0.999)] + [histogram.largest * 1000]
    print(f"  {title:29}{histogram.count:>9,}" + "".join(f"{value:>9.1f}" for value in values))
    return values[2]


def show_slots(slots: Slots) -> bool:
    """Print how well the slots were used; whether a target was missed."""
    played = slots.played
    print(
        f"\nslots: cap {slots.cap:,}, three in ten do not come, visits of 240 s, clock 5 × as fast; "
        f"load average {slots.load:.1f}"
    )
    print(
        f"  used {slots.utilisation:.1%} on average (lowest {slots.lowest:.1%}), most inside {slots.most:,}; "
        f"inversions {slots.order.inversions} (overtaken while the slot was kept: {slots.order.kept}); "
        f"outcomes {dict(played.outcomes)}; errors {dict(played.errors) or 'none'}; generator p99 "
        f"{played.late.percentile(0.99):.1f} ms late"
    )
    print("  target: at least 95 %, never above the cap")
    return slots.utilisation < 0.95 or slots.most > slots.cap or bool(played.errors)


def show_cdn(rows: list[Cached]) -> bool:
    """Print what got through the proxy; whether it grew with the crowd."""
    print(
        f"\n{'behind a caching proxy (nginx)':32}{'looks/s':>9}"
        f"{'reached us/s':>14}{'most in 1 s':>13}{'p99 ms':>8}{'load':>7}"
    )
    for row in rows:
        p99 = row.played.kind("status").percentile(0.99)
        print(
            f"  {row.people:>8,} people{row.asked:>23,.0f}"
            f"{row.reached:>14.2f}{row.reached_most:>13}{p99:>8.1f}{row.load:>7.1f}"
            f"   errors {dict(row.played.errors) or 'none'}"
        )
    print("  target: what reaches the application stays flat: at most one a second, whoever waits")
    return any(row.reached > 1.2 or row.played.errors for row in rows)


def show_costs(costs: Costs) -> bool:
    """Print costs a request; whether join is too far from its bare limit."""
    print(
        f"\n{'one API process, 64 connections':34}{'req/s':>9}{'CPU µs':>9}{'Valkey µs':>11}{'p50 ms':>9}{'p99 ms':>9}"
    )
    for row in (costs.bare_status, costs.status, costs.bare_join, costs.join, costs.claim):
        print(f"  {row.name:32}{row.rate:>9,.0f}{row.cpu_us:>9.1f}{row.valkey_us:>11.1f}{row.p50:>9.2f}{row.p99:>9.2f}")
    print(
        f"  target: join at least 0.40 × its bare limit: {costs.join_ratio:.2f} "
        f"(by CPU {costs.bare_join.cpu_us / costs.join.cpu_us:.2f}); load average {costs.load:.1f}"
    )
    return costs.join_ratio < 0.4


def show_heavy(rows: list[Heavy]) -> None:
    """Print the draw and the refill with a million places."""
    for row in rows:
        print(
            f"\n{row.people:,} places, {row.database}: saved at {row.rows:,.0f} rows/s; "
            f"T-0 (close, digest, draw, commit) "
            f"{row.draw:.1f} s; refill of an empty Valkey {row.refill:.1f} s; Valkey {row.valkey:.0f} B a place, "
            f"{row.valkey * row.people / 1e6:.0f} MB; load average {row.load:.1f}"
        )


def show_stories(stories: list[Story]) -> None:
    """Print what fleets would have to do."""
    print(
        f"\n{'worked out':>10}{'admitted/s':>11}{'drain min':>10}{'CDN looks/s':>12}{'at T-0':>9}{'Mbit/s':>8}"
        f"{'looks in all':>13}{'joins/s':>9}{'cores':>7}{'origin/s':>9}{'cores':>7}"
    )
    for s in stories:
        print(
            f"{s.people:>10,}{s.admitted:>11.0f}{s.drain_minutes:>10.0f}{s.looks:>12,.0f}{s.reveal:>9,.0f}"
            f"{s.megabits:>8.0f}{s.looks_in_all / 1e6:>11.1f} M{s.joins:>9,.0f}{s.join_cores:>7.1f}{s.origin:>9,.0f}"
            f"{s.origin_cores:>7.2f}"
        )
