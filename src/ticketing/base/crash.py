"""Crash points: a drill names one in TICKETING_CRASH_POINT, and the process kills itself there, once per file.

`name` kills at every pass; `name@file` only while the file does not exist, and creates it first, so that the process
that is started next gets through.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable

CrashPoint = Callable[[str], Awaitable[None]]


async def nowhere(_: str) -> None:
    """In production nothing crashes on purpose."""


def crash_point(setting: str | None) -> CrashPoint:
    """A function to be called between steps; it does nothing unless its name is the one that was set."""
    name, _, marker = (setting or "").partition("@")

    async def reach(step: str) -> None:
        if step != name or not name:
            return
        if marker:
            try:
                os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return
        os.kill(os.getpid(), signal.SIGKILL)

    return reach
