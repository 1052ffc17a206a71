"""Fetch one round of a public beacon. It is promised before the draw, so there is no doing without it afterwards."""

from __future__ import annotations

from typing import Protocol

import httpx
import msgspec
import structlog

from ticketing.waiting.beacon import BEACONS, Beacon

log = structlog.get_logger(__name__)

_MAX_ANSWER = 16_384


class BeaconAway(Exception):
    """The round could not be had; it may be asked for again."""


class Beacons(Protocol):
    """Where rounds come from."""

    async def fetch(self, source: str, round_: int) -> Beacon:
        """One round. Raises BeaconAway."""
        ...


class _Answer(msgspec.Struct):
    round: int
    randomness: str


_decode = msgspec.json.Decoder(_Answer).decode


class HttpBeacons:
    """Asks the source's own address, within a bound; the leader asks again at its next tick.

    Args:
        address: another relay, with `{round}` in it.
        timeout: seconds for one answer.
    """

    def __init__(self, address: str | None = None, *, timeout: float = 2.0) -> None:
        self._address = address
        self._client = httpx.AsyncClient(timeout=timeout, follow_redirects=False)

    async def fetch(self, source: str, round_: int) -> Beacon:
        """See `Beacons`."""
        url = (self._address or BEACONS[source].url).format(round=round_)
        try:
            answer = await self._client.get(url)
            if answer.status_code != 200 or len(answer.content) > _MAX_ANSWER:
                raise BeaconAway(f"{source} answered {answer.status_code} for round {round_}")
            found = _decode(answer.content)
            value = bytes.fromhex(found.randomness)
        except (httpx.HTTPError, msgspec.DecodeError, ValueError) as error:
            raise BeaconAway(f"{source}: {error!r}"[:200]) from error
        if found.round != round_ or len(value) != 32:
            raise BeaconAway(f"{source} answered with another round than {round_}")
        return Beacon(source, round_, value)

    async def aclose(self) -> None:
        """Close connections."""
        await self._client.aclose()
