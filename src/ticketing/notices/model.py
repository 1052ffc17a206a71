"""A message to one person, and the port that carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message; `content_type` such as `application/pdf`."""

    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """Mail to one address.

    `message_id` says what the message is about (`tickets_issued-ord_…`), not which attempt it is: sending the same
    one twice is the same mail. Letters, digits, `.`, `_` and `-`, at most 120.
    """

    to: str
    subject: str
    text: str
    message_id: str
    html: str | None = None
    language: str = "ko"
    attachments: tuple[Attachment, ...] = ()


class SendFailed(Exception):
    """The message did not go out.

    `permanent` means that no later attempt can succeed with this very message (no such address, refused for its
    content). Everything else, our own wrong password included, is worth another try: nobody's ticket mail is
    dropped for a mistake in our settings.
    """

    def __init__(self, detail: str, *, permanent: bool) -> None:
        super().__init__(detail)
        self.permanent = permanent


class Transport(Protocol):
    """Port: how messages leave."""

    async def send(self, message: Message) -> None:
        """Hand the message over, or raise `SendFailed`. One attempt, bounded in time: the caller repeats."""
        ...
