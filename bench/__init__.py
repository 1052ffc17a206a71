"""Measured claims: `python -m bench` prints each table of docs/performance.md."""
