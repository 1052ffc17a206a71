"""What only the SQS adapter has to get right: partial failures, sizes, text, and moving dead letters.

moto never fails a part of a batch and knows no move tasks, so a client stands in between that does.
"""

from __future__ import annotations

from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiobotocore.session import get_session
from botocore.exceptions import ClientError, NoCredentialsError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.queue_fixtures import IMPATIENT, SqsBackend, fresh_name
from tests.contract.test_queue import BINARY, drain, receive_all
from ticketing.base.queue import QueueUnavailable, SendFailed
from ticketing.base.queue.sqs import SqsQueue
from ticketing.base.queue.sqs_wire import body_limit, decode_body, encode_body, failure_of


class FaultyClient:
    """Passes calls on, but fails what it is told to.

    Attributes:
        faults: per call of a batch method, in order: "Id" -> (code, sender's fault) to fail, or an exception to raise.
        calls: (method, entries) as they came.
        tasks: answers of list_message_move_tasks; None when the service knows no such tasks.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.faults: list[dict[str, tuple[str, bool]] | Exception] = []
        self.calls: list[tuple[str, list[dict[str, Any]]]] = []
        self.tasks: list[dict[str, Any]] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def send_message_batch(self, **request: Any) -> Any:
        return await self._batch("send_message_batch", request)

    async def delete_message_batch(self, **request: Any) -> Any:
        return await self._batch("delete_message_batch", request)

    async def _batch(self, method: str, request: dict[str, Any]) -> Any:
        self.calls.append((method, request["Entries"]))
        faults = self.faults.pop(0) if self.faults else {}
        if isinstance(faults, Exception):
            raise faults
        spared = [entry for entry in request["Entries"] if entry["Id"] not in faults]
        answer: dict[str, Any] = {}
        if spared:
            answer = dict(await getattr(self._client, method)(**{**request, "Entries": spared}))
        failed = [
            {"Id": key, "Code": code, "SenderFault": fault, "Message": "told to"}
            for key, (code, fault) in faults.items()
        ]
        return {**answer, "Failed": [*answer.get("Failed", []), *failed]}

    async def start_message_move_task(self, **request: Any) -> Any:
        if self.tasks is None:
            raise ClientError({"Error": {"Code": "UnsupportedOperation"}}, "StartMessageMoveTask")
        return {"TaskHandle": "task"}

    async def list_message_move_tasks(self, **request: Any) -> Any:
        assert self.tasks is not None
        return {"Results": [self.tasks.pop(0)]}

    def ids(self) -> list[list[str]]:
        """The ids of each batch call."""
        return [[entry["Id"] for entry in entries] for _, entries in self.calls]


@pytest.fixture
async def faulty(queue_sqs: SqsBackend) -> Any:
    """A queue and the faulty client under it."""
    config = await queue_sqs.config(fresh_name(), visibility_seconds=30, max_attempts=1)
    async with AsyncExitStack() as exits:
        client = await exits.enter_async_context(
            get_session().create_client("sqs", region_name=config.region, endpoint_url=config.endpoint_url)
        )
        faulty_client: Any = FaultyClient(client)
        yield SqsQueue(config, faulty_client, faulty_client, exits.pop_all()), faulty_client
        await client.close()


BUSY = ("ServiceUnavailable", False)
WRONG = ("InvalidMessageContents", True)


class TestPartialFailure:
    async def test_only_failed_entries_are_sent_again(self, faulty: tuple[SqsQueue, FaultyClient]) -> None:
        queue, client = faulty
        client.faults = [{"1": BUSY, "3": BUSY}, {"3": BUSY}]
        await queue.send([b"0", b"1", b"2", b"3"])
        assert client.ids() == [["0", "1", "2", "3"], ["1", "3"], ["3"]]
        assert Counter(delivery.body for delivery in await drain(queue)) == Counter([b"0", b"1", b"2", b"3"])

    async def test_what_keeps_failing_is_named(self, faulty: tuple[SqsQueue, FaultyClient]) -> None:
        queue, client = faulty
        client.faults = [{"1": BUSY, "2": WRONG}, {"1": BUSY}, {"1": BUSY}]
        with pytest.raises(SendFailed) as caught:
            await queue.send([b"0", b"1", b"2"])
        assert caught.value.failed == (1, 2)
        assert not caught.value.unknown
        assert client.ids() == [["0", "1", "2"], ["1"], ["1"]], "a message that is wrong must not be tried again"
        assert [delivery.body for delivery in await drain(queue)] == [b"0"]

    async def test_an_unknown_outcome_stays_unknown_when_the_next_try_is_refused(
        self, faulty: tuple[SqsQueue, FaultyClient]
    ) -> None:
        queue, client = faulty
        client.faults = [ReadTimeoutError(endpoint_url="there"), {"0": WRONG}]
        with pytest.raises(SendFailed) as caught:
            await queue.send([b"0", b"1"])
        assert caught.value.unknown
        assert caught.value.failed == (0,)

    async def test_ack_is_tried_again_and_stale_receipts_are_passed_over(
        self, faulty: tuple[SqsQueue, FaultyClient]
    ) -> None:
        queue, client = faulty
        await queue.send([b"0", b"1", b"2"])
        got = await receive_all(queue, 3)
        client.calls.clear()
        client.faults = [{"0": BUSY, "1": ("ReceiptHandleIsInvalid", True)}]
        await queue.ack(got)
        assert client.ids() == [["0", "1", "2"], ["0"]]
        client.faults = [{"1": BUSY}] * 3
        with pytest.raises(QueueUnavailable, match="ServiceUnavailable"):
            await queue.ack(got)


class TestSizes:
    async def test_calls_stay_below_the_limits_of_the_service(self, faulty: tuple[SqsQueue, FaultyClient]) -> None:
        queue, client = faulty
        sizes = [100_000, 100_000, 100_000, 150_000, *[10] * 25, queue.max_body_bytes]
        await queue.send([b"x" * size for size in sizes])
        assert len({entry["Id"] for _, entries in client.calls for entry in entries}) == len(sizes)
        for _, entries in client.calls:
            assert len(entries) <= 10
            assert sum(len(entry["MessageBody"]) for entry in entries) <= 262_144
        assert len(client.calls) == 4

    @given(st.binary(max_size=64) | st.text(max_size=32).map(lambda text: text.encode("utf-8", "surrogatepass")))
    def test_any_body_survives_as_text_that_sqs_takes(self, body: bytes) -> None:
        text = encode_body(body)
        assert decode_body(text) == body
        assert len(text.encode()) > 0
        assert all(c in "\t\n" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000" for c in text)

    @pytest.mark.parametrize("body", BINARY)
    def test_awkward_bodies_too(self, body: bytes) -> None:
        assert decode_body(encode_body(body)) == body

    def test_text_stays_readable_and_foreign_text_is_itself(self) -> None:
        assert encode_body('{"이름": 1}'.encode()) == '{"이름": 1}'
        assert decode_body("base64:by hand") == b"base64:by hand"

    @pytest.mark.parametrize("limit", [262_144, 1_048_576, 1_000, 1_001, 1_002, 1_003])
    def test_largest_body_fits_as_base64(self, limit: int) -> None:
        largest = body_limit(limit)
        assert len(encode_body(b"\xff" * largest)) <= limit < len(encode_body(b"\xff" * (largest + 3)))


class TestMeaningOfErrors:
    @pytest.mark.parametrize(
        ("code", "status", "unknown", "final"),
        [
            ("AccessDenied", 403, False, True),
            ("ThrottlingException", 400, False, False),
            ("AWS.SimpleQueueService.RequestThrottled", 403, False, False),
            ("ServiceUnavailable", 503, False, False),
            ("InternalError", 500, True, False),
        ],
    )
    def test_answers_of_the_service(self, code: str, status: int, unknown: bool, final: bool) -> None:
        error = ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "SendMessage")  # type: ignore[typeddict-item]
        failure = failure_of(error)
        assert (failure.unknown, failure.final) == (unknown, final)

    def test_no_answer_and_no_call(self) -> None:
        silent, never = failure_of(ReadTimeoutError(endpoint_url="there")), failure_of(NoCredentialsError())
        assert (silent.unknown, silent.final) == (True, False)
        assert (never.unknown, never.final) == (False, True)


class TestMovingDeadLetters:
    async def test_sqs_moves_them_itself_when_all_are_meant(self, faulty: tuple[SqsQueue, FaultyClient]) -> None:
        queue, client = faulty
        client.tasks = [{"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 7}]
        assert await queue.redrive(10) == 7
        assert client.tasks == []

    async def test_a_task_that_fails_is_told(self, faulty: tuple[SqsQueue, FaultyClient]) -> None:
        queue, client = faulty
        client.tasks = [{"Status": "FAILED", "FailureReason": "no key"}]
        with pytest.raises(QueueUnavailable, match="no key"):
            await queue.redrive(10)

    async def test_a_letter_that_cannot_be_sent_stays(self, faulty: tuple[SqsQueue, FaultyClient]) -> None:
        queue, client = faulty
        await queue.send([b"0", b"1"])
        await queue.release(await receive_all(queue, 2), 0)
        assert await queue.receive(10, 0) == []
        client.faults = [{"1": WRONG}]
        with pytest.raises(QueueUnavailable, match="InvalidMessageContents"):
            await queue.redrive(10)
        stats = await queue.stats()
        assert (stats.depth, stats.dead) == (1, 1)


async def test_age_is_unknown_while_nothing_was_received(queue_sqs: SqsBackend) -> None:
    queue = await queue_sqs.open(fresh_name(), patience=IMPATIENT * 4)
    await queue.send([b"work"])
    assert (await queue.stats()).oldest_age_seconds is None
