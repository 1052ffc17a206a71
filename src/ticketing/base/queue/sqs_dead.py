"""Dead letters on SQS: looking at them, and sending them again."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from .port import DeadLetter, QueueUnavailable
from .retry import Retry
from .sqs_wire import ENTRIES_PER_CALL, Entry, decode_body, run_batch

if TYPE_CHECKING:
    from types_aiobotocore_sqs.client import SQSClient
    from types_aiobotocore_sqs.type_defs import MessageTypeDef

# While one looks, others do not see the same letters; then they are given back.
_LOOK_SECONDS = 30
_TASK_SECONDS = 60.0
_TASK_NAP_SECONDS = 1.0


async def look(client: SQSClient, dead_url: str, limit: int, retry: Retry) -> list[DeadLetter]:
    """Up to `limit` dead letters. SQS can only receive: the look itself counts as one more attempt of each."""
    seen: dict[str, MessageTypeDef] = {}
    try:
        while len(seen) < limit:
            messages = await _take(client, dead_url, min(ENTRIES_PER_CALL, limit - len(seen)))
            if not messages:
                break
            seen.update((message["MessageId"], message) for message in messages)
    finally:
        await _give_back(client, dead_url, list(seen.values()), retry)
    return [
        DeadLetter(
            id=message["MessageId"],
            body=decode_body(message["Body"]),
            attempts=int(message["Attributes"]["ApproximateReceiveCount"]) - 1,
            sent_at_ms=int(message["Attributes"]["SentTimestamp"]),
        )
        for message in seen.values()
    ]


async def _take(client: SQSClient, dead_url: str, most: int) -> list[MessageTypeDef]:
    answer = await client.receive_message(
        QueueUrl=dead_url,
        MaxNumberOfMessages=most,
        VisibilityTimeout=_LOOK_SECONDS,
        WaitTimeSeconds=1,  # a poll without waiting asks only some of the servers and may miss letters
        MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
    )
    return answer.get("Messages", [])


async def _give_back(client: SQSClient, dead_url: str, messages: list[MessageTypeDef], retry: Retry) -> None:
    for start in range(0, len(messages), ENTRIES_PER_CALL):
        entries: list[Entry] = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
            for number, message in enumerate(messages[start : start + ENTRIES_PER_CALL])
        ]
        # What cannot be given back is visible again after _LOOK_SECONDS.
        await run_batch(partial(client.change_message_visibility_batch, QueueUrl=dead_url), entries, retry)


async def move_all(client: SQSClient, queue_url: str, dead_url: str) -> int | None:
    """Let SQS move every dead letter back. None when it cannot (no permission, not supported here).

    Returns how many were moved within a minute; the task goes on by itself if it is not done by then.

    Raises:
        QueueUnavailable: the task failed.
    """
    source, destination = await asyncio.gather(_arn(client, dead_url), _arn(client, queue_url))
    try:
        await client.start_message_move_task(SourceArn=source, DestinationArn=destination)
    except ClientError:
        return None
    deadline = time.monotonic() + _TASK_SECONDS
    while True:
        tasks = await client.list_message_move_tasks(SourceArn=source, MaxResults=1)
        task = tasks["Results"][0]
        status = task.get("Status", "")
        if status in ("FAILED", "CANCELLED"):
            raise QueueUnavailable(f"moving dead letters ended as {status}: {task.get('FailureReason', '')}")
        if status == "COMPLETED" or time.monotonic() > deadline:
            return task.get("ApproximateNumberOfMessagesMoved", 0)
        await asyncio.sleep(_TASK_NAP_SECONDS)


async def _arn(client: SQSClient, url: str) -> str:
    answer = await client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return answer["Attributes"]["QueueArn"]


async def move_some(client: SQSClient, queue_url: str, dead_url: str, limit: int, retry: Retry) -> int:
    """Receive, send, delete: up to `limit` dead letters. Killed in between, a letter may be sent twice, never lost."""
    moved = 0
    while moved < limit:
        messages = await _take(client, dead_url, min(ENTRIES_PER_CALL, limit - moved))
        if not messages:
            break
        sends: list[Entry] = [{"Id": str(at), "MessageBody": message["Body"]} for at, message in enumerate(messages)]
        unsent = await run_batch(partial(client.send_message_batch, QueueUrl=queue_url), sends, retry)
        sent = [at for at in range(len(messages)) if str(at) not in unsent]
        removals: list[Entry] = [{"Id": str(at), "ReceiptHandle": messages[at]["ReceiptHandle"]} for at in sent]
        if removals:
            await run_batch(partial(client.delete_message_batch, QueueUrl=dead_url), removals, retry)
        moved += len(sent)
        if unsent:
            reason = next(iter(unsent.values())).reason
            raise QueueUnavailable(f"{moved} dead letter(s) sent again, then: {reason}")
    return moved
