"""The `ticketing` command: one verb per file. Exit codes: 0 done, 1 found or failed, 2 wrong usage or settings."""

from ticketing.cli import books, catalogue, demo, processes, schema
from ticketing.cli.console import app

__all__ = ["app", "books", "catalogue", "demo", "processes", "schema"]
