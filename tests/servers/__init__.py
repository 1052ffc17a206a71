"""Real database servers for tests, each private to the run that starts it.

Use `tests.servers.mariadb.run()` or `tests.servers.mysql.run()` as a context manager, or the session fixtures of
`tests.servers.fixtures`. A server that this machine lacks skips the test, unless the run demands it (see `require`).
"""

from __future__ import annotations

import os

import pytest

#: Servers that Debian's own suite does not carry: a run that could fetch one says so by a variable of its own.
_OWN_VARIABLE = {"mysql": "REQUIRE_MYSQL"}


def required(name: str) -> bool:
    """Whether this run promised to have `name` ("mariadb", "mysql", "chromium", ...)."""
    return os.environ.get(_OWN_VARIABLE.get(name, "REQUIRE_SERVICES"), "") not in ("", "0")


def require(name: str, available: bool) -> None:
    """Go on when `name` is available; otherwise fail the test where the run demands it, and skip it elsewhere.

    `REQUIRE_SERVICES=1` demands every server but MySQL, which `REQUIRE_MYSQL=1` demands.
    """
    if available:
        return
    if required(name):
        pytest.fail(f"{name} is missing on this machine, and this run requires it", pytrace=False)
    pytest.skip(f"{name} is not installed")
