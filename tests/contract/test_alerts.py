"""Alerts reach a real topic (moto's server), and a topic that is away is told of, in bounded time."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from ticketing.base.alerts import Alert
from ticketing.notices.model import SendFailed
from ticketing.notices.sns import MOST_SUBJECT, SnsChannel

REGION = "ap-northeast-2"
ALERT = Alert("Follow-up given up: refund", "Row 7 failed 12 times.")
# Three tries of two seconds to connect or five to answer, with pauses between; the rest is for a busy machine.
BOUND_SECONDS = 40


class Topic:
    """A topic, and a queue that hears what is published to it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

        def client(name: str) -> Any:
            return boto3.client(name, region_name=REGION, endpoint_url=endpoint)

        self.sns, self._sqs = client("sns"), client("sqs")
        self.arn = self.sns.create_topic(Name="alerts")["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName="ear")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        self.sns.subscribe(TopicArn=self.arn, Protocol="sqs", Endpoint=arn)

    def heard(self) -> list[dict[str, Any]]:
        """What came, and takes it."""
        found = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(one["Body"]) for one in found]

    def close(self) -> None:
        self.sns.close()
        self._sqs.close()


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Iterator[Topic]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    topic = Topic(f"http://{host}:{port}")
    yield topic
    topic.close()
    server.stop()


async def tell(arn: str, endpoint: str, alert: Alert = ALERT) -> None:
    """One alert over a channel of its own."""
    channel = await SnsChannel.open(arn, region=REGION, endpoint=endpoint)
    try:
        await channel.tell(alert, "alert-7-1")
    finally:
        await channel.close()


async def test_subscribers_hear_it(topic: Topic) -> None:
    await tell(topic.arn, topic.endpoint)
    (heard,) = await asyncio.to_thread(topic.heard)
    assert (heard["Subject"], heard["Message"]) == (ALERT.subject, ALERT.text)
    assert heard["MessageAttributes"]["reference"]["Value"] == "alert-7-1"


async def test_a_subject_that_sns_would_refuse_is_made_one_that_it_takes(topic: Topic) -> None:
    await tell(topic.arn, topic.endpoint, Alert("환불\n실패 " + "x" * 300, "글" * 10_000))
    (heard,) = await asyncio.to_thread(topic.heard)
    assert heard["Subject"].isascii()
    assert "\n" not in heard["Subject"]
    assert len(heard["Subject"]) == MOST_SUBJECT
    assert heard["Message"] == "글" * 4000


async def test_a_topic_that_does_not_exist_may_be_mended_later(topic: Topic) -> None:
    with pytest.raises(SendFailed) as failed:
        await tell(f"{topic.arn}-gone", topic.endpoint)
    assert not failed.value.permanent


@pytest.mark.parametrize("silent", [False, True], ids=["gone", "silent"])
async def test_sns_that_is_away_is_told_of_in_bounded_time(topic: Topic, silent: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if not silent:
            listener.close()
        began = time.monotonic()
        with pytest.raises(SendFailed) as failed:
            await tell(topic.arn, f"http://127.0.0.1:{port}")
    assert not failed.value.permanent
    assert time.monotonic() - began < BOUND_SECONDS
