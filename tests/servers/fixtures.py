"""Session fixtures over the servers; the root conftest imports them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import mariadb, mysql
from tests.servers.server import DatabaseServer


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[DatabaseServer]:
    """One MariaDB for the whole run; give each test a database of its own with `create_database`."""
    with mariadb.run() as server:
        yield server


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[DatabaseServer]:
    """One MySQL for the whole run; give each test a database of its own with `create_database`."""
    with mysql.run() as server:
        yield server
