"""The summary of a run lists how long its steps took."""

from __future__ import annotations

import pytest

from tests.infra.checkout import checkout
from tests.infra.instance import booted, configuration, instance, rendered

from .steps import STEPS

# Fixtures that live beside what they are about.
__all__ = ["booted", "checkout", "configuration", "instance", "rendered"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the steps in the order in which they ended."""
    if STEPS:
        terminalreporter.section("steps")
        for seconds, name in STEPS:
            terminalreporter.write_line(f"{seconds:6.1f} s  {name}")


def pytest_configure(config: pytest.Config) -> None:
    """Know the marker also where only this folder is run."""
    config.addinivalue_line("markers", "infra: runs Terraform; `make test-infra`")
