"""How much of each thing behind the fleet is used: 1 is its end. Sources of the limits: docs/scale.md."""

from __future__ import annotations

from collections.abc import Mapping

from bench.scale.capacity import Constants
from bench.scale.planned import Planned

ORDERS_A_SECOND = 4_210
"""Fulfilment on MariaDB, `python -m bench fulfil`: measured here, not on Aurora."""

CLAIMS_A_SECOND = 1_586
"""Durable commits of claims, `python -m bench line:costs`: measured here through one process."""

ALB_UNITS = 100
"""Capacity units of a load balancer that has seen no crowd yet: assumed."""

CDN_LOOKS = 250_000
"""CloudFront's default quota of requests a second for a distribution."""

_SMALL_DATABASES = {"db.t3.large": 135, "db.t3.medium": 90, "db.t4g.large": 135, "db.t4g.medium": 90}
_KILOBYTES = 2.0


def units(rate: float) -> float:
    """Load balancer capacity units behind a CDN: a tenth of the requests on new connections, each open for 10 s."""
    return max(rate / 10 / 25, rate / 10 * 10 / 3000, rate * _KILOBYTES * 3600 / 1e6, rate / 1000)


def connections(instances: int, planned: Planned) -> float:
    """Database connections: each process takes its share, at least 2 and at most 8 (user data)."""
    limit = _SMALL_DATABASES.get(planned.database, 1000)
    processes = planned.cores + 1
    share = (limit - 10) // planned.most // processes
    return instances * processes * max(2, min(8, share)) / limit


def use(
    wanted: Mapping[str, float], done: float, instances: int, planned: Planned, constants: Constants
) -> dict[str, float]:
    """Shares of what each thing can do, by name."""
    rate = sum(wanted.values()) * done
    claim = constants.routes["claim"].valkey_us or 0.0
    valkey = sum(
        # Holds and orders are one script each; their Valkey share is taken to be a claim's.
        count * done * (constants.routes[route].valkey_us or (claim if route in ("hold", "order") else 0.0))
        for route, count in wanted.items()
    )
    return {
        "Aurora writes": wanted["order"] * done / ORDERS_A_SECOND + wanted["claim"] * done / CLAIMS_A_SECOND,
        "Aurora connections": connections(instances, planned),
        "Valkey core": valkey / 1e6,
        "ALB units": units(rate) / max(ALB_UNITS, planned.reserved_lcus),
    }
