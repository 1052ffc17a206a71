"""Play an on-sale second by second: the crowd, the line's policy, the scaling group, the stores behind.

Fans move between pools and none is lost: to come → signing in → joining → waiting → called → choosing → holding →
paying → served, or gone. What the fleet cannot do within a second stays in its pool, which is how a queue forms; what
that costs is read from the pool.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from bench.arrivals import arrivals
from bench.scale import ends, queueing
from bench.scale.capacity import Constants
from bench.scale.planned import Planned
from bench.scale.scaling import Group
from bench.scale.sharing import share_out
from ticketing.rehearsal.policy import CLAIM_SPREAD, LEAST, MOST, draw_span, poll_interval

PATIENCE, REGIONS = 10, 13
COHORTS = 200
NOTICE = LEAST / 2 + CLAIM_SPREAD / 2
"""Seconds until one who is called asks to go in: half a look's interval and half the spread of claims."""

MAP_LOOK, PAGE_LOOK = 2.0, 1.5
"""Seconds between two looks at the map while choosing, and at the order's page while paying."""

CHOOSING = 1 / 3
"""Share of a visit until the hold; the rest until the order. A rehearsal's fans take 4 and 8 s."""

FRUITLESS = 22.5
"""Seconds for which one who finds no free seat waits for one: 5 to 40, as in a rehearsal."""

HASHES_WAITING = 2_000
"""Sign-ins that wait in a process (`Passwords`); more are refused and come again after `_AGAIN` seconds."""

_AGAIN = 5.0


@dataclass(frozen=True)
class Sale:
    """A crowd and the line before it. All assumed; `rate` in admissions a minute, seconds, persons, shares.

    Attributes:
        lobby, duration: from the first arrival to T-0, and from there to the end, as a rehearsal has them.
        sign_in: share of the fans who come without a session; they sign in as they come.
        cdn: whether looks that all may see are answered by a CDN.
        plans: share of the fans who load the seat plan from the application, where there is no CDN.
        speed: a core of the instance over a core of the machine that the constants come from.
        beside: CPU seconds per request of others on the same processors: a rehearsal's generator.
    """

    fans: int
    seats: int = 50_000
    cap: int = 10_000
    rate: int = 12_000
    visit: float = 120.0
    no_show: float = 0.3
    buys: float = 0.6
    seats_each: float = 2.0
    holds_each: float = 1.5
    lobby: float = 600.0
    duration: float = 600.0
    sign_in: float = 0.5
    cdn: bool = True
    plans: float = 1.0
    prescale: bool = True
    speed: float = 1.0
    beside: float = 0.0

    def arriving(self, second: int) -> float:
        """Fans who come in this second after T-0 (before it: negative)."""
        return self.fans * arrivals(self.lobby, self.duration).get(second, 0.0)

    @property
    def choose(self) -> float:
        """Share of those who choose that has chosen a second later."""
        return min(1.0, 1 / (self.visit * CHOOSING))

    @property
    def decide(self) -> float:
        """Share of those who hold seats that has ordered, or gone, a second later."""
        return min(1.0, 1 / (self.visit * (1 - CHOOSING)))

    @property
    def parties(self) -> float:
        """Buyers for whom there are seats."""
        return self.seats / self.seats_each


@dataclass
class Moment:
    """One second. Rates a second, latencies in seconds, people by pool.

    Attributes:
        looks: at the line's status; cdn: requests that a CDN answers, these and others.
        answered: requests of the application, by route.
        stood: the longest that a pool stands at this second's speed (inf: nothing moves).
        worker: CPU seconds of the worker.
        free: parties for whom there are seats that nobody has or takes in this second.
    """

    second: int
    instances: int
    desired: int
    busy: float
    requests: float
    refused: float
    looks: float
    cdn: float
    answered: dict[str, float]
    p50: dict[str, float]
    p99: dict[str, float]
    stood: float
    worker: float
    free: float
    coming: float
    signing: float
    joining: float
    waiting: float
    called: float
    choosing: float
    holding: float
    paying: float
    served: float
    gone: float
    ends: dict[str, float]

    @property
    def inside(self) -> float:
        """Those who count for the line's cap."""
        return self.choosing + self.holding

    @property
    def people(self) -> float:
        """All pools: as many as there are fans, in every second."""
        return (
            self.coming + self.signing + self.joining + self.waiting + self.called + self.choosing + self.holding
            + self.paying + self.served + self.gone
        )  # fmt: skip


@dataclass
class _People:
    coming: float
    signing: float = 0.0
    joining: float = 0.0
    waiting: float = 0.0
    called: float = 0.0
    choosing: float = 0.0
    holding: float = 0.0
    paying: float = 0.0
    served: float = 0.0
    gone: float = 0.0

    @property
    def inside(self) -> float:
        return self.choosing + self.holding


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
        left = [self.sale.fans - m.coming - m.signing - m.joining - m.waiting for m in calling]
        return next(float(m.second) for m, n in zip(calling, left, strict=True) if n >= share * left[-1])

    @property
    def none_free(self) -> int | None:
        """First second at which no seat is free, held or sold as they are: how a rehearsal says sold out."""
        return next((m.second for m in self.moments if m.free < 1), None)

    @property
    def sold_out(self) -> int | None:
        """Second at which the last seat was ordered; None while there are some."""
        return next((m.second for m in self.moments if m.served + m.paying >= self.sale.parties - 0.5), None)


