"""Settings: read once from the environment, checked at start, no default for a secret.

Every variable is `TICKETING_…`; a variable `TICKETING_X_FILE` names a file that holds the value of `TICKETING_X`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


class InvalidSettings(Exception):
    """The environment cannot be run with; the message lists every problem."""


@dataclass(frozen=True)
class Settings:
    """Everything that differs between installations. Times in seconds.

    Attributes:
        database_url: `sqlite+aiosqlite:///…` or `mysql+asyncmy://…`.
        valkey_url: `unix://…`, `redis://…` or `rediss://…`: holds, caches, limits.
        queue_url: an SQS queue URL (`https://…`), or the URL of a Valkey server.
        queue_dead_url: the SQS dead-letter queue URL.
        signing_keys: key id → secret; the first one signs, all verify.
        ticket_seed: 32 bytes of the Ed25519 key that signs tickets.
        ticket_public_keys: further public keys that the gate accepts.
        blobs_url: `file:///…` or `s3://bucket`.
        mail_url: `mailbox:///folder` or `smtp(s)://user:password@host:port`.
        payment_url, payment_secret: the sandbox provider.
        public_url: address of the site as people see it.
        address_burst: sign-ups and sign-ins that one network address may make at once.
        web_folder: built web pages to serve; None where a CDN does.
        status_url: where the waiting lines' public status goes, `file:///…` or `s3://bucket`; None: to `blobs_url`.
        line_cap, line_rate, line_lobby_minutes, line_work_bits: what a new waiting line begins with: people inside at
            once, people let in per minute, how long before the on-sale it can be joined, bits of work before a place.
        line_idle_seconds, line_hard_seconds: how long a visit lasts without a sign of life, and in all.
        line_beacon: public source of randomness that new lines promise to use in their draws.
        request_log: whether each request is a line in the log.
        disk_reserve_mb: what is kept for a full disk beside an embedded database; 0: nothing.
        alerts_url: where staff hear of trouble, the ARN of an SNS topic or `mailto:address`; None: only the log.
        captcha_kind, captcha_site_key, captcha_secret: a CAPTCHA before a place (turnstile, hcaptcha, recaptcha).
    """

    database_url: str
    valkey_url: str
    queue_url: str
    signing_keys: Mapping[str, bytes] = field(repr=False)
    ticket_seed: bytes = field(repr=False)
    blobs_url: str
    mail_url: str = field(repr=False)
    payment_url: str
    payment_secret: str = field(repr=False)
    public_url: str
    queue_dead_url: str | None = None
    ticket_public_keys: tuple[bytes, ...] = ()
    mail_sender: str = "tickets@localhost.localdomain"
    web_folder: Path | None = None
    aws_region: str = "ap-northeast-2"
    aws_endpoint: str | None = None
    hold_seconds: int = 420
    payment_window_seconds: int = 900
    queue_visibility_seconds: int = 30
    outbox_lease_seconds: int = 60
    session_seconds: int = 12 * 3600
    address_burst: int = 3000
    database_pool: int = 8
    demo_folder: Path | None = None
    crash_point: str | None = None
    status_url: str | None = None
    line_cap: int = 2000
    line_rate: int = 6000
    line_lobby_minutes: int = 60
    line_work_bits: int = 18
    line_idle_seconds: int = 120
    line_hard_seconds: int = 900
    line_beacon: str | None = None
    alerts_url: str | None = None
    request_log: bool = True
    disk_reserve_mb: int = 32
    captcha_kind: str | None = None
    captcha_site_key: str | None = None
    captcha_secret: str | None = field(default=None, repr=False)


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        key = f"TICKETING_{name}"
        value = self._environ.get(key)
        file = self._environ.get(f"{key}_FILE")
        if value is None and file:
            try:
                value = Path(file).read_text(encoding="utf-8").strip()
            except OSError as error:
                self.problems.append(f"{key}_FILE: cannot read {file}: {error.strerror}")
        if value:
            return value
        if default is None:
            self.problems.append(f"{key} is not set")
            return ""
        return default

    def number(self, name: str, default: int, least: int = 1) -> int:
        text = self.text(name, str(default))
        if not text.isascii() or not text.isdigit() or int(text) < least:
            self.problems.append(f"TICKETING_{name} must be a whole number of at least {least}, not {text!r}")
            return default
        return int(text)

    def switch(self, name: str, default: bool) -> bool:
        text = self.text(name, str(default))
        if text not in ("True", "False"):
            self.problems.append(f"TICKETING_{name} must be True or False, not {text!r}")
        return text == "True"

    def secret(self, name: str, text: str, length: int | None = None) -> bytes:
        try:
            raw = bytes.fromhex(text)
        except ValueError:
            raw = b""
        if len(raw) < 32 or (length is not None and len(raw) != length):
            self.problems.append(
                f"TICKETING_{name}: needs {length or 'at least 32'} bytes in hex (openssl rand -hex 32)"
            )
        return raw


def _keys(read: _Reader) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for part in read.text("SIGNING_KEYS").split(","):
        kid, sep, secret = part.strip().partition(":")
        if sep and kid in keys:
            read.problems.append(f"TICKETING_SIGNING_KEYS names the key id {kid!r} twice")
        elif sep and not (kid.isascii() and kid.isalnum() and len(kid) <= 16):
            read.problems.append(f"TICKETING_SIGNING_KEYS: the key id {kid!r} must be 1 to 16 letters and digits")
        elif sep:
            keys[kid] = read.secret("SIGNING_KEYS", secret)
        elif part:
            read.problems.append("TICKETING_SIGNING_KEYS must be kid:hex[,kid:hex…], the signing key first")
    return keys


def _check_line(settings: Settings, problems: list[str]) -> None:
    if settings.line_idle_seconds > settings.line_hard_seconds:
        problems.append("TICKETING_LINE_IDLE_SECONDS must be at most TICKETING_LINE_HARD_SECONDS")
    if settings.line_cap > 100_000 or settings.line_rate > 600_000 or settings.line_work_bits > 24:
        problems.append("TICKETING_LINE_CAP is at most 100000, _LINE_RATE 600000, _LINE_WORK_BITS 24")
    if settings.line_beacon not in (None, "drand-quicknet"):
        problems.append("TICKETING_LINE_BEACON must be drand-quicknet, or left out for draws without a beacon")
    if settings.captcha_kind not in (None, "turnstile", "hcaptcha", "recaptcha"):
        problems.append("TICKETING_CAPTCHA_KIND must be turnstile, hcaptcha or recaptcha")
    if settings.captcha_kind and not (settings.captcha_site_key and settings.captcha_secret):
        problems.append("TICKETING_CAPTCHA_KIND needs TICKETING_CAPTCHA_SITE_KEY and TICKETING_CAPTCHA_SECRET")


def _check_relations(settings: Settings, problems: list[str]) -> None:
    _check_line(settings, problems)
    if settings.queue_url.startswith(("https://", "http://")) and not settings.queue_dead_url:
        problems.append("TICKETING_QUEUE_DEAD_URL is not set: an SQS queue needs its dead-letter queue")
    alerts = settings.alerts_url or "mailto:a@b"
    if not re.fullmatch(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+|mailto:[^@\s]+@[^@\s]+", alerts):
        problems.append("TICKETING_ALERTS_URL must be the ARN of an SNS topic, or mailto:somebody@example.com")
    if settings.payment_window_seconds < settings.hold_seconds:
        problems.append("TICKETING_PAYMENT_WINDOW_SECONDS must be at least TICKETING_HOLD_SECONDS")
    if not urlsplit(settings.public_url).netloc or settings.public_url.endswith("/"):
        problems.append("TICKETING_PUBLIC_URL must be like https://tickets.example.com, without a slash at the end")


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process. Raises InvalidSettings with every problem at once."""
    read = _Reader(os.environ if environ is None else environ)
    web = read.text("WEB_FOLDER", "")
    demo = read.text("DEMO_FOLDER", "")
    public_keys = [part for part in read.text("TICKET_PUBLIC_KEYS", "").split(",") if part]
    settings = Settings(
        database_url=read.text("DATABASE_URL"),
        valkey_url=read.text("VALKEY_URL"),
        queue_url=read.text("QUEUE_URL"),
        queue_dead_url=read.text("QUEUE_DEAD_URL", "") or None,
        signing_keys=_keys(read),
        ticket_seed=read.secret("TICKET_SEED", read.text("TICKET_SEED"), 32),
        ticket_public_keys=tuple(read.secret("TICKET_PUBLIC_KEYS", key, 32) for key in public_keys),
        blobs_url=read.text("BLOBS_URL"),
        mail_url=read.text("MAIL_URL"),
        mail_sender=read.text("MAIL_SENDER", "tickets@localhost.localdomain"),
        payment_url=read.text("PAYMENT_URL"),
        payment_secret=read.text("PAYMENT_SECRET"),
        public_url=read.text("PUBLIC_URL"),
        web_folder=Path(web) if web else None,
        aws_region=read.text("AWS_REGION", "ap-northeast-2"),
        aws_endpoint=read.text("AWS_ENDPOINT", "") or None,
        hold_seconds=read.number("HOLD_SECONDS", 420),
        payment_window_seconds=read.number("PAYMENT_WINDOW_SECONDS", 900),
        queue_visibility_seconds=read.number("QUEUE_VISIBILITY_SECONDS", 30),
        outbox_lease_seconds=read.number("OUTBOX_LEASE_SECONDS", 60),
        session_seconds=read.number("SESSION_SECONDS", 12 * 3600),
        address_burst=read.number("ADDRESS_BURST", 3000),
        database_pool=read.number("DATABASE_POOL", 8),
        demo_folder=Path(demo) if demo else None,
        crash_point=read.text("CRASH_POINT", "") or None,
        status_url=read.text("STATUS_URL", "") or None,
        line_cap=read.number("LINE_CAP", 2000),
        line_rate=read.number("LINE_RATE", 6000),
        line_lobby_minutes=read.number("LINE_LOBBY_MINUTES", 60, least=0),
        line_work_bits=read.number("LINE_WORK_BITS", 18, least=0),
        line_idle_seconds=read.number("LINE_IDLE_SECONDS", 120),
        line_hard_seconds=read.number("LINE_HARD_SECONDS", 900),
        line_beacon=read.text("LINE_BEACON", "") or None,
        alerts_url=read.text("ALERTS_URL", "") or None,
        request_log=read.switch("REQUEST_LOG", True),
        disk_reserve_mb=read.number("DISK_RESERVE_MB", 32, 0),
        captcha_kind=read.text("CAPTCHA_KIND", "") or None,
        captcha_site_key=read.text("CAPTCHA_SITE_KEY", "") or None,
        captcha_secret=read.text("CAPTCHA_SECRET", "") or None,
    )
    if not read.problems:
        _check_relations(settings, read.problems)
    if read.problems:
        raise InvalidSettings("\n".join(f"- {problem}" for problem in read.problems))
    return settings
