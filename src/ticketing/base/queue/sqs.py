"""Work queue on Amazon SQS (a standard queue with a dead-letter queue).

The redrive policy (`maxReceiveCount`, which queue takes the dead letters) belongs to the queue, so to Terraform; the
adapter hides a delivery for `visibility_seconds` whatever the queue's default is.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession, get_session

from . import sqs_dead
from .port import DeadLetter, Delivery, QueueStats, QueueUnavailable, SendFailed
from .retry import Retry, check_sizes, chunked
from .sqs_wire import (
    ENTRIES_PER_CALL,
    TROUBLE,
    BatchCall,
    Entry,
    Failure,
    body_limit,
    decode_body,
    encode_body,
    failure_of,
    run_batch,
)

if TYPE_CHECKING:
    from types_aiobotocore_sqs.client import SQSClient
    from types_aiobotocore_sqs.type_defs import MessageTypeDef

_LONGEST_POLL_SECONDS = 20
_LONGEST_INVISIBLE_SECONDS = 12 * 3600
_CALLS_AT_ONCE = 16
# An age learnt by a receive is worth telling for so long.
_AGE_KEEPS_SECONDS = 60.0
# Codes of a receipt that is out of date: the message was removed, or came again to somebody else.
_STALE = ("ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight")


@dataclass(frozen=True, slots=True)
class SqsConfig:
    """Where the queue is and how patient to be.

    Attributes:
        queue_url, dead_letter_url: as `terraform output` gives them.
        region: of both.
        endpoint_url: another service than AWS (tests); None is AWS.
        visibility_seconds: a delivery that is not acked comes again after this time; whole seconds.
        message_bytes: limit of the service for one message and for one batch call: 262144, or 1048576 where the
            queue's `MaximumMessageSize` allows it.
        connect_seconds, answer_seconds: timeouts of one try of a call. A waiting receive has its wait on top.
        send_seconds: `send` ends within this time, retries included.
        retry: tries of every call.
    """

    queue_url: str
    dead_letter_url: str
    region: str
    endpoint_url: str | None = None
    visibility_seconds: int = 30
    message_bytes: int = 262_144
    connect_seconds: float = 2.0
    answer_seconds: float = 4.0
    send_seconds: float = 8.0
    retry: Retry = field(default_factory=Retry)


class SqsQueue:
    """Adapter; see `port.Queue` for the promises. Make it with `await SqsQueue.open(config)`."""

    def __init__(self, config: SqsConfig, caller: SQSClient, poller: SQSClient, exits: AsyncExitStack) -> None:
        """Take over clients: `poller` for receives that wait (so that they use up no connection of the others),
        `caller` for all else, `exits` to close them."""
        self._config = config
        self._caller = caller
        self._poller = poller
        self._exits = exits
        self._calls = asyncio.Semaphore(_CALLS_AT_ONCE)
        self._age: tuple[float, float] | None = None

    @classmethod
    async def open(cls, config: SqsConfig) -> SqsQueue:
        """Make the clients. No call is made yet, so this succeeds while SQS is away."""
        session = get_session()  # parses the model of the service once for both
        async with AsyncExitStack() as exits:
            caller = await exits.enter_async_context(_client(session, config, config.answer_seconds))
            patience = config.answer_seconds + _LONGEST_POLL_SECONDS
            poller = await exits.enter_async_context(_client(session, config, patience))
            return cls(config, caller, poller, exits.pop_all())

    @property
    def max_body_bytes(self) -> int:
        """Largest body that `send` takes; three quarters of a message, since bytes that are no text go as base64."""
        return body_limit(self._config.message_bytes)

    async def send(self, bodies: Sequence[bytes]) -> None:
        """See `port.Queue.send`. Calls of up to 10 messages go out in parallel."""
        check_sizes(bodies, self.max_body_bytes)
        texts = [encode_body(body) for body in bodies]
        sizes = [len(text.encode()) for text in texts]
        unsettled = set(range(len(texts)))
        failures: dict[str, Failure] = {}

        async def send_chunk(chunk: range) -> None:
            entries: list[Entry] = [{"Id": str(index), "MessageBody": texts[index]} for index in chunk]
            failures.update(await self._batch(self._caller.send_message_batch, entries))
            unsettled.difference_update(chunk)

        # Time is up: what is unsettled then may or may not be stored.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._config.send_seconds), asyncio.TaskGroup() as group:
                for chunk in chunked(sizes, ENTRIES_PER_CALL, self._config.message_bytes):
                    group.create_task(send_chunk(chunk))
        if failures or unsettled:
            late = f"no answer within {self._config.send_seconds:g} s"
            raise SendFailed(
                next((failure.reason for failure in failures.values()), late),
                unknown=bool(unsettled) or any(failure.unknown for failure in failures.values()),
                failed=sorted({*unsettled, *map(int, failures)}),
            )

    async def receive(self, max_messages: int, wait_seconds: float) -> list[Delivery]:
        """See `port.Queue.receive`. Waits in whole seconds, rounded up.

        One call waits; only when it came back full, more are made in parallel, without waiting. (Parallel long polls
        would keep the messages of the first one hidden and unworked until the last one ends.) Cancelling a receive
        may leave messages hidden for the visibility time.
        """
        deadline = time.monotonic() + math.ceil(wait_seconds)
        most = max(1, max_messages)
        while True:
            left = deadline - time.monotonic()
            found = await self._poll(min(most, ENTRIES_PER_CALL), min(_LONGEST_POLL_SECONDS, max(0, round(left))))
            if found or round(left) <= _LONGEST_POLL_SECONDS:
                break
        if len(found) == ENTRIES_PER_CALL < most:
            rest = range(0, most - ENTRIES_PER_CALL, ENTRIES_PER_CALL)
            more = await asyncio.gather(
                *(self._poll(min(ENTRIES_PER_CALL, most - ENTRIES_PER_CALL - start), 0) for start in rest),
                return_exceptions=True,
            )
            # The first ten are in hand: work on them, whatever happened to the others.
            found += [message for part in more if isinstance(part, list) for message in part]
        deliveries = [_delivery(message) for message in found]
        if deliveries:
            oldest = min(delivery.sent_at_ms for delivery in deliveries)
            self._age = (time.monotonic(), max(0.0, time.time() - oldest / 1000))
        return deliveries

    async def _poll(self, most: int, wait_seconds: int) -> list[MessageTypeDef]:
        # Not tried again: the lost answer of a receive has used up an attempt of each message in it.
        try:
            answer = await (self._poller if wait_seconds else self._caller).receive_message(
                QueueUrl=self._config.queue_url,
                MaxNumberOfMessages=most,
                WaitTimeSeconds=wait_seconds,
                VisibilityTimeout=self._config.visibility_seconds,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            )
        except TROUBLE as error:
            raise QueueUnavailable(failure_of(error).reason) from error
        return answer.get("Messages", [])

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """See `port.Queue.ack`."""
        await self._settle(self._caller.delete_message_batch, [{"ReceiptHandle": d.receipt} for d in deliveries])

    async def release(self, deliveries: Sequence[Delivery], delay_seconds: float) -> None:
        """See `port.Queue.release`."""
        await self._defer(deliveries, delay_seconds)

    async def extend(self, deliveries: Sequence[Delivery], seconds: float) -> None:
        """See `port.Queue.extend`."""
        await self._defer(deliveries, seconds)

    async def _defer(self, deliveries: Sequence[Delivery], seconds: float) -> None:
        timeout = min(_LONGEST_INVISIBLE_SECONDS, max(0, math.ceil(seconds)))
        await self._settle(
            self._caller.change_message_visibility_batch,
            [{"ReceiptHandle": delivery.receipt, "VisibilityTimeout": timeout} for delivery in deliveries],
        )

    async def _settle(self, call: BatchCall, entries: list[Entry]) -> None:
        for number, entry in enumerate(entries):
            entry["Id"] = str(number)
        chunks = [entries[start : start + ENTRIES_PER_CALL] for start in range(0, len(entries), ENTRIES_PER_CALL)]
        for failures in await asyncio.gather(*(self._batch(call, chunk) for chunk in chunks)):
            for failure in failures.values():
                if not failure.reason.startswith(_STALE):
                    raise QueueUnavailable(failure.reason)

    async def _batch(self, call: BatchCall, entries: list[Entry]) -> dict[str, Failure]:
        async with self._calls:
            return await run_batch(partial(call, QueueUrl=self._config.queue_url), entries, self._config.retry)

    async def stats(self) -> QueueStats:
        """See `port.Queue.stats`. SQS counts approximately, and tells the age of its oldest message to CloudWatch only
        (`ApproximateAgeOfOldestMessage`: alarms use that). The age here is how old the oldest message of this
        process's last receive was, 0.0 for an empty queue, None when nothing was received for a minute."""
        try:
            queue, dead = await asyncio.gather(
                self._counts(self._config.queue_url), self._counts(self._config.dead_letter_url)
            )
        except TROUBLE as error:
            raise QueueUnavailable(failure_of(error).reason) from error
        visible, hidden, delayed = queue
        depth = visible + hidden + delayed
        age: float | None = None
        if depth == 0:
            age = 0.0
        elif self._age is not None and time.monotonic() - self._age[0] < _AGE_KEEPS_SECONDS:
            age = self._age[1]
        return QueueStats(depth=depth, in_flight=hidden + delayed, oldest_age_seconds=age, dead=sum(dead))

    async def _counts(self, url: str) -> tuple[int, int, int]:
        answer = await self._caller.get_queue_attributes(
            QueueUrl=url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed",
            ],
        )
        count = answer["Attributes"]
        return (
            int(count["ApproximateNumberOfMessages"]),
            int(count["ApproximateNumberOfMessagesNotVisible"]),
            int(count["ApproximateNumberOfMessagesDelayed"]),
        )

    async def dead_letters(self, limit: int) -> list[DeadLetter]:
        """See `port.Queue.dead_letters`. SQS has no look without a receive: for the moment they are hidden from others,
        and `attempts` grows by one with each look."""
        try:
            return await sqs_dead.look(self._poller, self._config.dead_letter_url, limit, self._config.retry)
        except TROUBLE as error:
            raise QueueUnavailable(failure_of(error).reason) from error

    async def redrive(self, limit: int) -> int:
        """See `port.Queue.redrive`. SQS moves them itself when all are meant (and it can), else one by one."""
        queue_url, dead_url = self._config.queue_url, self._config.dead_letter_url
        try:
            if limit >= sum(await self._counts(dead_url)):
                moved = await sqs_dead.move_all(self._poller, queue_url, dead_url)
                if moved is not None:
                    return moved
            return await sqs_dead.move_some(self._poller, queue_url, dead_url, limit, self._config.retry)
        except TROUBLE as error:
            raise QueueUnavailable(failure_of(error).reason) from error

    async def close(self) -> None:
        """Close both clients."""
        await self._exits.aclose()


@asynccontextmanager
async def _client(session: AioSession, config: SqsConfig, answer_seconds: float) -> AsyncIterator[SQSClient]:
    async with session.create_client(
        "sqs",
        region_name=config.region,
        endpoint_url=config.endpoint_url,
        config=AioConfig(
            connect_timeout=config.connect_seconds,
            read_timeout=answer_seconds,
            max_pool_connections=_CALLS_AT_ONCE * 2,
            # The adapter tries again itself: it has to know which entries, and whether an outcome is unknown.
            retries={"total_max_attempts": 1},
            tcp_keepalive=True,
        ),
    ) as client:
        yield client


def _delivery(message: MessageTypeDef) -> Delivery:
    attributes = message["Attributes"]
    return Delivery(
        id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        body=decode_body(message["Body"]),
        attempt=int(attributes["ApproximateReceiveCount"]),
        sent_at_ms=int(attributes["SentTimestamp"]),
    )
