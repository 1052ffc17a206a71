"""The part that ElastiCache or Sentinel plays: the replica of a Valkey that is silent for two seconds is promoted."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from redis import Redis
from redis.exceptions import RedisError, ResponseError

SILENT_SECONDS = 2.0
_LOOK_SECONDS = 0.2


class Keeper:
    """Asks the primary five times a second, in a thread of its own.

    Args:
        primary: the URL of the present one.
        fail_over: promotes another; called once for each silence.
    """

    def __init__(self, primary: Callable[[], str], fail_over: Callable[[], None]) -> None:
        self._primary = primary
        self._fail_over = fail_over
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self.moved = 0
        """Fail-overs so far."""

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End; a fail-over that is under way is finished."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        heard = time.monotonic()
        while not self._stop.wait(_LOOK_SECONDS):
            if self._answers():
                heard = time.monotonic()
            elif time.monotonic() - heard > SILENT_SECONDS:
                self._fail_over()
                self.moved += 1
                heard = time.monotonic()

    def _answers(self) -> bool:
        try:
            with contextlib.closing(Redis.from_url(self._primary(), socket_timeout=0.5)) as client:
                client.ping()
        except ResponseError:
            return True  # loading, or no room on its disk: it is there
        except (RedisError, OSError):
            return False
        return True
