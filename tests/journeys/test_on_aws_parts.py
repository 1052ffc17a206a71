"""The same purchase over SQS and S3 instead of the laptop's queue and folder: only settings differ."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest

from tests.contract.queue_moto import MotoServer
from tests.people import sign_up
from tests.stack import Stack, running

REGION = "ap-northeast-2"
BUCKET = "ticketing-journey"


@pytest.fixture(scope="module")
def aws(module_monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoServer]:
    """moto's server with fake credentials for us and for the processes of the stack."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        module_monkeypatch.setenv(name, "testing")
    server = MotoServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def module_monkeypatch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def aws_stack(aws: MotoServer) -> Iterator[Stack]:
    endpoint = f"http://127.0.0.1:{aws.port}"
    queue_url, dead_url = aws.make_queues("orders", 10)
    s3 = boto3.client("s3", region_name=REGION, endpoint_url=endpoint)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.close()
    with tempfile.TemporaryDirectory(prefix="tk") as folder:
        stack = Stack(
            Path(folder),
            queue_url=queue_url,
            queue_dead_url=dead_url,
            blobs_url=f"s3://{BUCKET}",
            aws_region=REGION,
            aws_endpoint=endpoint,
        )
        with running(stack):
            yield stack


async def test_a_purchase_goes_through_sqs_and_its_pdf_is_kept_in_s3(aws: MotoServer, aws_stack: Stack) -> None:
    event = await aws_stack.add_event_async()
    async with httpx.AsyncClient(base_url=aws_stack.url, timeout=20) as client:
        alice = await sign_up(client, "Alice")
        order = await alice.buy(event.id, "1C-C-1", "1C-C-2")
        assert order["status"] == "ticketed"
        drawn = await alice.get(order["tickets"][0]["pdf_url"])
        again = await alice.get(order["tickets"][0]["pdf_url"])
    assert drawn.content.startswith(b"%PDF-")
    assert again.content == drawn.content

    s3 = boto3.client("s3", region_name=REGION, endpoint_url=f"http://127.0.0.1:{aws.port}")
    kept = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    s3.close()
    assert [item["Key"].startswith(f"tickets/{order['tickets'][0]['ticket_id']}") for item in kept] == [True]


async def test_an_order_is_accepted_while_the_queue_is_away_and_is_there_once(
    aws: MotoServer, aws_stack: Stack
) -> None:
    event = await aws_stack.add_event_async()
    async with httpx.AsyncClient(base_url=aws_stack.url, timeout=30) as client:
        alice = await sign_up(client, "Alice")
        hold = (await alice.hold(event.id, "1C-D-1")).json()
        aws.stop()
        try:
            accepted = await alice.order(hold["token"], key="journey-key-1")
            assert accepted.status_code == 202
            order = await alice.follow(accepted.json()["order_id"])
        finally:
            aws.start()
        assert order["status"] == "ticketed"

        again = await alice.order(hold["token"], key="journey-key-1")
        assert (again.status_code, again.json()["order_id"]) == (202, order["order_id"])
        mine = (await alice.get("/api/orders")).json()["orders"]
    assert [entry["order_id"] for entry in mine] == [order["order_id"]]
