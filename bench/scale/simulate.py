"""Play an on-sale second by second: the crowd, the line's policy, the scaling group, the stores behind.

Fans move between pools and none is lost: to come → joining → waiting → called → inside → served or gone. What the
fleet cannot do within a second stays in its pool, which is how a queue forms; what that costs is read from the pool.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from bench.scale import ends, queueing
from bench.scale.capacity import Constants
from bench.scale.planned import Planned
from bench.scale.scaling import Group
from ticketing.rehearsal.policy import poll_interval

BEFORE, PATIENCE, REGIONS = 900, 10, 13
COHORTS = 200


@dataclass(frozen=True)
class Sale:
    """A crowd and the line before it. All assumed; `rate` in admissions a minute, seconds, persons."""

    fans: int
    seats: int = 50_000
    cap: int = 10_000
    rate: int = 12_000
    visit: float = 120.0
    no_show: float = 0.3
    buys: float = 0.6
    seats_each: float = 2.0
    holds_each: float = 1.5
    late: float = 0.05
    prescale: bool = True
    speed: float = 1.0
    """A core of the instance over a core of the machine that the constants come from."""

    def arriving(self, second: int) -> float:
        """Fans who come in this second: `late` after T-0 over 5 min, three in ten in the last minute before it."""
        early = 1 - self.late - 0.3
        share = early / 600 * (-600 <= second < 0) + 0.3 / 60 * (-60 <= second < 0)
        return self.fans * (share + self.late / 300 * (0 <= second < 300))


@dataclass
class Moment:
    """One second. Rates a second, latencies in seconds (inf: overloaded for good), people by pool."""

    second: int
    instances: int
    desired: int
    busy: float
    requests: float
    refused: float
    looks: float
    p50: dict[str, float]
    p99: dict[str, float]
    coming: float
    joining: float
    waiting: float
    called: float
    inside: float
    served: float
    gone: float
    ends: dict[str, float]

    @property
    def people(self) -> float:
        """All pools: as many as there are fans, in every second."""
        return self.coming + self.joining + self.waiting + self.called + self.inside + self.served + self.gone


@dataclass
class _People:
    coming: float
    joining: float = 0.0
    waiting: float = 0.0
    called: float = 0.0
    inside: float = 0.0
    served: float = 0.0
    gone: float = 0.0


@dataclass
class Played:
    """A sale that has been played."""

    sale: Sale
    planned: Planned
    moments: list[Moment] = field(default_factory=list)

    def line_wait(self, share: float) -> float:
        """Seconds after T-0 until this share of those who were called had been; sold out, the rest are told."""
        end = self.sold_out
        calling = [m for m in self.moments if end is None or m.second < end]
        left = [self.sale.fans - m.coming - m.joining - m.waiting for m in calling]
        return next(float(m.second) for m, n in zip(calling, left, strict=True) if n >= share * left[-1])

    @property
    def sold_out(self) -> int | None:
        """Second at which the last seat went; None while there are some."""
        need = self.sale.seats / self.sale.seats_each
        return next((m.second for m in self.moments if m.served >= need - 1e-6), None)


class _Player:
    def __init__(self, sale: Sale, planned: Planned, constants: Constants) -> None:
        self.sale, self.planned, self.constants = sale, planned, constants
        self.group = Group(planned)
        self.people = _People(float(sale.fans))
        self.overloaded = 0

    def service(self, route: str) -> float:
        return self.constants.routes[route].service / self.sale.speed

    def play(self, longest: int) -> Played:
        """Until everybody has been served or is gone."""
        played = Played(self.sale, self.planned)
        for second in range(-BEFORE, longest):
            if self.sale.prescale and second == -math.ceil(3 * self.planned.warmup):
                self.group.schedule(second, self.planned.on_sale_capacity)
            played.moments.append(self.step(second))
            if second > 300 and self.people.served + self.people.gone >= self.sale.fans - 0.5:
                break
        return played

    def wanted(self) -> dict[str, float]:
        """Requests that people in each pool want answered now."""
        p, sale = self.people, self.sale
        leaving = p.inside / sale.visit
        watched = p.joining + p.waiting + p.inside > 0
        return {
            "join": p.joining,
            "claim": p.called,
            "hold": leaving * sale.holds_each,
            "order": leaving * sale.buys,
            "status": REGIONS * watched + p.inside / 30,
            "catalogue": REGIONS * watched,
            "availability": REGIONS * (p.inside > 0),
        }

    def step(self, second: int) -> Moment:
        """One second of everything."""
        p, sale = self.people, self.sale
        come = min(p.coming, sale.arriving(second)) if second < 299 else p.coming
        p.coming, p.joining = p.coming - come, p.joining + come
        if second >= 0:
            room = max(0.0, min(sale.rate / 60, sale.cap - p.inside - p.called))
            called = min(p.waiting, room / (1 - sale.no_show))
            p.waiting -= called
            p.called += called * (1 - sale.no_show)
            p.gone += called * sale.no_show
        wanted = self.wanted()
        instances = self.group.in_service(second)
        servers = instances * self.planned.cores
        work = sum(count * self.service(route) for route, count in wanted.items())
        # Nobody fills a second to its brim: beyond 98 % the queue is what the pools show.
        done = min(1.0, 0.98 * servers / work) if work else 1.0
        self.overloaded = self.overloaded + 1 if done < 1 else 0
        asked = sum(wanted.values())
        busy = min(1.0, work / servers) if servers else 1.0
        self.group.tick(second, 100 * busy, asked * done / max(1, instances))
        refused = asked * (1 - done) if self.overloaded > PATIENCE else 0.0
        p50, p99 = self.latencies(wanted, done, servers)
        self.move(done, second)
        return Moment(
            second, instances, self.group.desired, busy, asked * done, refused, self.looks(second), p50, p99,
            p.coming, p.joining, p.waiting, p.called, p.inside, p.served, p.gone,
            ends.use(wanted, done, instances, self.planned, self.constants),
        )  # fmt: skip

    def latencies(
        self, wanted: dict[str, float], done: float, servers: int
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Per step: the common queue's wait, the step's own service, and the seconds for which a pool stood."""
        rate = sum(wanted.values()) * done
        if not rate or not servers:
            return {}, {}
        mean = sum(n * done * self.service(r) for r, n in wanted.items()) / rate
        square = sum(n * done * 2 * self.service(r) ** 2 for r, n in wanted.items()) / rate
        variation = square / mean**2 - 1
        stood = (1 - done) / done
        p50, p99 = (
            {
                route: queueing.percentile(servers, rate, mean, share, variation) - mean + self.service(route) + stood
                for route, count in wanted.items()
                if count
            }
            for share in (0.5, 0.99)
        )
        return p50, p99

    def move(self, done: float, second: int) -> None:
        """Whoever was answered goes on; with the last seat sold, everybody else is told and goes."""
        p, sale = self.people, self.sale
        joined, claimed, left = p.joining * done, p.called * done, p.inside / sale.visit * done
        p.joining, p.waiting = p.joining - joined, p.waiting + joined
        p.called, p.inside = p.called - claimed, p.inside + claimed - left
        bought = min(left * sale.buys, sale.seats / sale.seats_each - p.served)
        p.served, p.gone = p.served + bought, p.gone + left - bought
        over = p.served >= sale.seats / sale.seats_each - 1e-6
        last = p.coming + p.joining + p.waiting + p.called + p.inside < 1 and second > 300
        if over or last:
            p.gone += p.coming + p.joining + p.waiting + p.called + p.inside
            p.coming = p.joining = p.waiting = p.called = p.inside = 0.0

    def looks(self, second: int) -> float:
        """Looks a second at the CDN: each minute in the lobby, spread over 10 s at the draw, by the policy after."""
        p, sale = self.people, self.sale
        if not p.waiting:
            return 0.0
        spread = max(1.0, 10 * min(1.0, sale.fans / 50_000))
        if second < spread:
            return p.waiting / (60 if second < 0 else spread)
        called = min(sale.rate, sale.cap / sale.visit * 60) / (1 - sale.no_show)
        cohort = p.waiting / COHORTS
        return sum(cohort / poll_interval(int(cohort * (n + 0.5)), called) for n in range(COHORTS))


def play(sale: Sale, planned: Planned, constants: Constants, *, longest: int = 14_400) -> Played:
    """Play a sale to its end, or for so many seconds after T-0."""
    return _Player(sale, planned, constants).play(longest)
