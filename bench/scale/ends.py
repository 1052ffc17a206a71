"""How much of each thing behind the fleet is used: 1 is its end. Sources of the limits: docs/scale.md."""

from __future__ import annotations

from collections.abc import Mapping

from bench.scale.capacity import Constants
from bench.scale.planned import Planned

_KILOBYTES = 2.0


def units(rate: float) -> float:
    """Load balancer capacity units behind a CDN: a tenth of the requests on new connections, each open for 10 s."""
    return max(rate / 10 / 25, rate / 10 * 10 / 3000, rate * _KILOBYTES * 3600 / 1e6, rate / 1000)


def connections(instances: int, planned: Planned) -> float:
    """Share of the database's connections: each process takes its own, at least 2 and at most 8 (user data)."""
    processes = planned.cores + 1
    share = (planned.connections - 10) // planned.most // processes
    return instances * processes * max(2, min(8, share)) / planned.connections


def use(
    answered: Mapping[str, float], cdn: float, instances: int, planned: Planned, constants: Constants
) -> dict[str, float]:
    """Shares of what each thing can do, by name. `answered` by route, and `cdn`: requests a second."""
    limits, claim = constants.limits, constants.routes["claim"].valkey_us or 0.0
    valkey = sum(
        # Holds and orders are one script each; their Valkey share is taken to be a claim's.
        count * (constants.routes[route].valkey_us or (claim if route in ("hold", "order") else 0.0))
        for route, count in answered.items()
    )
    # A session and a claim are a commit each.
    commits = answered.get("claim", 0.0) + answered.get("sign_in", 0.0)
    return {
        "Aurora writes": answered.get("order", 0.0) / limits.orders + commits / limits.commits,
        "Aurora connections": connections(instances, planned),
        "Valkey core": valkey / 1e6,
        "ALB units": units(sum(answered.values())) / max(limits.alb_units, planned.reserved_lcus),
        "CDN quota": cdn / limits.cdn,
    }
