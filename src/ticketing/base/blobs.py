"""Blobs by key: a folder on a laptop, S3 on AWS."""

from __future__ import annotations

import asyncio
import fcntl
import re
import secrets
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from types_aiobotocore_s3.client import S3Client

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


_TURN = "turn"
_MISSING = ("NoSuchKey", "404")
# What a conditional put that lost is told; the last two when what it meant to replace is gone.
_CONTESTED = ("PreconditionFailed", "412", "ConditionalRequestConflict", "409", *_MISSING)
_CONTESTS = 4
_MOST_ETAGS = 1000


class BlobsAway(Exception):
    """The store did not answer; what was asked may or may not have been done, and may be asked again."""


class Blobs(Protocol):
    """Port: whole values in, whole values out."""

    async def put(self, key: str, body: bytes, content_type: str, cache_control: str = "no-store") -> None:
        """Store a value, replacing what was there, with the headers that a CDN passes on.

        Raises BlobsAway; ValueError for a key that is no path.
        """
        ...

    async def put_by_turn(
        self, key: str, body: bytes, content_type: str, cache_control: str = "no-store", *, turn: int
    ) -> bool:
        """As `put`, unless somebody whose turn came later (a higher number) has put this key; whether it was stored.

        What an unconditional `put` has stored belongs to no turn, and anybody replaces it. Raises as `put`.
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


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


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

    async def put_by_turn(
        self,
        key: str,
        body: bytes,
        content_type: str,  # noqa: ARG002 - files have no headers
        cache_control: str = "no-store",  # noqa: ARG002 - files have no headers
        *,
        turn: int,
    ) -> bool:
        """See the port."""
        try:
            return await asyncio.to_thread(self._write_by_turn, self._folder / _checked(key), body, turn)
        except OSError as error:
            raise BlobsAway(str(error)) from error

    @staticmethod
    def _turn_of(path: Path) -> Path:
        """The file beside a value that says whose turn it is of, and is locked by who writes."""
        return path.with_name(f".{path.name}.turn")

    @classmethod
    def _write(cls, path: Path, body: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        turn_file = cls._turn_of(path)
        if not turn_file.exists():
            cls._replace(path, body)
            return
        with turn_file.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.truncate()
            cls._replace(path, body)

    @classmethod
    def _write_by_turn(cls, path: Path, body: bytes, turn: int) -> bool:
        path.parent.mkdir(parents=True, exist_ok=True)
        with cls._turn_of(path).open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            if int(file.read() or 0) > turn:
                return False
            # The turn first: who dies between the two has not let an earlier one in.
            file.truncate(0)
            file.write(str(turn))
            file.flush()
            cls._replace(path, body)
        return True

    @staticmethod
    def _replace(path: Path, body: bytes) -> None:
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
        self._stored: dict[str, tuple[str, int]] = {}

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

    async def put_by_turn(
        self, key: str, body: bytes, content_type: str, cache_control: str = "no-store", *, turn: int
    ) -> bool:
        """See the port. One request, while nobody else writes; nothing is asked of S3 but GetObject and PutObject.

        Each value replaces the very one that was looked at (If-Match), so a request that was under way when another's
        turn came, or that was given up and arrives late, changes nothing.
        """
        stored = self._stored.get(_checked(key))
        found = stored[0] if stored and stored[1] <= turn else None
        try:
            for _ in range(_CONTESTS):
                # Of a value that is not there nothing can be asked without the right to list: try to be the first.
                condition: dict[str, Any] = {"IfMatch": found} if found else {"IfNoneMatch": "*"}
                self._stored.pop(key, None)
                try:
                    answer = await self._client.put_object(
                        Bucket=self._bucket,
                        Key=key,
                        Body=body,
                        ContentType=content_type,
                        CacheControl=cache_control,
                        Metadata={_TURN: str(turn)},
                        **condition,
                    )
                except ClientError as error:
                    if _code(error) not in _CONTESTED:
                        raise
                else:
                    self._keep(key, answer["ETag"], turn)
                    return True
                found, theirs = await self._look(key)
                if theirs > turn:
                    return False
        except (BotoCoreError, ClientError) as error:
            raise BlobsAway(str(error)) from error
        raise BlobsAway(f"others kept writing {key}")

    def _keep(self, key: str, etag: str, turn: int) -> None:
        self._stored[key] = (etag, turn)
        while len(self._stored) > _MOST_ETAGS:
            del self._stored[next(iter(self._stored))]

    async def _look(self, key: str) -> tuple[str | None, int]:
        """The ETag of what is there, and of which turn it is; (None, 0) of nothing."""
        try:
            head = await self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if _code(error) in _MISSING:
                return None, 0
            raise
        turn = head["Metadata"].get(_TURN, "")
        return head["ETag"], int(turn) if turn.isdecimal() else 0

    async def get(self, key: str) -> bytes | None:
        """See the port."""
        try:
            answer = await self._client.get_object(Bucket=self._bucket, Key=_checked(key))
            async with answer["Body"] as body:
                return await body.read()
        except ClientError as error:
            if _code(error) in _MISSING:
                return None
            raise BlobsAway(str(error)) from error
        except BotoCoreError as error:
            raise BlobsAway(str(error)) from error

    async def close(self) -> None:
        """Close connections."""
        await self._exits.aclose()
