"""What a rehearsal plays: where, how many, who they are and when they come."""

from __future__ import annotations

import json
import math
import random
from dataclasses import asdict, dataclass, field
from typing import Any

HABITS = ("plain", "slow", "leaver", "closer", "bot", "doubler")
"""plain: buys. slow: takes three times as long. leaver: changes their mind and says so. closer: shuts the tab without a
word, somewhere. bot: tries to buy without having waited. doubler: clicks twice."""

STAGES = ("lobby", "waiting", "inside", "paying", "done")


@dataclass(frozen=True)
class Mix:
    """Shares of the fans who are not plain buyers, 0 to 1."""

    slow: float = 0.15
    leaver: float = 0.05
    closer: float = 0.05
    bot: float = 0.02
    doubler: float = 0.10

    def habit(self, number: int) -> str:
        """Of the fan with this number; evenly mixed, the same in every run. However few they are, one is a bot."""
        if number == 1 and self.bot > 0:
            return "bot"
        at = number * 0.6180339887498949 % 1.0
        for name in ("slow", "leaver", "closer", "bot", "doubler"):
            share = getattr(self, name)
            if at < share:
                return name
            at -= share
        return "plain"


@dataclass(frozen=True)
class Plan:
    """What one process plays. Instants are seconds of the monotonic clock, which all processes of a machine share.

    Attributes:
        target, host: where connections go, and what the Host header says.
        event_id: the event; line: whether it has a waiting line.
        first, stride, fans: this process plays every `stride`-th number from `first` on, below `fans`.
        begin: the first may come. opens_at: T-0. end: nobody begins to buy any more. close: orders are no longer
            followed, all stop.
        seed: of everything that is drawn by lot here.
        pace: how long people think, 1 being: 4 s to choose, 8 s to pay, by the median.
        accounts: a file of JSON lines, line n for fan n: {"token"} or {"email", "password"}.
        plan_share: share of the fans who load the seat plan themselves; a CDN has it for the others.
    """

    target: tuple[str, int]
    host: str
    event_id: str
    line: bool
    first: int
    stride: int
    fans: int
    begin: float
    opens_at: float
    end: float
    close: float
    accounts: str
    seed: int = 1
    pace: float = 1.0
    plan_share: float = 1.0
    mix: Mix = field(default_factory=Mix)

    @property
    def has_bots(self) -> bool:
        """Whether any of all fans is a bot."""
        return self.mix.bot > 0 and any(self.mix.habit(number) == "bot" for number in range(self.fans))

    @property
    def shares_machine(self) -> bool:
        """Whether the site is on the generators' own machine."""
        return self.target[0] in ("localhost", "::1") or self.target[0].startswith("127.")

    def encode(self) -> str:
        """For the other process's standard input."""
        return json.dumps(asdict(self))

    @classmethod
    def decode(cls, text: str) -> Plan:
        """What `encode` gave."""
        given: dict[str, Any] = json.loads(text)
        return cls(**given | {"target": tuple(given["target"]), "mix": Mix(**given["mix"])})

    def arrival(self, rng: random.Random) -> float:
        """When somebody comes."""
        return arrival(rng, self.begin, self.opens_at, self.end)


def arrival(rng: random.Random, begin: float, opens_at: float, end: float) -> float:
    """When somebody comes: seven in ten in the lobby, more and more of them towards T-0; two in ten at the very
    moment, within seconds; one in ten late. Instants in seconds of any one clock.
    """
    lot = rng.random()
    lobby, sale = opens_at - begin, end - opens_at
    if lot < 0.7:
        return begin + (lobby - min(2.0, lobby / 4)) * math.sqrt(rng.random())
    if lot < 0.9:
        return opens_at + rng.uniform(-min(2.0, lobby / 4), 2.0)
    return opens_at + 2.0 + min(sale * 0.6, rng.expovariate(6.0 / sale))


def lognormal(rng: random.Random, median: float) -> float:
    """How long a person takes: half of them longer than the median, one in ten more than twice as long."""
    return min(median * 3, rng.lognormvariate(math.log(median), 0.55))
