"""Logs: one JSON line per event on standard error, without personal data."""

from __future__ import annotations

import logging
import sys

import structlog


def set_up_logging(level: str = "INFO") -> None:
    """Configure structlog and the standard library's logging for this process."""
    logging.basicConfig(level=level, stream=sys.stderr, format="%(message)s", force=True)
    # Its warnings about INSERT IGNORE say nothing that the row count does not.
    logging.getLogger("asyncmy").setLevel(logging.ERROR)
    for noisy in ("httpx", "aiosqlite", "fontTools", "fpdf", "aiobotocore", "botocore", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
