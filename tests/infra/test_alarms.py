"""Alarms that ask "is anything moving?": what each says of a sale, by a reading of CloudWatch's metric math.

Nothing here evaluates alarms as CloudWatch does, so the few functions that our expressions use are written out below.
"""

from __future__ import annotations

import re
from typing import Any

import hcl2
import pytest

from tests.infra.double import ROOT

ALARMS = ROOT / "modules" / "monitoring" / "alarms.tf"
OF_THE_LEADER = ("stalled-line", "stalled-sale", "silent-leader")
Figures = dict[str, float]


def _bare(value: Any) -> Any:
    """A value of hcl2 without the quotes that it keeps around text."""
    if isinstance(value, dict):
        return {_bare(key): _bare(one) for key, one in value.items()}
    return value[1:-1] if isinstance(value, str) and value.startswith('"') else value


def expressions() -> dict[str, Any]:
    """The alarms over several metrics, by name."""
    (values,) = hcl2.loads(ALARMS.read_text(encoding="utf-8"))["locals"]
    found: dict[str, Any] = _bare(values["expressions"])
    return found


def _statistic(figures: Figures, metric: Any) -> float | None:
    value = figures.get(metric["metric"])
    return 1.0 if metric["statistic"] == "SampleCount" and value is not None else value


def goes(alarm: Any, figures: Figures) -> bool:
    """Whether an alarm goes when each minute has these figures (by metric; one that is not there was not told)."""
    given = {name: _statistic(figures, metric) for name, metric in alarm["metrics"].items()}
    if all(value is None for value in given.values()):
        # FILL has nothing to fill: there is not one data point.
        return bool(alarm["missing"] == "breaching")
    python = re.sub(r"\bAND\b", "and", re.sub(r"\bOR\b", "or", alarm["expression"]))
    functions = {
        "FILL": lambda value, instead: instead if value is None else value,
        "IF": lambda condition, yes, no: yes if condition else no,
    }
    told = eval(python, {"__builtins__": {}}, functions | given)  # noqa: S307 - an expression of this repository
    return bool(told > alarm["above"])


IDLE = {"queue.line_length": 0, "queue.callable": 0, "seats.free": 0, "seats.held": 0, "seats.sold": 0}
SALE = {**IDLE, "queue.line_length": 900, "queue.callable": 900, "seats.free": 80, "seats.held": 40, "seats.sold": 5}


@pytest.mark.parametrize(
    ("figures", "going"),
    [
        pytest.param(IDLE, set(), id="nothing is on sale"),
        pytest.param({**SALE, "queue.callable": 0, "seats.held": 9}, set(), id="a lobby, and seats of another event"),
        pytest.param({**SALE, "queue.admitted": 30, "seats.held": 9}, set(), id="the line moves"),
        pytest.param({**SALE, "seats.held": 9}, {"stalled-line"}, id="the line stands still"),
        pytest.param({**SALE, "queue.admitted": 30}, {"stalled-sale"}, id="nobody can pay"),
        pytest.param({}, {"silent-leader"}, id="every worker is dead"),
        pytest.param({"queue.admitted": 30}, {"silent-leader"}, id="no worker, and APIs let in who was called before"),
        pytest.param({"seats.held": 9, "seats.sold": 5}, {"silent-leader"}, id="a leader that cannot read the lines"),
        pytest.param({"queue.callable": 0}, {"silent-leader"}, id="a leader that cannot read the seats"),
    ],
)
def test_what_the_leader_tells_or_not(figures: Figures, going: set[str]) -> None:
    told = expressions()
    assert {name for name in OF_THE_LEADER if goes(told[name], figures)} == going


def test_control_what_was_asked_before_is_blind_and_false() -> None:
    alarm = expressions()["stalled-line"] | {
        "expression": "IF(FILL(waiting, 0) > 0 AND FILL(free, 0) > 0 AND FILL(admitted, 0) < 1, 1, 0)",
        "metrics": {
            "admitted": {"metric": "queue.admitted", "statistic": "Sum"},
            "free": {"metric": "seats.free", "statistic": "Minimum"},
            "waiting": {"metric": "queue.line_length", "statistic": "Maximum"},
        },
    }
    assert goes(alarm, {**SALE, "queue.callable": 0}), "every lobby pages"
    assert not goes(alarm, {}), "no dead leader does"
    quiet = expressions()["silent-leader"] | {"missing": "notBreaching"}
    assert not goes(quiet, {})
