"""Venues, seat plans, events, prices and sale windows."""
