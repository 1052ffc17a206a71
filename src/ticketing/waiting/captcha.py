"""Asking somebody else whether a person is there: nobody, or a service with a `siteverify` call.

Turnstile, hCaptcha and reCAPTCHA answer the same question in the same shape. What such a service can do wrong ends in
one named choice, `on_outage`: refuse for the moment ("closed", the default) or let in ("open"). A clear "no" is a no
in both, and so is what a visitor may have brought about by sending something odd.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from dataclasses import dataclass, field
from typing import Literal, Protocol

import httpx
import msgspec
import structlog

from ticketing.base.errors import Forbidden, Unavailable

log = structlog.get_logger(__name__)

Kind = Literal["turnstile", "hcaptcha", "recaptcha"]

ADDRESSES: dict[Kind, str] = {
    "turnstile": "https://challenges.cloudflare.com/turnstile/v0/siteverify",
    "hcaptcha": "https://api.hcaptcha.com/siteverify",
    "recaptcha": "https://www.google.com/recaptcha/api/siteverify",
}

_ORIGINS: dict[str, tuple[str, ...]] = {
    "turnstile": ("https://challenges.cloudflare.com",),
    "hcaptcha": ("https://hcaptcha.com", "https://*.hcaptcha.com"),
    "recaptcha": ("https://www.google.com", "https://www.gstatic.com"),
}


def captcha_origins(kind: str | None) -> tuple[str, ...]:
    """From where a page must be allowed to load the widget; nowhere without one."""
    return _ORIGINS.get(kind or "", ())


# What their tokens are made of; nothing that a firewall in front of them could take offence at.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=:-]{1,8192}", re.ASCII)
_MAX_ANSWER = 16_384
_CONNECTIONS = 64
_RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})

# What these services say when the fault is not the visitor's: ours (a wrong secret) or their own.
_NOT_THE_VISITOR = frozenset(
    {
        "missing-input-secret",
        "invalid-input-secret",
        "sitekey-secret-mismatch",
        "not-using-dummy-passcode",
        "internal-error",
    }
)


class Captcha(Protocol):
    """Whether a person is there."""

    @property
    def widget(self) -> dict[str, str] | None:
        """What a page needs to show it, `{"kind", "site_key"}`; None when nothing is asked."""
        ...

    async def check(self, token: str | None, address: str | None) -> None:
        """Return when a person is there, or nobody asks.

        Args:
            token: what the page's widget gave.
            address: the visitor's network address, passed on to the service.

        Raises:
            Forbidden: `captcha_failed`.
            Unavailable: nobody knows at the moment.
        """
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


class NoCaptcha:
    """Asks nothing."""

    widget: dict[str, str] | None = None

    async def check(self, token: str | None, address: str | None) -> None:
        """Return."""

    async def aclose(self) -> None:
        """Nothing to close."""


class _Verdict(msgspec.Struct, rename={"error_codes": "error-codes"}):
    """What all three answer; further members are theirs."""

    success: bool
    error_codes: list[str] = []
    hostname: str | None = None
    action: str | None = None
    score: float | None = None


_decode = msgspec.json.Decoder(_Verdict).decode


class _Outage(Exception):
    """No verdict; `why` says it without secrets, `provoked` whether the visitor may have brought it about."""

    def __init__(self, why: str, *, provoked: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.provoked = provoked


class _WorthRepeatingError(_Outage):
    """No verdict this time; the next may bring one."""


@dataclass(frozen=True, slots=True)
class CaptchaSite:
    """One site at one service.

    Attributes:
        site_key: public, the page shows it. secret: ours.
        hostnames: where the widget may have been solved, such as `tickets.example`; at least one: a token that was
            solved on another page is somebody else's.
        action: what the widget was labelled with; None when it was not. hCaptcha has no labels.
        address: of the verifying call; None for the service's own.
        on_outage: "closed" refuses while no verdict can be had, "open" lets in.
        least_score: for answers with a score (reCAPTCHA v3), 0 to 1.
        attempt_s, total_s: bounds of one attempt and of the whole, in seconds.
    """

    kind: Kind
    site_key: str
    secret: str = field(repr=False)
    hostnames: frozenset[str]
    action: str | None = None
    address: str | None = None
    on_outage: Literal["closed", "open"] = "closed"
    least_score: float = 0.5
    attempt_s: float = 2.0
    total_s: float = 4.0
    retry_wait_s: float = 0.2

    def __post_init__(self) -> None:
        """Raises ValueError for a site that would let anybody in, or nobody."""
        if self.kind not in ADDRESSES:
            raise ValueError(f"{self.kind!r} is none of {', '.join(ADDRESSES)}")
        if self.on_outage not in ("closed", "open"):
            raise ValueError(f"on_outage is {self.on_outage!r}, neither closed nor open")
        if not self.site_key or not self.secret:
            raise ValueError("a CAPTCHA needs its site key and its secret")
        if not self.hostnames or not all(self.hostnames):
            raise ValueError("name the hostnames that show the CAPTCHA: without them tokens of any site are good")
        if self.action is not None and self.kind == "hcaptcha":
            raise ValueError("hCaptcha tells no action: it cannot be checked")


class SiteVerify:
    """Asks a service. One per process.

    Args:
        trust_env: whether the environment's proxies are used.
    """

    def __init__(self, site: CaptchaSite, *, trust_env: bool = True) -> None:
        self._site = site
        self._address = site.address or ADDRESSES[site.kind]
        self._client = httpx.AsyncClient(
            # `identity`: a packed answer could grow without bound while it is unpacked.
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(site.attempt_s),
            limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
            follow_redirects=False,
            trust_env=trust_env,
        )

    @property
    def widget(self) -> dict[str, str]:
        """What a page needs to show it."""
        return {"kind": self._site.kind, "site_key": self._site.site_key}

    async def aclose(self) -> None:
        """Close connections."""
        await self._client.aclose()

    async def check(self, token: str | None, address: str | None) -> None:
        """Ask, once more if that may help. Raises as `Captcha.check`."""
        if not token or not _TOKEN.fullmatch(token):
            raise _failed()
        try:
            async with asyncio.timeout(self._site.total_s):
                verdict = await self._ask_twice(token, address)
        except TimeoutError:
            return self._without_verdict(_Outage(f"no answer within {self._site.total_s:g} s"))
        except _Outage as outage:
            return self._without_verdict(outage)
        self._judge(verdict)
        return None

    def _judge(self, verdict: _Verdict) -> None:
        site = self._site
        amiss = None
        if not verdict.success:
            amiss = f"refused: {', '.join(verdict.error_codes)[:200] or 'no reason'}"
        elif verdict.hostname not in site.hostnames:
            amiss = f"solved at {str(verdict.hostname)[:100]!r}"
        elif site.action is not None and verdict.action != site.action:
            amiss = f"solved for {str(verdict.action)[:100]!r}"
        elif site.kind == "recaptcha" and verdict.score is not None and not verdict.score >= site.least_score:
            amiss = f"score {verdict.score}"
        if amiss is not None:
            log.info("captcha_failed", kind=site.kind, why=amiss)
            raise _failed()

    def _without_verdict(self, outage: _Outage) -> None:
        log.error("captcha_away", kind=self._site.kind, why=outage.why, on_outage=self._site.on_outage)
        if outage.provoked or self._site.on_outage == "closed":
            raise Unavailable("The check that you are a person is not answering. Try again in a moment.", retry_after=5)

    async def _ask_twice(self, token: str, address: str | None) -> _Verdict:
        form = {"secret": self._site.secret, "response": token}
        if address:
            form["remoteip"] = address
        if self._site.kind == "turnstile":
            # A token is good once. With this, asking again after a lost answer repeats that answer.
            form["idempotency_key"] = str(uuid.uuid4())
        try:
            return await self._ask(form)
        except _WorthRepeatingError as error:
            log.warning("captcha_asked_again", kind=self._site.kind, why=str(error))
        await asyncio.sleep(self._site.retry_wait_s)
        return await self._ask(form)

    async def _ask(self, form: dict[str, str]) -> _Verdict:
        try:
            async with (
                asyncio.timeout(self._site.attempt_s),
                self._client.stream("POST", self._address, data=form) as response,
            ):
                status = response.status_code
                body = await _bounded(response)
        except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout):
            # Not repeated: a silent service would only make the visitor wait twice.
            raise _Outage(f"no answer within {self._site.attempt_s:g} s") from None
        except httpx.TransportError as error:  # refused, reset, cut short
            raise _WorthRepeatingError(type(error).__name__) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise _Outage(type(error).__name__) from None
        return _read(status, body)


def _read(status: int, body: bytes) -> _Verdict:
    if status in _RETRIED_STATUSES:
        raise _WorthRepeatingError(f"status {status}")
    provoked = 400 <= status < 500
    if status not in (200, 400):
        raise _Outage(f"status {status}", provoked=provoked)
    try:
        verdict = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise _Outage(f"status {status} with an answer that cannot be read", provoked=provoked) from None
    if verdict.success and (status != 200 or verdict.error_codes):
        raise _Outage(f"yes and no at once, with status {status}", provoked=provoked)
    faults = _NOT_THE_VISITOR.intersection(verdict.error_codes)
    if faults:
        raise _Outage(f"the service says {', '.join(sorted(faults))}")
    return verdict


async def _bounded(response: httpx.Response) -> bytes:
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > _MAX_ANSWER:
            raise _Outage(f"an answer of more than {_MAX_ANSWER} bytes")
    return bytes(body)


def _failed() -> Forbidden:
    return Forbidden("The check that you are a person did not succeed. Try it once more.", code="captcha_failed")
