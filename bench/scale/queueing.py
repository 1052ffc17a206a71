"""Waiting before k processes that share one port: M/G/k by Erlang's C and the correction of Allen and Cunneen.

A. K. Erlang 1917; A. O. Allen, Probability, Statistics and Queueing Theory, 1990, section 5.3.6. The waiting time of
those who wait is taken as exponential, which is exact for M/M/k and near enough for tails at high load.
"""

from __future__ import annotations

import math


def erlang_c(servers: int, offered: float) -> float:
    """Share of the requests that wait, of `offered` erlangs before so many servers; 1 when overloaded."""
    if offered <= 0:
        return 0.0
    if offered >= servers:
        return 1.0
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = offered * blocked / (n + offered * blocked)
    return servers * blocked / (servers - offered * (1 - blocked))


def mean_wait(servers: int, rate: float, service: float, variation: float = 1.0) -> float:
    """Mean seconds before service. `variation`: squared coefficient of variation of the service time."""
    offered = rate * service
    if offered >= servers:
        return math.inf
    return erlang_c(servers, offered) * service / (servers - offered) * (1 + variation) / 2


def percentile(servers: int, rate: float, service: float, share: float, variation: float = 1.0) -> float:
    """Seconds, service included, that this share of the requests stays below: wait's tail plus the mean service."""
    offered = rate * service
    waiting = erlang_c(servers, offered)
    if offered >= servers:
        return math.inf
    if waiting <= 1 - share:
        return service
    mean_of_waiters = mean_wait(servers, rate, service, variation) / waiting
    return service + mean_of_waiters * math.log(waiting / (1 - share))
