"""ticketing migrate, ticketing openapi."""

from __future__ import annotations

from ticketing.base.db import connect_database
from ticketing.cli.console import AsJson, app, fail, out, print_json, run, settings_or_exit
from ticketing.wiring.document import openapi_document
from ticketing.wiring.migrate import ANSWER_TIMEOUT, MigrationLocked, newest
from ticketing.wiring.migrate import migrate as migrate_database


@app.command()
def migrate(as_json: AsJson = False) -> None:
    """Bring the database to the newest schema. Safe to run from many machines at once."""
    settings = settings_or_exit()

    async def work() -> tuple[str | None, str | None]:
        db = connect_database(settings.database_url, answer_timeout=ANSWER_TIMEOUT)
        try:
            return await migrate_database(db)
        finally:
            await db.close()

    try:
        before, after = run(work)
    except MigrationLocked as error:
        raise fail(str(error)) from None
    if as_json:
        print_json({"before": before, "after": after, "newest": newest()})
    else:
        out.print(f"schema {after} (was {before or 'empty'})")


@app.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document."""
    print_json(openapi_document())
