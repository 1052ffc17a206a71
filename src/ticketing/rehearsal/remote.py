"""What a rehearsal asks of a site before it begins: which event, when, where, and accounts where there are none."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

_SIGN_UP_TRIES = 5


class CannotRehearse(Exception):
    """The site, the event or the accounts are not what a rehearsal needs; the message says what to do."""


class Remote:
    """A site by its address, over plain HTTP.

    Raises:
        CannotRehearse: an address that cannot be used.
    """

    def __init__(self, url: str) -> None:
        parsed = urlsplit(url.rstrip("/"))
        if parsed.scheme != "http" or not parsed.hostname or parsed.path:
            raise CannotRehearse(
                f"{url}: give an address such as http://host:port. The generator speaks plain HTTP: for a site with "
                "TLS, rehearse against the HTTP port of an instance or of the load balancer."
            )
        self.url = url.rstrip("/")
        self.host = parsed.netloc
        self.target = (parsed.hostname, parsed.port or 80)

    def _get(self, path: str) -> httpx.Response:
        try:
            answer = httpx.get(self.url + path, timeout=20)
        except httpx.HTTPError as error:
            raise CannotRehearse(f"{self.url} does not answer: {error}. Is it running?") from None
        if answer.status_code != 200:
            raise CannotRehearse(f"{self.url}{path} answered {answer.status_code}: {answer.text[:200]}")
        return answer

    def event(self, event_id: str | None) -> dict[str, Any]:
        """An event by its id, or the next one that is or goes on sale."""
        if event_id is not None:
            found: dict[str, Any] = self._get(f"/api/events/{event_id}").json()
            return self._joinable(found)
        listed: list[dict[str, Any]] = self._get("/api/events").json()["events"]
        open_ones = [event for event in listed if event["status"] in ("announced", "on_sale")]
        if not open_ones:
            raise CannotRehearse(f"{self.url} has no event that is or goes on sale: create one, or name --event")
        return self._joinable(min(open_ones, key=lambda event: str(event["on_sale_at"])))

    def _joinable(self, event: dict[str, Any]) -> dict[str, Any]:
        bits = self._get(f"/api/events/{event['id']}/queue/about").json()["work_bits"] if event["waiting_room"] else 0
        if bits:
            raise CannotRehearse(
                f"{event['id']}: a place in its line costs {bits} bits of work, a second of a phone; a generator "
                "cannot pay that for thousands. Set the line's work to 0 for the rehearsal (`work_bits` among the "
                "line's controls, or TICKETING_LINE_WORK_BITS=0 for new lines), and back afterwards."
            )
        return event

    def opens_at(self, event_id: str) -> float:
        """T-0 by this machine's monotonic clock, the site's clock being right."""
        answer = self._get(f"/api/events/{event_id}").json()
        opens, server = (datetime.fromisoformat(answer[name]) for name in ("on_sale_at", "server_time"))
        return time.monotonic() + (opens - server).total_seconds()

    def plan(self, event_id: str) -> bytes:
        """The seat plan document."""
        return self._get(f"/api/events/{event_id}/plan").content

    def sign_up(self, count: int, per_second: float, into: Path, tell: Callable[[int], None]) -> None:
        """Make accounts at a bounded rate and write them down, with what they sign in with."""
        started = time.monotonic()
        with httpx.Client(base_url=self.url, timeout=30) as client, into.open("w", encoding="utf-8") as file:
            for n in range(count):
                account = {"email": f"fan-{secrets.token_hex(8)}@rehearsal.example", "password": secrets.token_hex(12)}
                self._sign_up(client, account)
                file.write(json.dumps(account) + "\n")
                if (n + 1) % 100 == 0:
                    tell(n + 1)
                time.sleep(max(0.0, started + (n + 1) / per_second - time.monotonic()))

    def _sign_up(self, client: httpx.Client, account: dict[str, str]) -> None:
        for attempt in range(_SIGN_UP_TRIES):
            try:
                answer = client.post("/api/accounts", json=account | {"name": "Simulated fan"})
            except httpx.HTTPError as error:
                raise CannotRehearse(f"{self.url} does not take sign-ups: {error}") from None
            if answer.status_code == 201:
                return
            if answer.status_code not in (429, 503) or attempt == _SIGN_UP_TRIES - 1:
                raise CannotRehearse(
                    f"a sign-up was answered {answer.status_code}: {answer.text[:200]} "
                    "Sign up more slowly (--sign-up), or bring accounts (--accounts)."
                )
            time.sleep(float(answer.headers.get("retry-after", "1")))

    @staticmethod
    def check_accounts(path: Path, fans: int) -> None:
        """That the file has an account for everybody."""
        try:
            with path.open(encoding="utf-8") as file:
                lines = [json.loads(line) for line in file if line.strip()]
        except (OSError, ValueError) as error:
            raise CannotRehearse(f"{path} cannot be read as JSON lines: {error}") from None
        bad = [n for n, line in enumerate(lines, 1) if not ("token" in line or {"email", "password"} <= set(line))]
        if bad:
            raise CannotRehearse(f'{path}, line {bad[0]}: neither "token" nor "email" and "password"')
        if len(lines) < fans:
            raise CannotRehearse(f"{path} has {len(lines):,} accounts for {fans:,} fans: add some, or lower --fans")
