"""What every work queue promises.

At least once: a message that was sent comes until somebody acks it, or it lies among the dead letters. It may come
twice and in any order, so consumers are idempotent. Ack *after* the work: an ack given before it loses the message
when the consumer dies.

    QueueError
     +-- MessageTooLarge    a body is over `max_body_bytes`; nothing was sent
     +-- SendFailed         not all bodies are known to be stored; `unknown` says whether some may be
     +-- QueueUnavailable   any other call found no queue; nothing is lost, call again later
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class QueueError(Exception):
    """A queue could not do what was asked."""


class MessageTooLarge(QueueError):
    """A body is larger than the queue can carry. Raised before anything of the call is sent."""

    def __init__(self, index: int, size: int, limit: int) -> None:
        super().__init__(
            f"body {index} has {size} bytes, the queue carries at most {limit}: "
            "put the content in a blob and send a reference"
        )
        self.index = index
        self.size = size
        self.limit = limit


class SendFailed(QueueError):
    """Some bodies of a `send` are not known to be stored, although it was tried again."""

    def __init__(self, reason: str, *, unknown: bool, failed: Sequence[int]) -> None:
        """Make the error.

        Args:
            reason: the last thing that went wrong.
            unknown: True when a body in `failed` may be stored all the same (the answer was lost). False only when
                the queue itself refused them.
            failed: indexes, into the bodies of the call, of those not known to be stored. All others are stored.
        """
        outcome = "outcome unknown" if unknown else "refused"
        super().__init__(f"{len(failed)} message(s) not sent, {outcome}: {reason}")
        self.unknown = unknown
        self.failed = tuple(failed)


class QueueUnavailable(QueueError):
    """The queue did not answer or is in no state to. What was received and not acked comes again."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One receipt of one message.

    Attributes:
        id: the same at every delivery of a message, until it is redriven from the dead letters.
        receipt: this delivery; goes back to the queue with ack, release and extend.
        body: as it was sent.
        attempt: 1 at the first delivery.
        sent_at_ms: when the queue took it, milliseconds since the epoch by the clock of the queue.
    """

    id: str
    receipt: str
    body: bytes
    attempt: int
    sent_at_ms: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was received `attempts` times and never acked. `id` is the one its deliveries had."""

    id: str
    body: bytes
    attempts: int
    sent_at_ms: int


@dataclass(frozen=True, slots=True)
class QueueStats:
    """How full the queue is.

    Attributes:
        depth: messages neither acked nor dead: waiting, delayed and in flight.
        in_flight: of those, the ones delivered or released with a delay, and not yet visible again.
        oldest_age_seconds: age of the oldest message of `depth`; 0.0 when empty; None when the adapter cannot know.
        dead: messages among the dead letters.
    """

    depth: int
    in_flight: int
    oldest_age_seconds: float | None
    dead: int


class Queue(Protocol):
    """A work queue. Adapters are safe to use from many tasks of one event loop."""

    @property
    def max_body_bytes(self) -> int:
        """Largest body that `send` takes, whatever bytes it holds."""
        ...

    async def send(self, bodies: Sequence[bytes]) -> None:
        """Store all bodies, any number of them; returns once the queue has confirmed every one.

        Tries again a few times within a bounded time, only what was not confirmed. A body whose confirmation was
        lost is sent again, so it may be there twice.

        Raises:
            MessageTooLarge: a body is over the limit; nothing was sent.
            SendFailed: see there.
        """
        ...

    async def receive(self, max_messages: int, wait_seconds: float) -> list[Delivery]:
        """Take up to `max_messages`, waiting up to about `wait_seconds` for the first; [] when none came.

        Each is invisible to others for the visibility time of the queue, then comes again with the next attempt.
        After the last attempt it goes to the dead letters instead.

        Raises:
            QueueUnavailable: nothing was taken, or it comes again by itself.
        """
        ...

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """The work is done: remove them for good. A delivery that is no longer ours is passed over in silence.

        Raises:
            QueueUnavailable: some may come again.
        """
        ...

    async def release(self, deliveries: Sequence[Delivery], delay_seconds: float) -> None:
        """Give them back: visible again after `delay_seconds` (SQS: rounded up to whole seconds, at most 12 h).

        The attempt stays counted. A delivery that is no longer ours is passed over in silence.

        Raises:
            QueueUnavailable: they come again after the visibility time.
        """
        ...

    async def extend(self, deliveries: Sequence[Delivery], seconds: float) -> None:
        """Heartbeat of long work: invisible for `seconds` more, counted from now. Else as `release`."""
        ...

    async def stats(self) -> QueueStats:
        """How full it is. Raises QueueUnavailable."""
        ...

    async def dead_letters(self, limit: int) -> list[DeadLetter]:
        """Look at up to `limit` dead letters without taking them. Raises QueueUnavailable."""
        ...

    async def redrive(self, limit: int) -> int:
        """Send up to `limit` dead letters again, as new messages with attempt 1; returns how many.

        Raises:
            QueueUnavailable: some may have been sent again; none is lost.
        """
        ...

    async def close(self) -> None:
        """Let go of connections. Messages in flight come again after the visibility time."""
        ...
