"""The keeper promotes when the primary is silent, and not when it is only away for a moment."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tests.drills.keeper import SILENT_SECONDS, Keeper
from ticketing.base.valkey_server import ValkeyServer


def test_a_primary_that_stays_silent_is_replaced_once_and_one_that_comes_back_is_not(short_folder: Path) -> None:
    servers = [ValkeyServer(short_folder / name) for name in ("a", "b")]
    for server in servers:
        server.start()
    primary = [servers[0]]
    moves: list[float] = []

    def fail_over() -> None:
        primary[0] = servers[1]
        moves.append(time.monotonic())

    keeper = Keeper(lambda: primary[0].url, fail_over)
    try:
        keeper.start()
        servers[0].kill()
        time.sleep(0.7)
        servers[0].start()
        time.sleep(SILENT_SECONDS + 0.5)
        assert not moves, "it was back in time"
        assert servers[0].pid is not None
        os.kill(servers[0].pid, signal.SIGSTOP)
        stopped = time.monotonic()
        while not moves and time.monotonic() < stopped + 30:
            time.sleep(0.05)
        assert len(moves) == 1
        assert moves[0] - stopped >= SILENT_SECONDS - 0.5
        time.sleep(SILENT_SECONDS + 1)
        assert keeper.moved == len(moves) == 1, "the new primary answers"
    finally:
        keeper.stop()
        for server in servers:
            if server.pid is not None:
                os.kill(server.pid, signal.SIGCONT)
            server.kill()
