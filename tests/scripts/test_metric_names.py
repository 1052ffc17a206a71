"""Names of metrics are the same in the code, on the dashboard and in the alarms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ticketing.base import metrics

MODULE = Path(__file__).parents[2] / "modules" / "monitoring"
OURS = re.compile(r'"((?:queue|holds|seats|orders|payments|refunds|outbox)\.[a-z_]+)"')


def told(file: str) -> set[str]:
    """Names of ours in a Terraform file."""
    return set(OURS.findall((MODULE / file).read_text()))


def differences(dashboard: set[str], alarms: set[str], code: frozenset[str]) -> set[str]:
    """What one of them has and another lacks; not everything that is shown needs an alarm."""
    return (dashboard ^ code) | (alarms - code)


def test_code_dashboard_and_alarms_say_the_same() -> None:
    assert differences(told("dashboard.tf"), told("alarms.tf"), metrics.names()) == set()
    assert len(told("alarms.tf")) >= 5


@pytest.mark.parametrize("name", sorted(metrics.names()))
def test_a_name_that_one_of_them_lacks_is_found(name: str) -> None:
    dashboard, alarms, code = told("dashboard.tf"), told("alarms.tf"), metrics.names()
    assert differences(dashboard - {name}, alarms, code) == {name}
    assert differences(dashboard, alarms, code - {name}) == {name}
    assert differences(dashboard, alarms | {"seats.spare"}, code) == {"seats.spare"}


def test_a_level_without_a_gauge_is_refused() -> None:
    with pytest.raises(ValueError, match="no such gauge"):
        metrics.tell_levels({("seats.spare", ""): 1.0})
