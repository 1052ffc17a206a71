"""Names of metrics are the same in the code, in the collector's list, in the dashboard's pictures and in the alarms."""

from __future__ import annotations

import re
from pathlib import Path

import hcl2
import pytest

from ticketing.base import metrics

MODULE = Path(__file__).parents[2] / "modules" / "monitoring"
DASHBOARD = (MODULE / "dashboard.tf").read_text(encoding="utf-8")
ALARMS = (MODULE / "alarms.tf").read_text(encoding="utf-8")
OURS = re.compile(r'"((?:queue|holds|seats|orders|payments|refunds|outbox)\.[a-z_]+)"')
TITLES = re.findall(r'\{ title = "([^"]+)", metrics = ', DASHBOARD)

PROMISED = {
    "line length": {"queue.line_length"},
    "serving": {"queue.serving"},
    "admitted a second": {"queue.admitted"},
    "utilisation of the cap": {"queue.cap_utilisation"},
    "holds a second and their latency": {"holds.created", "holds.latency"},
    "seats free, held, sold": {"seats.free", "seats.held", "seats.sold"},
    "orders by state": {"orders.state"},
    "queue age": {"orders.queue_age"},
    "dead letters": {"orders.dead_letters"},
    "payment latency and refusals": {"payments.latency", "payments.refused"},
    "refunds": {"refunds.made"},
    "oldest unsent outbox row": {"outbox.oldest_age"},
}
"""What the design says one must see (section 12, "Watching it run"), word by word."""
NOT_PROMISED = {"queue.callable"}
"""What an alarm needs beside it."""


def told(text: str, local: str) -> set[str]:
    """Names of ours in one of a Terraform file's locals."""
    (values,) = hcl2.loads(text)["locals"]
    return set(OURS.findall(str(values[local])))


def pictures(text: str = DASHBOARD) -> set[str]:
    """What the dashboard shows."""
    return told(text, "pictures")


def alarms() -> set[str]:
    return told(ALARMS, "broken") | told(ALARMS, "expressions")


def differences(shown: set[str], passed_on: set[str], asked: set[str], code: frozenset[str]) -> set[str]:
    """What one of them has and another lacks; not everything that is shown needs an alarm."""
    return (shown ^ code) | (passed_on ^ code) | (asked - code)


def test_code_collector_dashboard_and_alarms_say_the_same() -> None:
    passed_on = told(DASHBOARD, "metric_names")
    assert differences(pictures(), passed_on, alarms(), metrics.names()) == set()
    assert len(alarms()) >= 5
    assert alarms() == set(OURS.findall(ALARMS))


def test_what_was_promised_is_measured_and_little_else() -> None:
    promised = {name for names in PROMISED.values() for name in names}
    assert promised | NOT_PROMISED == metrics.names()


@pytest.mark.parametrize("name", sorted(metrics.names()))
def test_a_name_that_one_of_them_lacks_is_found(name: str) -> None:
    code = metrics.names()
    full = set(code)
    assert differences(full, full, set(), code) == set()
    assert differences(full - {name}, full, set(), code) == {name}
    assert differences(full, full - {name}, set(), code) == {name}
    assert differences(full, full, set(), code - {name}) == {name}
    assert differences(full, full, {"seats.spare"}, code) == {"seats.spare"}


@pytest.mark.parametrize("title", TITLES)
def test_a_picture_that_is_deleted_is_missed(title: str) -> None:
    (line,) = [line for line in DASHBOARD.splitlines(keepends=True) if f'title = "{title}"' in line]
    of_the_picture = set(OURS.findall(line))
    assert pictures(DASHBOARD.replace(line, "")) == pictures() - of_the_picture
    assert of_the_picture or "AWS/" in line


def test_the_pictures_were_found() -> None:
    assert {"Seats: free, held, sold", "Orders by state"} < set(TITLES)


def test_a_level_without_a_gauge_is_refused() -> None:
    with pytest.raises(ValueError, match="no such gauge"):
        metrics.tell_levels({("seats.spare", ""): 1.0})
