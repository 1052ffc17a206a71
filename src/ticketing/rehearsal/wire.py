"""HTTP/1.1 as bytes: requests are put together once, answers are read no further than is needed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_LENGTH = re.compile(rb"\r\n[Cc]ontent-[Ll]ength: *(\d+)")
_BODILESS = (204, 304)


def read_answer(data: bytes) -> tuple[int, bytes] | None:
    """(status, body) of a whole answer, None while a part is missing."""
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return None
    status = int(data[9:12])
    length = _LENGTH.search(data, 0, head + 2) if status not in _BODILESS else None
    need = head + 4 + (int(length[1]) if length else 0)
    return (status, data[head + 4 : need]) if len(data) >= need else None


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
