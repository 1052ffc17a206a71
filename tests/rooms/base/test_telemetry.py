"""A process that ends does not wait for a collector that is away."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from ticketing.base import telemetry
from ticketing.base.telemetry import Telemetry


class Stubborn:
    """Shuts down once it is let go, as a provider whose collector does not answer."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def shutdown(self) -> None:
        self.let_go.wait(30)


def seconds_to_close(provider: Any) -> float:
    began = time.monotonic()
    Telemetry(provider, provider).close()
    return time.monotonic() - began


def test_closing_is_bounded_however_long_the_rest_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "CLOSE_SECONDS", 0.2)
    provider = Stubborn()
    assert 0.15 < seconds_to_close(provider) < 10
    provider.let_go.set()


def test_what_is_sent_at_once_is_not_waited_for() -> None:
    provider = Stubborn()
    provider.let_go.set()
    assert seconds_to_close(provider) < 2
