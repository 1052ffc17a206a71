"""The work queue: a port and its two adapters, `sqs.SqsQueue` and `valkey.ValkeyQueue`. Payloads are bytes."""

from .port import (
    DeadLetter,
    Delivery,
    MessageTooLarge,
    Queue,
    QueueError,
    QueueStats,
    QueueUnavailable,
    SendFailed,
)

__all__ = [
    "DeadLetter",
    "Delivery",
    "MessageTooLarge",
    "Queue",
    "QueueError",
    "QueueStats",
    "QueueUnavailable",
    "SendFailed",
]
