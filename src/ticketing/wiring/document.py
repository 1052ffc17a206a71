"""The OpenAPI document without a running system."""

from __future__ import annotations

import asyncio
import tempfile
from typing import Any

from ticketing.base.openapi import complete
from ticketing.settings import Settings
from ticketing.wiring.app import create_app
from ticketing.wiring.parts import open_parts


def openapi_document() -> dict[str, Any]:
    """OpenAPI 3.1 of the API process; parts are made but nothing is contacted."""

    async def make() -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(
                database_url=f"sqlite+aiosqlite:///{folder}/none.sqlite3",
                valkey_url=f"unix://{folder}/none.sock",
                queue_url=f"unix://{folder}/none.sock",
                signing_keys={"none": bytes(32)},
                ticket_seed=bytes(32),
                blobs_url=f"file://{folder}",
                mail_url=f"mailbox://{folder}",
                payment_url="http://127.0.0.1:9",
                payment_secret="not-a-secret-at-all",  # noqa: S106 - signs nothing
                public_url="http://localhost",
            )
            async with open_parts(settings) as parts:
                return complete(create_app(parts))

    return asyncio.run(make())
