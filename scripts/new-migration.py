"""Write a migration from the difference between the newest schema and the tables: new-migration.py "message" NUMBER."""

import asyncio
import sys
import tempfile

from alembic import command

from ticketing.base.db import connect_database
from ticketing.wiring.migrate import config_for, migrate


async def main(message: str, revision: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        db = connect_database(f"sqlite+aiosqlite:///{folder}/schema.sqlite3")
        await migrate(db)
        async with db.engine.connect() as conn:
            await conn.run_sync(
                lambda sync: command.revision(config_for(sync), message, autogenerate=True, rev_id=revision)
            )
        await db.close()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    asyncio.run(main(sys.argv[1], sys.argv[2]))
