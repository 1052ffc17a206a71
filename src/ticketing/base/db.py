"""The database: one metadata, engines that pin what MySQL gets wrong by default, and a bounded retry.

SQLite (WAL) and MySQL-compatible servers take the same code path; only the URL differs.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Insert, MetaData, Table, event, text
from sqlalchemy.dialects.mysql import insert as mysql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.schema import SchemaItem

from ticketing.base.turns import WriteTurns

T = TypeVar("T")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def table(name: str, *items: SchemaItem) -> Table:
    """A table of ours. On MySQL its text compares byte by byte: under the servers' default collations the seats
    "A-1" and "a-1" would be one seat, and the addresses of josé and jose one account.
    """
    return Table(name, metadata, *items, mysql_engine="InnoDB", mysql_charset="utf8mb4", mysql_collate="utf8mb4_bin")


Millis = BigInteger
"""Instants are stored as milliseconds since the epoch, so that no driver can shift a time zone."""

# MySQL error numbers after which the same transaction may simply be run again.
_DEADLOCK = {1205, 1213}  # lock wait timeout, deadlock
_FAILOVER = {
    1290,  # --read-only option: we still talk to the old writer
    1836,  # read-only mode
    1792,  # read-only transaction
    1040,  # too many connections
    1053,  # server shutdown in progress
    2002,
    2003,
    2006,
    2013,
    2014,
    2055,  # cannot connect, gone away, lost connection, out of sync
    4031,  # disconnected by the server because of inactivity
}


_SQLITE_AWAY = ("locked", "busy", "disk is full", "disk i/o error", "unable to open")
"""What SQLite says when the file cannot be written, or not even opened, at this moment."""

_TIME = {
    "mysql": text("SELECT CAST(1000 * UNIX_TIMESTAMP(NOW(3)) AS SIGNED)"),
    "sqlite": text("SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"),
}

_DROP_SECONDS = 1.0
_LOG_PAGES = 10_000
"""Length of SQLite's log (40 MB) at which a commit moves it into the file, while all others wait for 50 ms and more.

With the default of 1,000 that came several times a second in a rush. A thread that does it once a second beside the
commits was slower still: they wait for the same disk.
"""


class DatabaseAway(Exception):
    """The database could not be reached, or kept refusing, within the bounded retry."""


class WrongIsolation(Exception):
    """The server gave a session another isolation level than READ COMMITTED."""


def error_number(error: BaseException) -> int | None:
    """The MySQL error number of an exception, if it carries one."""
    orig = getattr(error, "orig", None)
    for candidate in (orig, getattr(orig, "__cause__", None), error):
        args = getattr(candidate, "args", ())
        if args and isinstance(args[0], int):
            return int(args[0])
    return None


def is_transient(error: BaseException) -> bool:
    """Whether the same transaction may succeed if it is run again on a fresh connection."""
    if isinstance(error, (DisconnectionError, InterfaceError, PoolTimeout, ConnectionError, TimeoutError)):
        return True
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        number = error_number(error)
        if number in _DEADLOCK or number in _FAILOVER:
            return True
        message = str(error.orig).lower()
        return isinstance(error, OperationalError) and any(sign in message for sign in _SQLITE_AWAY)
    return False


class Database:
    """One engine, with reads, one-transaction writes and retried transactions.

    `dialect` is "sqlite" or "mysql" (MariaDB included). `turns`: where writers queue up, for SQLite.
    """

    def __init__(
        self, engine: AsyncEngine, *, attempts: int = 6, first_delay: float = 0.02, turns: WriteTurns | None = None
    ) -> None:
        self.engine = engine
        self._turns = turns
        self._dropped_at = -math.inf
        self.dialect = "sqlite" if engine.dialect.name == "sqlite" else "mysql"
        self._attempts = attempts
        self._first_delay = first_delay

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading. Raises DatabaseAway when none can be had."""
        try:
            async with self.engine.connect() as conn:
                yield conn
        except Exception as error:
            if is_transient(error):
                raise DatabaseAway(str(error)) from error
            raise

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed at the end of the block, rolled back on any exception.

        On SQLite it takes the write lock at once (BEGIN IMMEDIATE): a later upgrade could fail half-way.
        """
        async with AsyncExitStack() as exits:
            if self._turns is not None:
                await exits.enter_async_context(self._turns.turn())
            conn = await exits.enter_async_context(self.engine.connect())
            if self.dialect == "sqlite":
                await conn.execution_options(ticketing_write=True)
            try:
                async with conn.begin():
                    yield conn
            except Exception as error:
                if self.dialect == "mysql" and error_number(error) in _FAILOVER:
                    # The next try has a connection of its own: the name of the writer may lead elsewhere by then.
                    await conn.invalidate()
                raise

    async def transact(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run `work` in a transaction; run it again, with jitter, after deadlocks and fail-over errors.

        `work` must have no effect outside the transaction. Raises DatabaseAway after the last attempt.
        """
        for attempt in range(1, self._attempts + 1):
            try:
                async with self.write() as conn:
                    return await work(conn)
            except Exception as error:
                if not is_transient(error):
                    raise
                if error_number(error) in _FAILOVER:
                    await self._drop_connections()
                if attempt == self._attempts:
                    raise DatabaseAway(str(error)) from error
                delay = self._first_delay * 2 ** (attempt - 1)
                await asyncio.sleep(delay * (0.5 + random.random()))  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable")

    async def _drop_connections(self) -> None:
        """Idle connections to a demoted writer would answer every write with "read only" as well: drop them all.

        Once a second at most: while the writer stays away, every transaction in hand comes here at each try, and a
        storm of new connections would keep reads waiting that the server could still answer.
        """
        now = time.monotonic()
        if now - self._dropped_at >= _DROP_SECONDS:
            self._dropped_at = now
            await self.engine.dispose()

    async def fetch(self, statement: Any, parameters: Any = None) -> list[Any]:
        """All rows of one SELECT, on a connection of its own."""
        async with self.read() as conn:
            return list((await conn.execute(statement, parameters or {})).all())

    def insert_ignore(self, table: Table) -> Insert:
        """INSERT that quietly leaves out rows whose key exists; `rowcount` says how many went in."""
        if self.dialect == "sqlite":
            return sqlite_insert(table).on_conflict_do_nothing()
        return mysql_insert(table).prefix_with("IGNORE")

    async def assert_isolation(self) -> None:
        """Check on a live session that MySQL runs READ COMMITTED. Raises WrongIsolation.

        Under REPEATABLE READ a locked re-check reads an old snapshot, and the last seat sells twice.
        """
        if self.dialect == "sqlite":
            return
        async with self.read() as conn:
            rows = (await conn.execute(text("SHOW VARIABLES LIKE '%isolation'"))).all()
            levels = {value for name, value in rows if name in ("transaction_isolation", "tx_isolation")}
        if levels != {"READ-COMMITTED"}:
            raise WrongIsolation(f"sessions run at {sorted(levels)}, not READ-COMMITTED")

    async def ping(self) -> None:
        """One round trip. Raises DatabaseAway."""
        async with self.read() as conn:
            await conn.execute(text("SELECT 1"))

    async def time_ms(self) -> int:
        """What the database's clock says, milliseconds since the epoch; SQLite has none but this machine's.

        Raises DatabaseAway.
        """
        async with self.read() as conn:
            return await self.time_in(conn)

    async def time_in(self, conn: AsyncConnection) -> int:
        """The same, on a connection that one has."""
        return int((await conn.execute(_TIME[self.dialect])).scalar_one())

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
        if self._turns is not None:
            self._turns.close()


