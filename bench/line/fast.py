"""The real API process and the real leader by a clock that runs faster: `fast api PORT` and `fast leader`.

Everything that the line measures in milliseconds of its clock (visits, reservations, the tick) is shorter by that
factor; what it counts is the same.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time

import uvicorn
import uvloop

from ticketing.base.http_protocol import answering
from ticketing.base.instant import Instant
from ticketing.base.telemetry import set_up_logging
from ticketing.settings import read_settings
from ticketing.wiring.app import create_asgi
from ticketing.wiring.line import controller_of
from ticketing.wiring.parts import open_parts


class FastClock:
    """Milliseconds that pass `speed` times as fast since `start` (ms of the machine's clock)."""

    def __init__(self, start: int, speed: float) -> None:
        self._start = start
        self._speed = speed

    def now_ms(self) -> int:
        """See `Clock`."""
        return int(self._start + (time.time_ns() / 1e6 - self._start) * self._speed)


async def _api(port: int, clock: FastClock, speed: float) -> None:
    async with open_parts(read_settings(os.environ), clock) as parts:
        # The board is asked twice a second of real time; here that would be seconds of the line's time.
        parts.line.board._max_age /= speed
        instant = Instant()
        listener = socket.create_server(("127.0.0.1", port), backlog=4096)
        config = uvicorn.Config(
            create_asgi(parts, instant=instant),
            http=answering(instant),
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=120,
        )
        await uvicorn.Server(config).serve(sockets=[listener])


async def _leader(clock: FastClock, speed: float) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_parts(read_settings(os.environ), clock) as parts:
        controller = controller_of(parts)
        controller._tick_seconds /= speed
        await controller.run(stop)


def main() -> None:
    """Run one of them; BENCH_SPEED and BENCH_START say how the clock runs."""
    set_up_logging()
    speed = float(os.environ["BENCH_SPEED"])
    clock = FastClock(int(os.environ["BENCH_START"]), speed)
    if sys.argv[1] == "api":
        uvloop.run(_api(int(sys.argv[2]), clock, speed))
    else:
        uvloop.run(_leader(clock, speed))


if __name__ == "__main__":
    main()
