"""What a rehearsal asks of a site before it begins: which event, when, where, and accounts where there are none."""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

_SIGN_UP_TRIES = 5
_CONNECT_SECONDS = 5.0


class CannotRehearse(Exception):
    """The site, the event or the accounts are not what a rehearsal needs; the message says what to do."""


class Remote:
    """A site by its address, over plain HTTP. Its name is looked up here, once: no fan may wait for that.

    Attributes:
        url: as given. host: what the Host header says.
        target: where connections go: an address in numbers, and a port.

    Raises:
        CannotRehearse: an address that cannot be used, or where nobody answers.
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = urlsplit(url.rstrip("/"))
            name, port = parsed.hostname, parsed.port
        except ValueError as error:
            raise CannotRehearse(f"{url}: {error}: give an address such as http://host:port") from None
        rest = parsed.path or parsed.query or parsed.fragment or parsed.username is not None
        if parsed.scheme != "http" or not name or rest:
            raise CannotRehearse(
                f"{url}: give an address such as http://host:port. The generator speaks plain HTTP: for a site with "
                "TLS, rehearse against the HTTP port of an instance or of the load balancer."
            )
        self.url = url.rstrip("/")
        self.host = parsed.netloc
        self.target = self._reached(name, 80 if port is None else port)

    def _reached(self, name: str, port: int) -> tuple[str, int]:
        """The first address of a name that takes connections."""
        try:
            found = {str(address[0]) for *_, address in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)}
        except (OSError, UnicodeError) as error:
            raise CannotRehearse(f"{self.url} cannot be found: {error}. Is the name right?") from None
        why: OSError | None = None
        for address in in_order(found):
            try:
                socket.create_connection((address, port), _CONNECT_SECONDS).close()
            except OSError as error:
                why = error
            else:
                return address, port
        raise CannotRehearse(f"{self.url} does not answer: {why}. Is it running?")

    @contextlib.contextmanager
    def _understood(self) -> Iterator[None]:
        """Around reading what the site says: another kind of site says something else."""
        try:
            yield
        except (KeyError, TypeError, ValueError) as error:
            raise CannotRehearse(
                f"{self.url} does not answer as this platform's API does ({type(error).__name__}: {error}): "
                "give the address of its API"
            ) from None

    def _get(self, path: str) -> httpx.Response:
        try:
            answer = httpx.get(self.url + path, timeout=20)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CannotRehearse(f"{self.url} does not answer: {error}. Is it running?") from None
        if answer.status_code != 200:
            raise CannotRehearse(f"{self.url}{path} answered {answer.status_code}: {answer.text[:200]}")
        return answer

    def event(self, event_id: str | None) -> dict[str, Any]:
        """An event by its id, or the next one that is or goes on sale."""
        with self._understood():
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

    def free(self, event_id: str) -> int:
        """How many seats can be bought now. Raises CannotRehearse where there is none."""
        with self._understood():
            free = int(self._get(f"/api/events/{event_id}/availability").json()["free"])
        if free == 0:
            raise CannotRehearse(
                f"{event_id} is sold out before the rehearsal begins: all its seats are sold, held or being paid. "
                "Name another --event."
            )
        return free

    def opens_at(self, event_id: str) -> float:
        """T-0 by this machine's monotonic clock, the site's clock being right."""
        with self._understood():
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
            told = answer.headers.get("retry-after", "")
            time.sleep(float(told) if told.isdigit() else 1.0)


def in_order(addresses: Iterable[str]) -> list[str]:
    """IPv4 before IPv6: of the addresses of this machine, only 127.0.0.1 has others beside it from which a crowd can
    come, see `open_socket`.
    """
    return sorted(addresses, key=lambda address: (":" in address, address))


def take_accounts(path: Path, fans: int, into: Path) -> None:
    """Read a file of accounts, and write one for each fan as generators read them: a line each, and nothing else.

    Raises:
        CannotRehearse: for the first line that is no account, and where there are too few.
    """
    accounts = []
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    accounts.append(_account(line, f"{path}, line {number}"))
    except (OSError, UnicodeError) as error:
        raise CannotRehearse(f"--accounts {path} cannot be read: {error}") from None
    if len(accounts) < fans:
        raise CannotRehearse(f"{path} has {len(accounts):,} accounts for {fans:,} fans: add some, or lower --fans")
    into.write_text("".join(json.dumps(account) + "\n" for account in accounts[:fans]), encoding="utf-8")


def _account(line: str, where: str) -> dict[str, str]:
    try:
        given = json.loads(line)
    except ValueError as error:
        raise CannotRehearse(f"{where}: no JSON: {error}") from None
    for names in (("token",), ("email", "password")) if isinstance(given, dict) else ():
        found = {name: value for name in names if _is_text(value := given.get(name))}
        if len(found) == len(names):
            return found
    raise CannotRehearse(f'{where}: give an object with "token", or with "email" and "password", as strings')


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != "" and value.isprintable()