def _sqlite_engine(url: URL, timeout: float) -> AsyncEngine:
    engine = create_async_engine(
        url, connect_args={"timeout": timeout}, pool_size=8, max_overflow=8, hide_parameters=True
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _pragmas(dbapi_connection: Any, _record: Any) -> None:
        # We say BEGIN ourselves: the driver's own would start a deferred transaction.
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"wal_autocheckpoint={_LOG_PAGES}",
            f"busy_timeout={int(timeout * 1000)}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(conn: Any) -> None:
        immediate = conn.get_execution_options().get("ticketing_write", False)
        conn.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _mysql_engine(url: URL, timeout: float, answer_timeout: float, pool_size: int) -> AsyncEngine:
    engine = create_async_engine(
        url.update_query_dict({"charset": "utf8mb4"}),
        isolation_level="READ COMMITTED",
        hide_parameters=True,  # errors go into logs, and parameters hold people's data
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=timeout,
        pool_pre_ping=True,
        pool_recycle=900,
        connect_args={"connect_timeout": int(timeout) or 1, "read_timeout": answer_timeout},
    )

    @event.listens_for(engine.sync_engine, "do_connect")
    def _connect(dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
        try:
            return dialect.connect(*arguments, **options)
        except (dialect.dbapi.Error, OSError, TimeoutError):
            raise
        except Exception as error:
            # The driver trips over a server that hangs up in the middle of its greeting. Nothing has been asked of it
            # yet, whatever went wrong: this is a server that is not there.
            raise ConnectionResetError(f"no connection: {type(error).__name__}: {error}") from error

    @event.listens_for(engine.sync_engine, "connect")
    def _session(dbapi_connection: Any, _record: Any) -> None:
        cursor = dbapi_connection.cursor()
        cursor.execute("SET time_zone = '+00:00', innodb_lock_wait_timeout = 5, sql_mode = 'TRADITIONAL'")
        cursor.close()

    return engine


def connect_database(url: str, *, timeout: float = 5.0, answer_timeout: float = 15.0, pool_size: int = 8) -> Database:
    """A Database for `sqlite+aiosqlite:///…` or `mysql+asyncmy://…`.

    Args:
        url: SQLAlchemy URL.
        timeout: seconds to wait for a connection or a lock.
        answer_timeout: seconds after which a server that does not answer a statement counts as lost (servers only).
        pool_size: connections per process (servers only).

    Raises:
        ValueError: for another kind of database.
    """
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        file = parsed.database
        turns = WriteTurns(f"{file}-turn", timeout) if file and file != ":memory:" else None
        return Database(_sqlite_engine(parsed, timeout), turns=turns)
    if backend in ("mysql", "mariadb"):
        return Database(_mysql_engine(parsed, timeout, answer_timeout, pool_size))
    raise ValueError(f"unsupported database {backend!r}: use sqlite+aiosqlite:/// or mysql+asyncmy://")
