"""The blob contract: the same promises for a folder and for S3 (moto's server)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from tests.contract.queue_moto import MotoServer
from ticketing.base.blobs import Blobs, BlobsAway, FolderBlobs, S3Blobs

REGION = "ap-northeast-2"
BAD_KEYS = [
    "",
    "/absolute",
    "double//slash",
    "ends/",
    "../above",
    "a/../b",
    "./a",
    ".hidden",
    "a/.hidden",
    "with blank",
    "한글",
    "line\n",
    "nul\0",
    "back\\slash",
    "x" * 513,
]


def new_bucket(server: MotoServer) -> str:
    """An empty bucket."""
    name = f"test-{uuid4().hex[:12]}"
    s3_client(server).create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def s3_client(server: MotoServer) -> Any:
    """An ordinary client, to look past the adapter."""
    return boto3.client("s3", region_name=REGION, endpoint_url=f"http://127.0.0.1:{server.port}")


async def s3_blobs(port: int, bucket: str) -> S3Blobs:
    """The adapter over a server on this port."""
    return await S3Blobs.open(bucket, region=REGION, endpoint=f"http://127.0.0.1:{port}")


@pytest.fixture(params=["folder", "s3"])
async def blobs(request: pytest.FixtureRequest, tmp_path: Path, queue_moto_server: MotoServer) -> AsyncIterator[Blobs]:
    """Each adapter, empty."""
    if request.param == "folder":
        store: Blobs = FolderBlobs(tmp_path / "blobs")
    else:
        store = await s3_blobs(queue_moto_server.port, new_bucket(queue_moto_server))
    yield store
    await store.close()


class TestBlobs:
    @pytest.mark.parametrize("body", [b"", b"%PDF-1.7 \xff\x00\r\n", bytes(range(256)) * 8192], ids=len)
    async def test_what_goes_in_comes_out(self, blobs: Blobs, body: bytes) -> None:
        await blobs.put("tickets/2026/tkt_1.pdf", body, "application/pdf")
        assert await blobs.get("tickets/2026/tkt_1.pdf") == body

    async def test_what_was_never_put_is_none(self, blobs: Blobs) -> None:
        await blobs.put("tickets/a.pdf", b"a", "application/pdf")
        for key in ("nothing", "tickets/b.pdf", "tickets", "tickets/a.pdf/more"):
            assert await blobs.get(key) is None

    async def test_a_second_value_replaces_the_first(self, blobs: Blobs) -> None:
        await blobs.put("key", b"a long first value", "text/plain")
        await blobs.put("key", b"second", "text/plain")
        assert await blobs.get("key") == b"second"

    @pytest.mark.parametrize("key", BAD_KEYS)
    async def test_a_key_that_is_no_path_is_refused(self, blobs: Blobs, key: str) -> None:
        with pytest.raises(ValueError, match="blob key"):
            await blobs.put(key, b"x", "text/plain")
        with pytest.raises(ValueError, match="blob key"):
            await blobs.get(key)

    async def test_keys_keep_apart_what_looks_alike(self, blobs: Blobs) -> None:
        keys = ["a", "b/a", "a.pdf", "a-1", "a_1", "b/a.pdf", "x" * 200]
        for key in keys:
            await blobs.put(key, key.encode(), "text/plain")
        assert [await blobs.get(key) for key in keys] == [key.encode() for key in keys]

    async def test_readers_see_whole_values_whoever_writes(self, blobs: Blobs) -> None:
        values = [bytes([65 + i]) * 200_000 for i in range(6)]
        await blobs.put("shared", values[0], "text/plain")
        seen: list[bytes | None] = []

        async def read() -> None:
            seen.extend([await blobs.get("shared") for _ in range(6)])

        await asyncio.gather(*(blobs.put("shared", value, "text/plain") for value in values), read(), read())
        assert len(seen) == 12
        assert set(seen) <= set(values)

    async def test_an_earlier_turn_replaces_nothing_of_a_later_one(self, blobs: Blobs) -> None:
        assert await by_turn(blobs, "old", 3)
        assert await by_turn(blobs, "same", 3)
        assert await by_turn(blobs, "later", 10)
        assert not await by_turn(blobs, "stale", 9)
        assert not await by_turn(blobs, "stale again", 3)
        assert await blobs.get("status/a.json") == b"later"
        assert await by_turn(blobs, "goes on", 10)
        assert await by_turn(blobs, "elsewhere", 1, key="status/b.json")

    async def test_control_without_turns_an_earlier_one_replaces_a_later(self, blobs: Blobs) -> None:
        await by_turn(blobs, "later", 10)
        await blobs.put("status/a.json", b"stale", "text/plain")
        assert await blobs.get("status/a.json") == b"stale"

    async def test_what_was_put_without_a_turn_is_anybodys(self, blobs: Blobs) -> None:
        await by_turn(blobs, "later", 10)
        await blobs.put("status/a.json", b"reset", "text/plain")
        assert await by_turn(blobs, "anew", 2)
        assert not await by_turn(blobs, "stale", 1)

    async def test_of_many_turns_at_once_the_last_stays(self, blobs: Blobs) -> None:
        async def insist(turn: int) -> None:
            stored = False
            while not stored:
                try:
                    await by_turn(blobs, str(turn), turn)
                    stored = True
                except BlobsAway:
                    await asyncio.sleep(0.01)

        await asyncio.gather(*(insist(turn) for turn in (4, 1, 6, 2, 5, 3)))
        assert await blobs.get("status/a.json") == b"6"

    @pytest.mark.parametrize("key", BAD_KEYS)
    async def test_turns_are_kept_of_paths_only(self, blobs: Blobs, key: str) -> None:
        with pytest.raises(ValueError, match="blob key"):
            await by_turn(blobs, "x", 1, key=key)


async def by_turn(blobs: Blobs, text: str, turn: int, key: str = "status/a.json") -> bool:
    """Put by a turn."""
    return await blobs.put_by_turn(key, text.encode(), "text/plain", turn=turn)


def file_names(folder: Path) -> list[str]:
    """Of all files below it."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


