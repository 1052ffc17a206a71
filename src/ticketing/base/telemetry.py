"""Logs, metrics and traces of a process.

Logs: one JSON line per event on standard error, without personal data. Metrics and traces go by OTLP over HTTP to the
collector that OTEL_EXPORTER_OTLP_ENDPOINT names (the standard variables of OpenTelemetry apply); without it, nowhere.
A collector that is away costs a line in the log and never a request: what is sent leaves from threads of its own, from
queues that are bounded.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import structlog
from opentelemetry import metrics, trace

from ticketing.base.log_stream import LogStream
from ticketing.base.metrics import HISTOGRAMS
from ticketing.base.tracing import OrderIds, Switch, present_trace

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.trace import TracerProvider

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
SEND_SECONDS = 5
"""How long one attempt to reach the collector may take."""
_EVERY_MS = 15_000
CLOSE_SECONDS = 5.0
"""How long a process that ends waits for the collector to take what is left."""


def _with_trace(_: Any, __: str, line: Any) -> Any:
    trace_id = present_trace()
    if trace_id is not None:
        line["trace_id"] = trace_id
    return line


def set_up_logging(level: str = "INFO") -> None:
    """Configure structlog and the standard library's logging for this process."""
    out: Any = LogStream(sys.stderr)
    logging.basicConfig(level=level, stream=out, format="%(message)s", force=True)
    # Its warnings about INSERT IGNORE say nothing that the row count does not.
    logging.getLogger("asyncmy").setLevel(logging.ERROR)
    for noisy in ("httpx", "aiosqlite", "fontTools", "fpdf", "aiobotocore", "botocore", "alembic", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _with_trace,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=True,
    )


class Telemetry:
    """What sends metrics and spans; `close` sends what is left."""

    def __init__(self, *providers: MeterProvider | TracerProvider) -> None:
        self._providers = providers

    def close(self) -> None:
        """Send what is left, as far as the collector takes it within `CLOSE_SECONDS`."""
        # Threads that nobody waits for: a shutdown tries for longer than a process has when the collector is away.
        closing = [threading.Thread(target=provider.shutdown, daemon=True) for provider in self._providers]
        for thread in closing:
            thread.start()
        deadline = time.monotonic() + CLOSE_SECONDS
        for thread in closing:
            thread.join(max(0.0, deadline - time.monotonic()))


def set_up_telemetry(service: str, environ: Mapping[str, str] | None = None) -> Telemetry:
    """Begin to send metrics and traces, if the environment says where to.

    Args:
        service: the kind of process (`ticketing-api`), unless OTEL_SERVICE_NAME says otherwise.
    """
    environ = os.environ if environ is None else environ
    base = environ.get(ENDPOINT, "").rstrip("/")
    if not base:
        return Telemetry()
    # A tenth of what a process takes to start, and most do without.
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
    from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
    from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON

    # CloudWatch gives percentiles of exponential histograms only, and the collector drops the first of running totals.
    since_last: dict[type, AggregationTemporality] = {
        Counter: AggregationTemporality.DELTA,
        Histogram: AggregationTemporality.DELTA,
    }
    resource = Resource.create({"service.name": environ.get("OTEL_SERVICE_NAME", service), "process.pid": os.getpid()})
    meters = MeterProvider(
        [
            PeriodicExportingMetricReader(
                OTLPMetricExporter(
                    endpoint=f"{base}/v1/metrics", timeout=SEND_SECONDS, preferred_temporality=since_last
                ),
                export_interval_millis=int(environ.get("OTEL_METRIC_EXPORT_INTERVAL", _EVERY_MS)),
                export_timeout_millis=SEND_SECONDS * 1000,
            )
        ],
        resource=resource,
        views=[View(instrument_name=name, aggregation=ExponentialBucketHistogramAggregation()) for name in HISTOGRAMS],
        shutdown_on_exit=False,
    )
    metrics.set_meter_provider(meters)
    # Every purchase: a sampler that left out some first spans would leave the others' hanging in the air.
    tracers = TracerProvider(ALWAYS_ON, resource, shutdown_on_exit=False, id_generator=OrderIds())
    tracers.add_span_processor(
        BatchSpanProcessor(
            OTLPSpanExporter(endpoint=f"{base}/v1/traces", timeout=SEND_SECONDS),
            max_queue_size=8192,
            schedule_delay_millis=int(environ.get("OTEL_BSP_SCHEDULE_DELAY", 2000)),
            export_timeout_millis=SEND_SECONDS * 1000,
        )
    )
    trace.set_tracer_provider(tracers)
    Switch.on = True
    return Telemetry(meters, tracers)
