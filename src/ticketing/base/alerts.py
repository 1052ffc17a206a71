"""What staff must hear of at once: one shape, and its topic of the outbox.

`outbox.put_alerts` writes it down in the transaction in which it happened: it exists if and only if its cause was
committed, and is told at least once.
"""

from __future__ import annotations

import msgspec

TOPIC = "alert"


class Alert(msgspec.Struct, frozen=True):
    """One line that says what happened, and what to do about it. No personal data."""

    subject: str
    text: str


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Alert).decode
