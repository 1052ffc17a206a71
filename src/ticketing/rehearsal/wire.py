"""HTTP/1.1 as bytes: requests are put together once, answers are read no further than is needed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9]\d\d)[ \r]")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked[ \t]*\r\n", re.IGNORECASE)
_CHUNK = re.compile(rb"([0-9a-f]+)[ \t]*(?:;[^\r\n]*)?\r\n", re.IGNORECASE)
_BODILESS = (204, 304)


class NotHttp(ValueError):
    """What came is no answer of HTTP/1.1; the message says where it is not."""


def read_answer(data: bytes, *, ended: bool = False) -> tuple[int, bytes] | None:
    """(status, body) of a whole answer, None while a part is missing.

    Args:
        ended: nothing more will come: the other side has closed the connection, which ends a body of unsaid length.

    Raises:
        NotHttp.
    """
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return None
    found = _STATUS.match(data)
    if found is None:
        raise NotHttp(f"begins with {data[:20]!r}")
    status, begin = int(found[1]), head + 4
    if status < 200:
        return read_answer(data[begin:], ended=ended)  # a word beforehand, such as 103
    if status in _BODILESS:
        return status, b""
    if _CHUNKED.search(data, 0, head + 2):
        body = _chunks(data, begin)
        return (status, body) if body is not None else None
    length = _LENGTH.search(data, 0, head + 2)
    if length is None:
        return (status, data[begin:]) if ended else None
    need = begin + int(length[1])
    return (status, data[begin:need]) if len(data) >= need else None


def _chunks(data: bytes, at: int) -> bytes | None:
    """The body out of its chunks from an offset on, None while one is missing. Raises NotHttp."""
    parts: list[bytes] = []
    while True:
        line = _CHUNK.match(data, at)
        if line is None:
            if data.find(b"\n", at) >= 0:
                raise NotHttp(f"a chunk begins with {data[at : at + 20]!r}")
            return None
        size, begin = int(line[1], 16), line.end()
        if size == 0:
            # Trailers may follow, and an empty line.
            return b"".join(parts) if data.find(b"\r\n\r\n", begin - 2) >= 0 else None
        at = begin + size + 2
        if len(data) < at:
            return None
        if data[at - 2 : at] != b"\r\n":
            raise NotHttp(f"a chunk of {size} bytes ends with {data[at - 2 : at]!r}")
        parts.append(data[begin : at - 2])


def header(data: bytes, name: bytes) -> bytes:
    """A header's value out of the head of an answer, empty when it is not there; `name` in lower case."""
    head = data[: data.find(b"\r\n\r\n")]
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip()
    return b""


@dataclass(frozen=True)
class Site:
    """Where requests go.

    Attributes:
        target: host and port to connect to.
        host: the value of the Host header.
    """

    target: tuple[str, int]
    host: str

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> bytes:
        """The bytes of a request; underscores in header names stand for hyphens."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        if method in ("POST", "PUT"):
            lines.append(f"Content-Length: {len(content)}")
        if content:
            lines.append("Content-Type: application/json")
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + content
