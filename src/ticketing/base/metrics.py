"""Everything that is measured, by the names that the dashboard and the alarms use (modules/monitoring).

Rooms count and time here at any moment: nothing happens until `telemetry.set_up_telemetry` has been told where to send
it.
Nothing is split by person or by seat: one metric costs as many times as its attributes have values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

_meter = metrics.get_meter("ticketing")

queue_admitted = _meter.create_counter("queue.admitted", "1", "people let in through the waiting line")
holds_created = _meter.create_counter("holds.created", "1", "holds that were made")
payments_refused = _meter.create_counter("payments.refused", "1", "payments that the provider declined")
refunds_made = _meter.create_counter("refunds.made", "1", "refunds that the provider confirmed")
holds_latency = _meter.create_histogram("holds.latency", "ms", "how long holding seats takes in the API process")
payments_latency = _meter.create_histogram("payments.latency", "ms", "how long the provider takes for a capture")

COUNTERS = ("queue.admitted", "holds.created", "payments.refused", "refunds.made")
HISTOGRAMS = ("holds.latency", "payments.latency")
GAUGES: Mapping[str, tuple[str, str]] = {
    "queue.line_length": ("1", "people who wait in lines, lobbies and sold-out events included"),
    "queue.callable": ("1", "those of them who could be called: the line is open, and its event has a free seat"),
    "queue.serving": ("1", "places called, highest line"),
    "queue.cap_utilisation": ("%", "people inside as a share of the cap, fullest line"),
    "seats.free": ("1", "seats that are free, events on sale"),
    "seats.held": ("1", "seats that are held or being paid"),
    "seats.sold": ("1", "seats that are sold"),
    "orders.state": ("1", "orders by state, events on sale"),
    "orders.queue_age": ("s", "how long the oldest accepted order has waited for a worker"),
    "orders.dead_letters": ("1", "orders that failed too often"),
    "outbox.oldest_age": ("s", "how long the oldest follow-up has been due"),
}
"""Name → unit, meaning. One process tells them: the worker that leads the lines."""

Levels = Mapping[tuple[str, str], float]
_levels: dict[tuple[str, str], float] = {}


def tell_levels(levels: Levels) -> None:
    """Replace what the gauges show: (name, state or empty) → value. An empty mapping: this process tells nothing."""
    unknown = {name for name, _ in levels} - GAUGES.keys()
    if unknown:
        raise ValueError(f"no such gauge: {', '.join(sorted(unknown))}")
    _levels.clear()
    _levels.update(levels)


def _observer(name: str) -> metrics.CallbackT:
    def observe(_: CallbackOptions) -> Iterable[Observation]:
        for (of, state), value in list(_levels.items()):
            if of == name:
                yield Observation(value, {"state": state} if state else {})

    return observe


for _name, (_unit, _meaning) in GAUGES.items():
    _meter.create_observable_gauge(_name, [_observer(_name)], _unit, _meaning)


def observe_payment(call: str, seconds: float, outcome: str) -> None:
    """What a payment gateway tells of each call (`payments.gateway.Observe`)."""
    if call == "capture":
        payments_latency.record(seconds * 1000)
        if outcome == "declined":
            payments_refused.add(1)
    elif call == "refund" and outcome == "refunded":
        refunds_made.add(1)


def names() -> frozenset[str]:
    """Every name."""
    return frozenset((*COUNTERS, *HISTOGRAMS, *GAUGES))
