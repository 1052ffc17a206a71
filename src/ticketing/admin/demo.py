"""Routes that exist only in the demo: who can sign in, test cards, and the mailbox."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from litestar import Response, get
from litestar.types import ControllerRouterHandler

from ticketing.base.clock import rfc3339
from ticketing.base.web import json_response
from ticketing.notices.mailbox import list_messages
from ticketing.payments.sandbox.behaviour import BEHAVIOURS

TEST_CARDS = [{"token": token, "what": {"ko": card.ko, "en": card.en}} for token, card in BEHAVIOURS.items()]


def routes(folder: Path) -> list[ControllerRouterHandler]:
    """Route handlers of the demo.

    Args:
        folder: holds `accounts.json` and `mail/`.
    """

    @get("/api/demo", include_in_schema=False, opt={"public": True})
    async def demo_route() -> Response[bytes]:
        accounts: list[dict[str, Any]] = json.loads(
            await asyncio.to_thread((folder / "accounts.json").read_text, "utf-8")
        )
        return json_response({"accounts": accounts, "payment_tokens": TEST_CARDS})

    @get("/api/mailbox", include_in_schema=False, opt={"public": True})
    async def mailbox_route() -> Response[bytes]:
        mails = await asyncio.to_thread(list_messages, folder / "mail", 50)
        return json_response(
            {
                "messages": [
                    {"id": mail.id, "to": mail.to, "subject": mail.subject, "at": rfc3339(mail.at), "text": mail.text}
                    for mail in mails
                ]
            }
        )

    return [demo_route, mailbox_route]
