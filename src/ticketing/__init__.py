"""Ticket on-sale platform: rooms along the buyer's path (see docs/map.md)."""

__version__ = "0.1.0"
