"""What the routes of the line read and answer."""

from __future__ import annotations

from typing import Annotated

import msgspec

Text = Annotated[str, msgspec.Meta(max_length=4096)]


class WorkIn(msgspec.Struct, forbid_unknown_fields=True):
    """A solved challenge: see GET …/queue/challenge."""

    challenge: Text
    solution: Annotated[str, msgspec.Meta(max_length=20, pattern="^[0-9]+$")]


class JoinRequest(msgspec.Struct, forbid_unknown_fields=True):
    """All of it optional: `ticket` of an earlier join, `work` and `captcha` where they are asked for."""

    ticket: Text | None = None
    work: WorkIn | None = None
    captcha: Text | None = None


class ClaimRequest(msgspec.Struct, forbid_unknown_fields=True):
    """`ticket` is optional: the account is known, and so is its place."""

    ticket: Text | None = None


class JoinOut(msgspec.Struct, omit_defaults=True):
    """A place; `subject` is one's pseudonym in the draw's record.

    `position` is null before the draw; `pass` is there when one may go straight in.
    """

    index: int
    ticket: str
    status_url: str
    epoch: int
    phase: str
    position: int | None
    serving: int
    n: int | None
    server_time: str
    pass_: str | None = msgspec.field(name="pass", default=None)
    expires_at: str | None = None
    subject: str = ""


class PlaceOut(msgspec.Struct, omit_defaults=True):
    """Where one stands; `subject` is one's pseudonym in the draw's record."""

    index: int
    position: int | None
    phase: str
    serving: int
    n: int | None
    inside: bool
    server_time: str
    expires_at: str | None = None
    subject: str = ""


class EntryOut(msgspec.Struct):
    """A pass, until when it is good, and how long it lasts without a sign of life."""

    pass_: str = msgspec.field(name="pass")
    expires_at: str
    idle_seconds: int
    server_time: str


class StatusOut(msgspec.Struct, omit_defaults=True):
    """The shape of the shared status (it is sent from the leader's bytes)."""

    event: str
    epoch: int
    phase: str
    t0: str
    at: str
    n: int
    last: int
    seed: str | None
    serving: int
    rate: int
    poll: list[int]
    stock: str
    about: int
    paused: bool = False
    open_until: str | None = None


class AboutGrade(msgspec.Struct):
    """A price grade; its digit in the status's `stock` has the same position."""

    grade: str
    name: dict[str, str]


class AboutOut(msgspec.Struct):
    """The shape of the about object (it is sent from the leader's bytes)."""

    event: str
    version: int
    name: dict[str, str]
    starts_at: str
    venue: dict[str, str]
    time_zone: str
    grades: list[AboutGrade]
    message: dict[str, str] | None
    commitment: str
    lobby_at: str
    t0: str
    off_sale_at: str
    work_bits: int


class BeaconOut(msgspec.Struct):
    """One round of outside randomness, in hex."""

    round: int
    value: str


class DrawOut(msgspec.Struct):
    """The draw's record: what was promised, fixed at the close, revealed. docs/draw.md is its specification."""

    format: str
    version: int
    algorithm: str
    rounds: int
    event_id: str
    epoch: int
    commitment: str
    published_at: str
    beacon_source: str | None
    closed_at: str | None
    n: int | None
    roll: str | None
    digest: str | None
    secret: str | None
    beacon: BeaconOut | None
    seed: str | None


class ChallengeOut(msgspec.Struct):
    """What a place costs; `captcha` is {"kind", "site_key"} where one is asked for."""

    challenge: str
    bits: int
    expires_at: str
    captcha: dict[str, str] | None
