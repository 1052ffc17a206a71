"""Traces: a purchase is one trace across API, queue, worker and provider, and its id follows from the order id.

So nothing has to travel with messages, rows and retries: whoever works on an order, in whichever process and however
often, adds to the same trace; and from an order that a buyer asks about one gets to its trace without a search.
All of it does nothing until `telemetry.set_up_telemetry` has been told where to send spans.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterable, Iterator, MutableMapping
from contextvars import ContextVar

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode, TraceFlags

_tracer = trace.get_tracer("ticketing")
_given: ContextVar[tuple[int, int] | None] = ContextVar("ids of the span that begins", default=None)
_seen: ContextVar[list[str] | None] = ContextVar("trace ids of the request", default=None)


class Switch:
    """Whether spans go anywhere."""

    on = False


class OrderIds(RandomIdGenerator):
    """Random ids, but for the first span of an order."""

    def generate_trace_id(self) -> int:
        """See the base class."""
        given = _given.get()
        return given[0] if given else super().generate_trace_id()

    def generate_span_id(self) -> int:
        """See the base class."""
        given = _given.get()
        return given[1] if given else super().generate_span_id()


def ids_of(order_id: str) -> tuple[int, int]:
    """(trace id, id of its first span), both not 0."""
    digest = hashlib.sha256(b"trace\0" + order_id.encode()).digest()
    return int.from_bytes(digest[:16], "big") or 1, int.from_bytes(digest[16:24], "big") or 1


def trace_id_of(order_id: str) -> str:
    """The trace of an order, as tools show it: 32 hex digits."""
    return f"{ids_of(order_id)[0]:032x}"


class Placing:
    """A request that places an order. `first`: it turned out to be the one that bound it, not a repeat."""

    first = False


@contextlib.contextmanager
def order_begins(name: str, order_id: str) -> Iterator[Placing]:
    """The span of a request that places an order: the first of the trace if the body says so, else a later one.

    A double click and a retry come with the same order id, and no two spans may have one id. Which request is the
    first is known only when the order is bound, and a span's id cannot be changed: the span is made at the end, with
    the instant at which it began.
    """
    placing = Placing()
    if not Switch.on:
        yield placing
        return
    context, began = _within(order_id), time.time_ns()
    present = trace.get_current_span(context)
    _note(present)
    failure: BaseException | None = None
    try:
        with trace.use_span(present):
            yield placing
    except BaseException as error:
        failure = error
        raise
    finally:
        token = _given.set(ids_of(order_id) if placing.first else None)
        try:
            span = _tracer.start_span(
                name,
                context=Context() if placing.first else context,
                kind=SpanKind.SERVER,
                attributes={"order": order_id},
                start_time=began,
            )
        finally:
            _given.reset(token)
        if failure is not None:
            span.set_status(StatusCode.ERROR, type(failure).__name__)
        span.end()


@contextlib.contextmanager
def order_goes_on(name: str, order_id: str) -> Iterator[None]:
    """A later span of an order's trace."""
    if not Switch.on:
        yield
        return
    context, about = _within(order_id), {"order": order_id}
    with _tracer.start_as_current_span(name, context=context, kind=SpanKind.CONSUMER, attributes=about) as span:
        _note(span)
        yield


def order_went_on(name: str, order_ids: Iterable[str], began_ns: int, ended_ns: int) -> None:
    """One span for each order of a batch that was worked on together. Instants in nanoseconds since the epoch."""
    if not Switch.on:
        return
    for order_id in order_ids:
        attributes = {"order": order_id}
        span = _tracer.start_span(
            name, context=_within(order_id), kind=SpanKind.CONSUMER, attributes=attributes, start_time=began_ns
        )
        span.end(ended_ns)


def _within(order_id: str) -> Context:
    trace_id, span_id = ids_of(order_id)
    parent = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return trace.set_span_in_context(NonRecordingSpan(parent), Context())


def carry(headers: MutableMapping[str, str]) -> None:
    """Name the present trace in the headers of a call to another service (W3C Trace Context)."""
    if Switch.on:
        propagate.inject(headers)


@contextlib.contextmanager
def taken_over(name: str, headers: MutableMapping[str, str]) -> Iterator[None]:
    """Go on in the trace that a caller names, whom we trust: our own processes only."""
    if not Switch.on:
        yield
        return
    with _tracer.start_as_current_span(name, context=propagate.extract(headers), kind=SpanKind.SERVER):
        yield


def traces_of_request() -> list[str]:
    """A list that collects the ids of traces that the present task adds to, for the line of its request in the log."""
    seen: list[str] = []
    _seen.set(seen)
    return seen


def _note(span: Span) -> None:
    seen = _seen.get()
    if seen is not None:
        seen.append(f"{span.get_span_context().trace_id:032x}")


def present_trace() -> str | None:
    """The trace that the present work belongs to."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None
