"""What goes over the wire to SQS: bodies as text, batches of entries, and the meaning of failures."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

from .retry import Retry

# SQS takes at most this many entries in one batch call.
ENTRIES_PER_CALL = 10
_MARK = "base64:"
# Nothing has left this process when one of these is raised.
_NEVER_SENT = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, ParamValidationError)
_THROTTLED = {"RequestThrottled", "Throttling", "ThrottlingException", "TooManyRequestsException", "OverLimit"}
# Everything a call can raise when the service, or the way to it, is in trouble.
TROUBLE = (BotoCoreError, ClientError, OSError, TimeoutError)

Entry = dict[str, Any]
# A batch method of the client with its queue filled in: takes `Entries=`, answers with "Failed".
BatchCall = Callable[..., Awaitable[Any]]


def encode_body(body: bytes) -> str:
    """Text of a body: the text itself where SQS carries it unchanged (readable in its console), else base64."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text and not text.startswith(_MARK) and all(map(_carried, text)):
        return text
    return _MARK + base64.b64encode(body).decode("ascii")


def decode_body(text: str) -> bytes:
    """Bytes of a body. A text that no `encode_body` made (sent by hand) is its UTF-8."""
    if text.startswith(_MARK):
        try:
            return base64.b64decode(text.removeprefix(_MARK), validate=True)
        except binascii.Error:
            pass
    return text.encode("utf-8")


def _carried(char: str) -> bool:
    # The characters of XML 1.0, without the carriage return, which XML parsers turn into a line feed.
    return char in "\t\n" or " " <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char >= "\U00010000"


def body_limit(message_bytes: int) -> int:
    """Largest body that fits a message of `message_bytes` whatever bytes it holds, so also as base64."""
    return (message_bytes - len(_MARK)) // 4 * 3


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one entry, or a whole call, failed.

    Attributes:
        reason: code and message.
        unknown: the call may have had its effect all the same.
        final: trying again is no use.
    """

    reason: str
    unknown: bool
    final: bool


def failure_of(error: Exception) -> Failure:
    """Read an exception of `TROUBLE`. Only an answer of the service itself, or a call never made, is known."""
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        throttled = status in (429, 503) or code.rpartition(".")[2] in _THROTTLED
        broken = status >= 500 and not throttled
        return Failure(str(error), unknown=broken, final=not (throttled or broken))
    never_sent = isinstance(error, _NEVER_SENT)
    return Failure(f"{type(error).__name__}: {error}", unknown=not never_sent, final=never_sent)


async def run_batch(call: BatchCall, entries: Sequence[Entry], retry: Retry) -> dict[str, Failure]:
    """Make a batch call, again for the entries that failed, and give what failed for good.

    Args:
        call: the client's method.
        entries: at most 10, each with an "Id" of its own.
        retry: how often.

    Returns:
        Failures by "Id"; `unknown` if any try of that entry was. Empty when all went well.
    """
    waiting: dict[str, Entry] = {entry["Id"]: entry for entry in entries}
    failures: dict[str, Failure] = {}
    for tried in range(1, retry.attempts + 1):
        try:
            answer = await call(Entries=list(waiting.values()))
        except TROUBLE as error:
            now = dict.fromkeys(waiting, failure_of(error))
        else:
            now = {
                item["Id"]: Failure(
                    f"{item['Code']}: {item.get('Message', '')}", unknown=False, final=bool(item["SenderFault"])
                )
                for item in answer.get("Failed", ())
            }
            for done in waiting.keys() - now.keys():
                failures.pop(done, None)
        for key, failure in now.items():
            doubt = key in failures and failures[key].unknown
            failures[key] = Failure(failure.reason, unknown=failure.unknown or doubt, final=failure.final)
        waiting = {key: waiting[key] for key, failure in now.items() if not failure.final}
        if not waiting or tried == retry.attempts:
            break
        await asyncio.sleep(retry.pause(tried))
    return failures