class TestFolder:
    async def test_processes_see_each_others_turns(self, tmp_path: Path) -> None:
        first, second = FolderBlobs(tmp_path), FolderBlobs(tmp_path)
        assert await by_turn(second, "later", 2)
        assert not await by_turn(first, "stale", 1)
        assert file_names(tmp_path) == [".a.json.turn", "a.json"]

    async def test_nothing_but_values_is_left_behind(self, tmp_path: Path) -> None:
        store = FolderBlobs(tmp_path)
        await asyncio.gather(*(store.put(f"a/{i % 3}", b"x" * 1000, "text/plain") for i in range(30)))
        assert file_names(tmp_path) == ["0", "1", "2"]

    async def test_a_folder_that_cannot_be_written_is_away(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"in the way")
        store = FolderBlobs(tmp_path / "file")
        with pytest.raises(BlobsAway):
            await store.put("key", b"x", "text/plain")


@dataclass
class _Silent:
    """Takes connections and says nothing."""

    port: int
    calls: int = 0


@pytest.fixture
async def silent() -> AsyncIterator[_Silent]:
    """A server that never answers."""
    found = _Silent(0)

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.calls += 1
        while await reader.read(65536):
            pass
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()
    await server.wait_closed()


class TestS3:
    async def test_the_content_type_is_kept(self, queue_moto_server: MotoServer) -> None:
        bucket = new_bucket(queue_moto_server)
        store = await s3_blobs(queue_moto_server.port, bucket)
        await store.put("a.pdf", b"x", "application/pdf")
        await store.close()
        head = await asyncio.to_thread(s3_client(queue_moto_server).head_object, Bucket=bucket, Key="a.pdf")
        assert head["ContentType"] == "application/pdf"

    async def test_another_process_and_a_deletion_are_noticed(self, queue_moto_server: MotoServer) -> None:
        bucket = new_bucket(queue_moto_server)
        first, second = [await s3_blobs(queue_moto_server.port, bucket) for _ in range(2)]
        assert await by_turn(first, "first", 1)
        assert await by_turn(second, "second", 2)
        assert not await by_turn(first, "stale", 1)
        await asyncio.to_thread(s3_client(queue_moto_server).delete_object, Bucket=bucket, Key="status/a.json")
        assert await by_turn(second, "again", 2)
        head = await asyncio.to_thread(s3_client(queue_moto_server).head_object, Bucket=bucket, Key="status/a.json")
        assert (head["ContentType"], head["Metadata"]) == ("text/plain", {"turn": "2"})
        for store in (first, second):
            await store.close()

    async def test_while_one_writes_a_put_is_one_request(
        self, queue_moto_server: MotoServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = await s3_blobs(queue_moto_server.port, new_bucket(queue_moto_server))
        await by_turn(store, "first", 1)
        monkeypatch.setattr(store, "_look", None)
        for number in range(3):
            assert await by_turn(store, f"value {number}", 1)
        await store.close()

    async def test_a_bucket_that_is_not_there_is_away_and_not_empty(self, queue_moto_server: MotoServer) -> None:
        store = await s3_blobs(queue_moto_server.port, "no-such-bucket")
        with pytest.raises(BlobsAway):
            await store.get("key")
        with pytest.raises(BlobsAway):
            await store.put("key", b"x", "text/plain")
        await store.close()

    async def test_a_server_that_is_gone_is_away_and_found_again(self, queue_aws: None) -> None:
        server = MotoServer()
        server.start()
        store = await s3_blobs(server.port, new_bucket(server))
        try:
            await store.put("key", b"before", "text/plain")
            server.stop()
            async with asyncio.timeout(60):
                with pytest.raises(BlobsAway):
                    await store.get("key")
                with pytest.raises(BlobsAway):
                    await store.put("key", b"lost", "text/plain")
            server.start()
            assert await store.get("key") == b"before"
        finally:
            await store.close()
            server.stop()

    @pytest.mark.slow
    async def test_a_server_that_never_answers_is_given_up_after_three_tries(
        self, queue_aws: None, silent: _Silent
    ) -> None:
        store = await s3_blobs(silent.port, "bucket")
        async with asyncio.timeout(60):
            with pytest.raises(BlobsAway):
                await store.get("key")
        assert silent.calls == 3
        await store.close()
