"""The `ticketing` command: one verb per file. Exit codes: 0 done, 1 found or failed, 2 wrong usage or settings."""

from ticketing.cli import accounts, books, catalogue, demo, draw, processes, rehearse, schema
from ticketing.cli.console import app

__all__ = ["accounts", "app", "books", "catalogue", "demo", "draw", "processes", "rehearse", "schema"]
