"""The database servers behave as the drills assume: private, real, and truthful after a crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine

from tests.servers import mariadb, mysql, require, required
from tests.servers.server import DatabaseServer, ServerFailedError

RUNS = [pytest.param(mariadb.run, id="mariadb"), pytest.param(mysql.run, id="mysql")]


async def _scalar(url: str, statement: str) -> object:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.scalar(text(statement))
    finally:
        await engine.dispose()


async def test_mariadb_answers_with_its_version(mariadb_server: DatabaseServer) -> None:
    version = await _scalar(mariadb_server.url(), "SELECT VERSION()")
    assert isinstance(version, str)
    assert "MariaDB" in version


async def test_mysql_answers_with_its_version(mysql_server: DatabaseServer) -> None:
    version = await _scalar(mysql_server.url(), "SELECT VERSION()")
    assert isinstance(version, str)
    assert "MariaDB" not in version
    assert int(version.split(".")[0]) >= 8


@pytest.mark.parametrize("run", RUNS)
async def test_commits_outlive_a_kill_and_clients_notice(run: Callable[[], DatabaseServer]) -> None:
    with run() as server:
        url = server.create_database("drill")
        server.execute("CREATE TABLE drill.seat (name VARCHAR(20))", "INSERT INTO drill.seat VALUES ('가-1')")
        folder = server.folder
        server.kill()
        assert server.pid is None
        with pytest.raises(OperationalError):
            await _scalar(url, "SELECT 1")
        server.start()
        assert await _scalar(url, "SELECT name FROM seat") == "가-1"
        server.stop()
        server.start()
        assert server.execute("SELECT COUNT(*) FROM drill.seat") == [(1,)]
        server.drop_database("drill")
    assert not folder.exists()


@pytest.mark.parametrize("run", RUNS)
def test_durable_servers_flush_every_commit(run: Callable[..., DatabaseServer]) -> None:
    for durable, setting in ((True, 1), (False, 2)):
        with run(durable=durable) as server:
            assert server.execute("SELECT @@innodb_flush_log_at_trx_commit") == [(setting,)]


def test_a_server_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    require("mariadb", mariadb.available())
    server = mariadb.MariaDB()
    try:
        server.start()
        server.stop()
        (server.data / "ibdata1").write_bytes(b"not a tablespace")
        with pytest.raises(ServerFailedError, match=r"ended while starting(?s:.*)ibdata1"):
            server.start()
    finally:
        server.close()


def test_a_missing_server_skips_or_fails_as_the_run_demands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUIRE_SERVICES", raising=False)
    monkeypatch.delenv("REQUIRE_MYSQL", raising=False)
    require("mariadb", available=True)
    with pytest.raises(pytest.skip.Exception):
        require("mariadb", available=False)

    monkeypatch.setenv("REQUIRE_SERVICES", "1")
    assert required("chromium")
    assert not required("mysql")
    with pytest.raises(pytest.fail.Exception, match="mariadb is missing"):
        require("mariadb", available=False)
    with pytest.raises(pytest.skip.Exception):
        require("mysql", available=False)

    monkeypatch.setenv("REQUIRE_MYSQL", "1")
    with pytest.raises(pytest.fail.Exception, match="mysql is missing"):
        require("mysql", available=False)
