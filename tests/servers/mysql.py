"""MySQL 9: the one that `scripts/get-mysql.sh` fetched (`MYSQL_DIR`, by default `.tools/mysql`), else PATH's."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

from tests.servers import require
from tests.servers.server import DatabaseServer

_FETCHED = Path(os.environ.get("MYSQL_DIR") or Path(__file__).parents[2] / ".tools" / "mysql") / "mysqld"


@functools.cache
def _find() -> str | None:
    program = str(_FETCHED) if os.access(_FETCHED, os.X_OK) else shutil.which("mysqld")
    if program is None:
        return None
    # MariaDB installs its server under this name too.
    shown = subprocess.run(
        [program, "--no-defaults", "--version"], capture_output=True, text=True, timeout=30, check=False
    )
    return program if shown.returncode == 0 and "MariaDB" not in shown.stdout else None


def available() -> bool:
    """Whether a MySQL server was fetched or is on PATH, and runs."""
    return _find() is not None


class MySQL(DatabaseServer):
    """A private `mysqld`."""

    name = "mysql"

    def install(self) -> None:
        """Make the system tables, with an unprotected root account."""
        self._run_setup([*self.command(), f"--datadir={self.data}", f"--user={self.account}", "--initialize-insecure"])

    def command(self) -> list[str]:
        """The server without any configuration file of the machine, binary log or X protocol."""
        return [
            _find() or "mysqld",
            "--no-defaults",
            "--innodb-redo-log-capacity=64M",
            "--disable-log-bin",
            "--mysqlx=OFF",
            "--secure-file-priv=NULL",
        ]


def run(*, durable: bool = False) -> MySQL:
    """A context manager whose value is a running server with an empty database `ticketing`.

    Skips the test when MySQL is missing (fails it under `REQUIRE_MYSQL=1`).
    """
    require("mysql", available())
    return MySQL(durable=durable)
