"""Watches a browser context for what nobody should have to look for: errors, policy breaches, foreign addresses."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Request, WebError

_STATUS = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")
_OWN_SCHEMES = {"data", "blob", "about", "chrome-error"}


class Watch:
    """Collects everything amiss in all pages of a context.

    The browser itself writes a console error for each answer from 400 on: those that a test provokes are named with
    `allow`. A breach of the content security policy is a console error too, and so is a failed connection.
    """

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.problems: list[str] = []
        self._origin = origin
        self._allowed: set[int] = set()
        context.on("console", self._console)
        context.on("weberror", self._failed)
        context.on("request", self._request)

    def allow(self, *statuses: int) -> None:
        """From now on answers with these statuses are part of the test."""
        self._allowed.update(statuses)

    def _console(self, message: ConsoleMessage) -> None:
        status = _STATUS.search(message.text)
        if message.type not in ("error", "warning") or (status and int(status[1]) in self._allowed):
            return
        self.problems.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _failed(self, error: WebError) -> None:
        self.problems.append(f"uncaught: {error.error}")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in _OWN_SCHEMES and f"{address.scheme}://{address.netloc}" != self._origin:
            self.problems.append(f"asked elsewhere: {request.url}")

    async def has_problems(self) -> bool:
        """Whether anything was amiss so far."""
        return bool(self.problems)

    def check(self) -> None:
        """Fail if anything was amiss."""
        assert not self.problems, "\n".join(self.problems)
