"""Where a process writes its log: a full disk, or a reader that is gone, costs lines and nothing else."""

from __future__ import annotations

import contextlib
from typing import TextIO


class LogStream:
    """A text stream that never raises. What cannot be written is lost: no sale may end because of its log.

    Args:
        out: the stream behind it.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        """Write, or not."""
        with contextlib.suppress(OSError, ValueError):
            self._out.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what is buffered, or not."""
        with contextlib.suppress(OSError, ValueError):
            self._out.flush()