class _Player:
    def __init__(self, sale: Sale, planned: Planned, constants: Constants) -> None:
        self.sale, self.planned, self.constants = sale, planned, constants
        self.group = Group(planned)
        self.people = _People(float(sale.fans))
        self.begin = -max(math.ceil(sale.lobby), math.ceil(3 * planned.warmup)) - 60
        self.last = max(arrivals(sale.lobby, sale.duration))
        self.overloaded = 0
        self.left = sale.parties
        self.came = self.joined = self.ordered = self.fetching = self.drawn = 0.0

    def service(self, route: str) -> float:
        return self.constants.routes[route].service / self.sale.speed

    def cpu(self, route: str) -> float:
        return self.constants.routes[route].cpu / self.sale.speed

    def play(self, longest: int) -> Played:
        """Until everybody has been served or is gone."""
        played = Played(self.sale, self.planned)
        for second in range(self.begin, longest):
            if self.sale.prescale and second == -math.ceil(3 * self.planned.warmup):
                self.group.schedule(second, self.planned.on_sale_capacity)
            played.moments.append(self.step(second))
            if second > 0 and self.people.served + self.people.gone >= self.sale.fans - 0.5:
                break
        return played

    @property
    def free(self) -> float:
        """Parties for whom there are free seats."""
        p = self.people
        return max(0.0, self.sale.parties - p.holding - p.paying - p.served)

    def wanted(self, looks: float) -> dict[str, float]:
        """Requests to the event loops that people in each pool want answered now."""
        p, sale = self.people, self.sale
        watched = p.signing + p.joining + p.waiting + p.inside > 0
        made = {
            "join": p.joining,
            "claim": p.called / NOTICE,
            "hold": min(p.choosing * sale.choose, self.free) * sale.holds_each,
            "order": p.holding * sale.decide * sale.buys,
            "order_page": self.ordered + p.paying / PAGE_LOOK,
            "ticket": self.fetching,
            "qr": self.fetching,
        }
        if sale.cdn:
            # A sign of life of those inside costs what a look does.
            status = REGIONS * watched + p.inside / 30
            public = {"status": status, "catalogue": REGIONS * watched, "availability": REGIONS * (p.inside > 0)}
        else:
            maps = p.choosing / MAP_LOOK + p.called / NOTICE
            public = {
                "status": looks + p.inside / 30, "catalogue": self.came, "plan": self.came * sale.plans,
                "availability": maps,
            }  # fmt: skip
        return made | public

    def step(self, second: int) -> Moment:
        """One second of everything."""
        p, sale = self.people, self.sale
        come = min(p.coming, sale.arriving(second)) if second < self.last else p.coming
        self.came, p.coming = come, p.coming - come
        p.signing += come * sale.sign_in
        p.joining += come * (1 - sale.sign_in)
        if second == 0:
            self.drawn = p.waiting
        if second >= 0:
            self.call()
        looks = self.looks(second)
        wanted = self.wanted(looks)
        instances = self.group.in_service(second)
        servers = instances * self.planned.cores
        beside = sale.beside / sale.speed
        loops = sum(count * (self.cpu(route) + beside) for route, count in wanted.items())
        asked = {"loops": loops, "hashes": p.signing * self.cpu("sign_in")}
        asked["worker"] = min(p.paying * self.cpu("fulfil"), float(instances))
        # The kernel shares processors out by thread: a process has one for its loop and hashes on as many as the
        # instance has cores; the worker gets a third of what they get, as --cpu-shares gives it.
        weights = {"loops": 1.0, "hashes": float(self.planned.cores), "worker": (1 + self.planned.cores) / 3}
        # Nobody fills a second to its brim: beyond 98 % the queue is what the pools show.
        given = share_out(0.98 * servers, asked, weights)
        done = given["loops"] / loops if loops else 1.0
        signed = given["hashes"] / self.cpu("sign_in")
        fulfilled = given["worker"] / self.cpu("fulfil")
        answered = {route: count * done for route, count in wanted.items()} | {"sign_in": signed}
        total = sum(answered.values())
        busy = min(1.0, sum(asked.values()) / servers) if servers else 1.0
        self.group.tick(second, 100 * busy, total / max(1, instances))
        unanswered = sum(wanted.values()) * (1 - done)
        self.overloaded = self.overloaded + 1 if done < 1 else 0
        turned_away = max(0.0, p.signing - signed - HASHES_WAITING * servers) / _AGAIN
        refused = (unanswered if self.overloaded > PATIENCE else 0.0) + turned_away
        stood = {"loops": (1 - done) / done if done else math.inf}
        stood["hashes"] = (p.signing - signed) / signed if signed else 0.0
        p50, p99 = self.latencies(wanted, done, servers, stood)
        # A browser asks for the event and the plan as it comes, and for the map while its owner chooses.
        cdn = (looks + 2 * come + p.choosing / MAP_LOOK) if sale.cdn else 0.0
        self.move(done, signed, fulfilled)
        self.sweep(second)
        return Moment(
            second, instances, self.group.desired, busy, total, refused, looks, cdn, answered, p50, p99,
            max(stood.values()), given["worker"], self.left, p.coming, p.signing, p.joining, p.waiting, p.called,
            p.choosing, p.holding, p.paying, p.served, p.gone,
            ends.use(answered, cdn, instances, self.planned, self.constants),
        )  # fmt: skip

    def call(self) -> None:
        """The line's leader calls as many as there is room for; some of them do not come."""
        p, sale = self.people, self.sale
        room = max(0.0, min(sale.rate / 60, sale.cap - p.inside - p.called))
        called = min(p.waiting, room / (1 - sale.no_show))
        p.waiting -= called
        p.called += called * (1 - sale.no_show)
        p.gone += called * sale.no_show

    def latencies(
        self, wanted: dict[str, float], done: float, servers: int, stood: dict[str, float]
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Per step: the common queue's wait, the step's own service, and the seconds for which a pool stood."""
        rate = sum(wanted.values()) * done
        if not rate or not servers:
            return {}, {}
        mean = sum(n * done * self.cpu(r) for r, n in wanted.items()) / rate
        square = sum(n * done * 2 * self.cpu(r) ** 2 for r, n in wanted.items()) / rate
        variation = square / mean**2 - 1
        made = []
        for share in (0.5, 0.99):
            wait = queueing.percentile(servers, rate, mean, share, variation) - mean
            felt = {r: wait + self.service(r) + stood["loops"] for r, count in wanted.items() if count}
            if self.people.signing:
                felt["sign_in"] = self.service("sign_in") + stood["hashes"]
            made.append(felt)
        return made[0], made[1]

    def move(self, done: float, signed: float, fulfilled: float) -> None:
        """Whoever was answered goes on."""
        p, sale = self.people, self.sale
        joined, claimed = p.joining * done, p.called * min(1.0, done / NOTICE)
        chosen, left = p.choosing * sale.choose * done, p.holding * sale.decide * done
        held = min(chosen, self.free)
        self.left = max(0.0, self.free - chosen)
        fruitless = p.choosing * (1 - held / chosen) / FRUITLESS if chosen else 0.0
        fulfilled = min(p.paying, fulfilled)
        p.signing, p.joining = p.signing - signed, p.joining + signed - joined
        p.waiting, p.called = p.waiting + joined, p.called - claimed
        p.choosing += claimed - held - fruitless
        p.holding += held - left
        ordered = left * sale.buys
        p.paying += ordered - fulfilled
        p.served += fulfilled
        p.gone += fruitless + left - ordered
        self.joined, self.ordered = joined, ordered
        self.fetching += fulfilled - self.fetching * done

    def sweep(self, second: int) -> None:
        """With the last seat ordered, or with fractions of people left, everybody else is told and goes."""
        p = self.people
        early = p.coming + p.signing + p.joining + p.waiting + p.called + p.choosing + p.holding
        if p.served + p.paying >= self.sale.parties - 0.5 or (second > self.last and early < 1):
            p.gone += early
            p.coming = p.signing = p.joining = p.waiting = p.called = p.choosing = p.holding = 0.0
            if p.paying < 0.5:
                p.served, p.paying = p.served + p.paying, 0.0

    def looks(self, second: int) -> float:
        """Looks a second at the line: one after the join, each minute in the lobby, one after the draw, then by the
        policy.
        """
        p, sale = self.people, self.sale
        if second < 0:
            return self.joined + p.waiting / MOST
        span = max(1.0, draw_span(sale.fans))
        first = self.drawn / span * min(1.0, max(0.0, span - second))
        called = min(sale.rate, sale.cap / sale.visit * 60) / (1 - sale.no_show)
        cohort = p.waiting / COHORTS
        later = sum(cohort / poll_interval(int(cohort * (n + 0.5)), called) for n in range(COHORTS)) if cohort else 0.0
        return self.joined + first + later * min(1.0, second / span)


def play(sale: Sale, planned: Planned, constants: Constants, *, longest: int = 14_400) -> Played:
    """Play a sale to its end, or for so many seconds after T-0."""
    return _Player(sale, planned, constants).play(longest)


def needed(sale: Sale, planned: Planned, constants: Constants, *, within: float = 5.0, most: int = 2_048) -> int | None:
    """The fewest instances, all there beforehand, that keep every pool from standing longer than so many seconds and
    refuse nobody; None: more than `most`. Looked for until ten minutes after T-0.
    """

    def enough(count: int) -> bool:
        fleet = replace(planned, least=count, desired=count, most=count)
        moments = play(replace(sale, prescale=False), fleet, constants, longest=600).moments
        return all(m.stood <= within and not m.refused for m in moments)

    if not enough(most):
        return None
    low, high = 0, most  # not enough, enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
