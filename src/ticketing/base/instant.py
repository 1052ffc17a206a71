"""Public answers that are good for a moment, given by the protocol itself: no task, no framework, no look at a store.

A hundred thousand people in line ask for one object. The application answers it as ever, and says for how long the same
bytes will do; until then a plain GET for it costs a look-up. After that one request goes to the application, and the
others have the old bytes for a moment longer: if all went there while it looks, a process that is short of time would
have ten times the work just then, and the leader of the line none of the time.

Whatever is not plain (a body, `Connection: close`, a conditional request that is no simple one, half a head, two
requests at once) goes the usual way, which is always right.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import formatdate

MAX_HEAD = 8192
MOST = 4096
"""Answers kept at once, at most."""
STALE_SECONDS = 2.0
"""For how long an answer that is no longer good is given while the application looks for a new one, if not told."""
_AGAIN_SECONDS = 0.5
"""After so long without a new one another request goes to the application."""
_NOT_PLAIN = (b"\r\ncontent-length:", b"\r\ntransfer-encoding:", b"\r\nupgrade:", b"\r\nexpect:")
_CONNECTION, _KEEP_ALIVE = b"\r\nconnection:", b"\r\nconnection: keep-alive\r\n"
_CONDITION = b"\r\nif-none-match:"


@dataclass(slots=True)
class _Kept:
    until: float
    stale_until: float
    asked: float
    etag: bytes
    whole: bytes
    unchanged: bytes


class Instant:
    """What may be answered at once, by path. `answered` counts how often it was."""

    def __init__(self) -> None:
        self._kept: dict[bytes, _Kept] = {}
        self.answered = 0

    def keep(
        self,
        paths: tuple[str, ...],
        body: bytes,
        etag: str,
        headers: tuple[tuple[bytes, bytes], ...],
        seconds: float,
        stale: float = STALE_SECONDS,
    ) -> None:
        """Answer GET for these paths with this JSON for so long, and for `stale` more while a new one is looked for;
        `headers` go with a 304 as well.
        """
        now = time.monotonic()
        if len(self._kept) + len(paths) > MOST:
            self._kept = {path: kept for path, kept in self._kept.items() if kept.stale_until > now}
            if len(self._kept) + len(paths) > MOST:
                return
        date = b"date: " + formatdate(usegmt=True).encode() + b"\r\n"
        common = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        length = str(len(body)).encode()
        whole = (
            b"HTTP/1.1 200 OK\r\n" + date + b"content-type: application/json\r\n" + common
            + b"content-length: " + length + b"\r\n\r\n" + body
        )  # fmt: skip
        unchanged = b"HTTP/1.1 304 Not Modified\r\n" + date + common + b"content-length: 0\r\n\r\n"
        kept = _Kept(now + seconds, now + seconds + stale, 0.0, etag.encode(), whole, unchanged)
        for path in paths:
            self._kept[path.encode()] = kept

    def answer(self, data: bytes) -> bytes | None:
        """The answer to what was received, if it is exactly one plain GET for something that is kept."""
        line = data.find(b" HTTP/1.1\r\n")
        if line < 0:
            return None
        kept = self._kept.get(data[4:line])
        if kept is None or len(data) > MAX_HEAD:
            return None
        if not data.startswith(b"GET ") or data.find(b"\r\n\r\n") != len(data) - 4:
            return None
        head = data.lower()
        for mark in _NOT_PLAIN:
            if mark in head:
                return None
        if _CONNECTION in head and _KEEP_ALIVE not in head:
            return None
        if self._is_for_the_application(kept):
            return None
        condition = head.find(_CONDITION)
        if condition < 0:
            self.answered += 1
            return kept.whole
        start = condition + len(_CONDITION)
        if data[start : data.find(b"\r\n", start)].strip() != kept.etag:
            return None
        self.answered += 1
        return kept.unchanged

    @staticmethod
    def _is_for_the_application(kept: _Kept) -> bool:
        now = time.monotonic()
        if now <= kept.until:
            return False
        if now <= kept.stale_until and now - kept.asked < _AGAIN_SECONDS:
            return False
        kept.asked = now
        return True
