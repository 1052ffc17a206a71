"""A payment provider to rehearse with: its own process, its own books, and every failure a real one has.

It is not part of the platform's process on purpose: a stand-in that lives inside the caller cannot time out, lose an
answer on the wire or outlive the caller's crash. Start it with `python -m ticketing.payments.sandbox`.
"""
