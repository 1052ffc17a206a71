"""ticketing set-role: who works at the gate, who promotes, who operates."""

from __future__ import annotations

from typing import Annotated

import typer

from ticketing.accounts.model import Role
from ticketing.accounts.set_role import set_role
from ticketing.base.clock import SystemClock
from ticketing.base.db import connect_database
from ticketing.cli.console import app, out, run, settings_or_exit


@app.command("set-role")
def set_role_command(
    email: Annotated[str, typer.Argument(help="E-mail of an account that exists.")],
    role: Annotated[Role, typer.Argument(help="What the account may do.")],
) -> None:
    """Give an account a role. Its sessions end, so that the old role ends with them."""
    settings = settings_or_exit()

    async def work() -> int:
        db = connect_database(settings.database_url)
        try:
            return await set_role(db, SystemClock(), email=email, role=role)
        finally:
            await db.close()

    ended = run(work)
    out.print(f"{email} is now {role.value}; {ended} sessions ended")
