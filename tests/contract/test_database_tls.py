"""A database that takes TLS only, as Aurora does here: the URL names the authority, the server's name is checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.certificates import Authority, authority, certificate
from tests.servers import mariadb
from tests.servers.mariadb import MariaDB
from tests.servers.server import DatabaseServer
from ticketing.base.db import connect_database
from ticketing.wiring.migrate import migrate, newest


class TlsOnly(MariaDB):
    """A server that refuses whoever does not encrypt."""

    certificate: Path
    key: Path

    def command(self) -> list[str]:
        """As usual, with TLS asked of everybody."""
        return [
            *super().command(),
            f"--ssl-cert={self.certificate}",
            f"--ssl-key={self.key}",
            "--require-secure-transport=ON",
        ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def root(folder: Path) -> Authority:
    return authority(folder)


@pytest.fixture(scope="module")
def server(folder: Path, root: Authority) -> Iterator[DatabaseServer]:
    """It calls itself 127.0.0.1, and nothing else."""
    mariadb.run().close()  # skips, or fails, where there is no MariaDB
    server = TlsOnly()
    # Beside its data, where the account that it runs under may read.
    server.certificate, server.key = certificate(server.folder, root, "database", "127.0.0.1")
    with server:
        yield server


async def cipher(url: str) -> str:
    """The cipher of a connection; empty for none."""
    db = connect_database(url, timeout=5)
    try:
        rows = await db.fetch(text("SHOW STATUS LIKE 'Ssl_cipher'"))
        return str(rows[0][1])
    finally:
        await db.close()


async def test_with_its_authority_it_is_encrypted_and_migrated(server: DatabaseServer, root: Authority) -> None:
    url = f"{server.url()}&ssl_ca={root.file}"
    assert await cipher(url) != ""
    db = connect_database(url)
    try:
        assert (await migrate(db))[1] == newest()
        await db.assert_isolation()
    finally:
        await db.close()


async def test_without_tls_it_is_refused(server: DatabaseServer) -> None:
    """Negative control: it does ask for TLS. (MariaDB calls it a refused sign-in; the account is the same as above.)"""
    with pytest.raises(Exception, match=r"Access denied|secure transport"):
        await cipher(server.url())


async def test_another_authority_is_not_believed(server: DatabaseServer, folder: Path) -> None:
    other = authority(folder, "other")
    with pytest.raises(Exception, match=r"CERTIFICATE_VERIFY_FAILED|certificate verify failed"):
        await cipher(f"{server.url()}&ssl_ca={other.file}")


async def test_another_name_is_not_believed(server: DatabaseServer, root: Authority) -> None:
    elsewhere = server.url().replace("127.0.0.1", "localhost")
    with pytest.raises(Exception, match=r"(?i)mismatch|not valid for"):
        await cipher(f"{elsewhere}&ssl_ca={root.file}")
