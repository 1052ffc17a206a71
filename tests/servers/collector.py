"""A small OTLP/HTTP collector: remembers spans and metrics that processes of a test send."""

from __future__ import annotations

import gzip
import threading
from collections import defaultdict
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Span:
    """One span: ids in hex, instants in nanoseconds since the epoch."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent: str
    began: int
    ended: int


class Collector:
    """Listens on the loopback while it is used as a context manager."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.metrics: dict[str, set[str]] = defaultdict(set)
        """Name → services that sent it."""
        self.kinds: dict[str, tuple[str, int]] = {}
        """Name → kind of data, and its temporality (0 without one, 1 since the last export, 2 running total)."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Collector:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                collector.take(self.path, body)
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler

    def take(self, path: str, body: bytes) -> None:
        """One export."""
        if path == "/v1/traces":
            for traced in ExportTraceServiceRequest.FromString(body).resource_spans:
                service = _service(traced.resource)
                for scope in traced.scope_spans:
                    self.spans += [
                        Span(
                            service,
                            s.name,
                            s.trace_id.hex(),
                            s.span_id.hex(),
                            s.parent_span_id.hex(),
                            s.start_time_unix_nano,
                            s.end_time_unix_nano,
                        )
                        for s in scope.spans
                    ]
        elif path == "/v1/metrics":
            for measured in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                for scope_metrics in measured.scope_metrics:
                    for metric in scope_metrics.metrics:
                        self.metrics[metric.name].add(_service(measured.resource))
                        kind = metric.WhichOneof("data") or ""
                        told = getattr(metric, kind)
                        self.kinds[metric.name] = (kind, getattr(told, "aggregation_temporality", 0))

    def trace(self, trace_id: str) -> list[Span]:
        """The spans of a trace."""
        return [span for span in self.spans if span.trace_id == trace_id]


def _service(resource: object) -> str:
    found = [a.value.string_value for a in resource.attributes if a.key == "service.name"]  # type: ignore[attr-defined]
    return found[0] if found else ""
