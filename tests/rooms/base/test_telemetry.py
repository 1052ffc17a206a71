"""A process that ends does not wait for a collector that is away; an order's trace begins once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ticketing.base import telemetry, tracing
from ticketing.base.telemetry import Telemetry
from ticketing.base.tracing import OrderIds, Switch, ids_of, order_begins, present_trace, trace_id_of


class Stubborn:
    """Shuts down once it is let go, as a provider whose collector does not answer."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def shutdown(self) -> None:
        self.let_go.wait(30)


def seconds_to_close(provider: Any) -> float:
    began = time.monotonic()
    Telemetry(provider, provider).close()
    return time.monotonic() - began


def test_closing_is_bounded_however_long_the_rest_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "CLOSE_SECONDS", 0.2)
    provider = Stubborn()
    assert 0.15 < seconds_to_close(provider) < 10
    provider.let_go.set()


def test_what_is_sent_at_once_is_not_waited_for() -> None:
    provider = Stubborn()
    provider.let_go.set()
    assert seconds_to_close(provider) < 2


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Where spans go, with everything switched on."""
    told = InMemorySpanExporter()
    provider = TracerProvider(id_generator=OrderIds(), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(told))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    monkeypatch.setattr(Switch, "on", True)
    yield told
    provider.shutdown()


def place(order_id: str, *, first: bool) -> None:
    """A request that places an order, in which the log names the trace."""
    seen = tracing.traces_of_request()
    with order_begins("order", order_id) as placing:
        assert present_trace() == trace_id_of(order_id)
        placing.first = first
    assert seen == [trace_id_of(order_id)]
    assert present_trace() is None


def ids(span: ReadableSpan) -> tuple[int, int, int]:
    """(trace, span, parent or 0)."""
    assert span.context is not None
    return span.context.trace_id, span.context.span_id, span.parent.span_id if span.parent else 0


def test_only_the_request_that_bound_the_order_begins_its_trace(spans: InMemorySpanExporter) -> None:
    trace_id, root_id = ids_of("ord_a")
    for first in (True, False, False):
        place("ord_a", first=first)
    first_span, *repeats = [ids(span) for span in spans.get_finished_spans()]
    assert first_span == (trace_id, root_id, 0)
    assert {(trace, parent) for trace, _, parent in repeats} == {(trace_id, root_id)}
    assert len({root_id, *(span_id for _, span_id, _ in repeats)}) == 3


def test_a_request_that_fails_has_its_span_and_ends_with_its_error(spans: InMemorySpanExporter) -> None:
    def fail() -> None:
        with order_begins("order", "ord_a"):
            time.sleep(0.01)
            raise KeyError("wer@example.com")

    with pytest.raises(KeyError):
        fail()
    (span,) = spans.get_finished_spans()
    assert (span.status.is_ok, span.status.description) == (False, "KeyError")
    assert "example.com" not in span.to_json(), "what an error says may name somebody"
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.end_time - span.start_time >= 10_000_000


def test_without_a_collector_there_are_no_spans(spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Switch, "on", False)
    with order_begins("order", "ord_a") as placing:
        placing.first = True
        assert present_trace() is None
    assert spans.get_finished_spans() == ()
