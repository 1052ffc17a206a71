"""Blobs by key: a folder on a laptop, S3 on AWS."""

from __future__ import annotations

import asyncio
import re
import secrets
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from types_aiobotocore_s3.client import S3Client

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


class BlobsAway(Exception):
    """The store did not answer; what was asked may or may not have been done, and may be asked again."""


class Blobs(Protocol):
    """Port: whole values in, whole values out."""

    async def put(self, key: str, body: bytes, content_type: str, cache_control: str = "no-store") -> None:
        """Store a value, replacing what was there, with the headers that a CDN passes on.

        Raises BlobsAway; ValueError for a key that is no path.
        """
        ...

    async def get(self, key: str) -> bytes | None:
        """The value, or None. Raises BlobsAway; ValueError for a key that is no path."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key) or len(key) > 512:
        raise ValueError(f"not a blob key: {key!r}")
    return key


class FolderBlobs:
    """Files below a folder; a reader never sees half a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, body: bytes, content_type: str, cache_control: str = "no-store") -> None:  # noqa: ARG002 - files have no headers
        """See the port."""
        try:
            await asyncio.to_thread(self._write, self._folder / _checked(key), body)
        except OSError as error:
            raise BlobsAway(str(error)) from error

    @staticmethod
    def _write(path: Path, body: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        partial.write_bytes(body)
        partial.replace(path)

    async def get(self, key: str) -> bytes | None:
        """See the port."""
        try:
            return await asyncio.to_thread((self._folder / _checked(key)).read_bytes)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None  # a key may be the beginning of others, or go on from one
        except OSError as error:
            raise BlobsAway(str(error)) from error

    async def close(self) -> None:
        """Nothing is open."""


class S3Blobs:
    """Objects of one bucket. Make it with `await S3Blobs.open(...)`."""

    def __init__(self, client: S3Client, bucket: str, exits: AsyncExitStack) -> None:
        self._client = client
        self._bucket = bucket
        self._exits = exits

    @classmethod
    async def open(cls, bucket: str, *, region: str, endpoint: str | None = None) -> S3Blobs:
        """Make the client; no call is made yet."""
        config = AioConfig(
            connect_timeout=2,
            read_timeout=5,
            retries={"mode": "standard", "total_max_attempts": 3},
            s3={"addressing_style": "path"} if endpoint else None,
        )
        async with AsyncExitStack() as exits:
            client = await exits.enter_async_context(
                get_session().create_client("s3", region_name=region, endpoint_url=endpoint, config=config)
            )
            return cls(client, bucket, exits.pop_all())

    async def put(self, key: str, body: bytes, content_type: str, cache_control: str = "no-store") -> None:
        """See the port."""
        try:
            await self._client.put_object(
                Bucket=self._bucket,
                Key=_checked(key),
                Body=body,
                ContentType=content_type,
                CacheControl=cache_control,
            )
        except (BotoCoreError, ClientError) as error:
            raise BlobsAway(str(error)) from error

    async def get(self, key: str) -> bytes | None:
        """See the port."""
        try:
            answer = await self._client.get_object(Bucket=self._bucket, Key=_checked(key))
            async with answer["Body"] as body:
                return await body.read()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
                return None
            raise BlobsAway(str(error)) from error
        except BotoCoreError as error:
            raise BlobsAway(str(error)) from error

    async def close(self) -> None:
        """Close connections."""
        await self._exits.aclose()
