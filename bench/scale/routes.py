"""What a request costs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Route:
    """API and Valkey CPU in microseconds a request; `rate` is what one process gave at full speed."""

    cpu_us: float
    rate: float
    valkey_us: float | None = None

    @property
    def service(self) -> float:
        """Seconds between two answers of one process at full speed, waits for scheduler, stores and generator included:
        of use for latencies.
        """
        return 1 / self.rate

    @property
    def cpu(self) -> float:
        """CPU seconds, by the kernel's account: what a busy machine changes least, and what capacity is made of."""
        return self.cpu_us / 1e6
