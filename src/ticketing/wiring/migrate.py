"""Bring a database to the newest schema, once, however many processes try at the same time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base.db import Database

_LOCK = "ticketing-migrate"
_LOCK_SECONDS = 120
_ASK_SECONDS = 5  # well below what a connection waits for an answer

ANSWER_TIMEOUT = 3600.0
"""What to connect with: a statement that rebuilds a large table may take long."""


class MigrationLocked(Exception):
    """Another process has been migrating for longer than we wait."""


def scripts() -> Path:
    """The folder of the migration scripts: inside an installed package, or beside `src` in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parents[1] / "migrations"


def config_for(connection: Connection | None = None) -> Config:
    """Alembic's configuration over our scripts, working on a given connection."""
    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def newest() -> str | None:
    """The revision that the scripts lead to."""
    return ScriptDirectory.from_config(config_for()).get_current_head()


async def migrate(db: Database, *, lock_seconds: int = _LOCK_SECONDS) -> tuple[str | None, str | None]:
    """Upgrade to the newest revision; gives the revisions before and after.

    On MySQL a named lock of the server makes others wait: its DDL cannot be rolled back, so two migrations at once
    would leave a half-made schema. SQLite serialises by its write lock.

    Raises:
        MigrationLocked: another process did not finish within `lock_seconds`.
        DatabaseAway: not reachable.
    """
    await db.ping()
    async with db.engine.connect() as conn:
        if db.dialect == "sqlite":
            await conn.execution_options(ticketing_write=True)
        else:
            await _lock(conn, lock_seconds)
        try:
            before = await conn.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
            await conn.run_sync(lambda sync: command.upgrade(config_for(sync), "head"))
            await conn.commit()
            after = await conn.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
        finally:
            if db.dialect == "mysql":
                await conn.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": _LOCK})
    return before, after


async def _lock(conn: AsyncConnection, seconds: int) -> None:
    for waited in range(0, max(seconds, 1), _ASK_SECONDS):
        wait = min(_ASK_SECONDS, seconds - waited)
        got = await conn.execute(text("SELECT GET_LOCK(:name, :wait)"), {"name": _LOCK, "wait": wait})
        await conn.commit()
        if got.scalar_one() == 1:
            return
    raise MigrationLocked("another process is migrating this database; try again later")
