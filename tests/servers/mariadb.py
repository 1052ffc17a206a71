"""MariaDB, as packaged (10.11 on Debian 12), from PATH or the folders that packages put servers in."""

from __future__ import annotations

import os
import shutil

from tests.servers import require
from tests.servers.server import DatabaseServer

# Not on every user's PATH: Debian's /usr/sbin, and Homebrew's folders for Apple and Intel machines.
_PLACES = os.pathsep.join(
    (os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin", "/usr/local/bin")
)


def _find(program: str) -> str | None:
    return shutil.which(program, path=_PLACES)


def available() -> bool:
    """Whether this machine has MariaDB's server and its set-up program."""
    return _find("mariadbd") is not None and _find("mariadb-install-db") is not None


class MariaDB(DatabaseServer):
    """A private `mariadbd`."""

    name = "mariadb"

    def install(self) -> None:
        """Make the system tables with `mariadb-install-db`."""
        self._run_setup(
            [
                _find("mariadb-install-db") or "mariadb-install-db",
                "--no-defaults",
                f"--datadir={self.data}",
                f"--user={self.account}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--innodb-log-file-size=16M",
            ]
        )

    def command(self) -> list[str]:
        """The server without any configuration file of the machine."""
        return [_find("mariadbd") or "mariadbd", "--no-defaults", "--innodb-log-file-size=16M"]


def run(*, durable: bool = False) -> MariaDB:
    """A context manager whose value is a running server with an empty database `ticketing`.

    Skips the test when MariaDB is missing (fails it under `REQUIRE_SERVICES=1`).
    """
    require("mariadb", available())
    return MariaDB(durable=durable)
