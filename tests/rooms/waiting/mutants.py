"""Ways to bend a signed token. Each takes a genuine one and gives a text that is not it."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ticketing.accounts.model import Role
from ticketing.base.tokens import Signer
from ticketing.holds.token import HoldClaims, sign_hold
from ticketing.waiting.tokens import PassClaims, TicketClaims, sign_pass, sign_ticket
from ticketing.waiting.work import WorkDesk

KEYS = {"k1": bytes(range(32)), "k2": bytes(range(1, 33))}
NOW = 1_790_000_000_000
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
B64 = string.ascii_letters + string.digits + "-_"

LOOK_ALIKES = str.maketrans(
    {
        "a": "\u0430", "c": "\u0441", "e": "\u0435", "o": "\u043e", "p": "\u0440", "x": "\u0445", "i": "\u0456",
        "A": "\u0391", "B": "\u0392", "E": "\u0395", "K": "\u212a", "O": "\u039f", "s": "\u017f", "v": "\u2174",
        "1": "\uff11", "2": "\uff12", "3": "\u0663", "k": "\uff4b", ".": "\u2024", "-": "\u2010", "_": "\uff3f",
    }
)  # fmt: skip


def b64(raw: bytes) -> str:
    """As tokens spell bytes."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unb64(text: str) -> bytes:
    """The bytes behind a part of a token."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def new_id(rng: random.Random, prefix: str) -> str:
    """An id of the house's form."""
    return f"{prefix}_{''.join(rng.choices(LETTERS, k=16))}"


@dataclass
class Yard:
    """Genuine tokens of every kind, and of a house with other keys.

    Attributes:
        kind: what is bent: "ticket" or "pass".
        genuine: tokens of that kind, all good. others: genuine tokens of other kinds. foreign: of the same kind, same
            key ids, other secrets.
    """

    kind: str
    rng: random.Random
    signer: Signer = field(default_factory=lambda: Signer(KEYS, "k1"))
    genuine: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        retired = Signer(KEYS, "k2")
        elsewhere = Signer({kid: bytes(reversed(secret)) for kid, secret in KEYS.items()}, "k1")
        for number in range(60):
            signer = retired if number % 3 == 0 else self.signer
            ticket, entry = self._ticket(), self._pass()
            mine, other = (ticket, entry) if self.kind == "ticket" else (entry, ticket)
            self.genuine.append(self._sign(signer, mine))
            self.foreign.append(self._sign(elsewhere, mine))
            self.others += [self._sign(signer, other), *self._of_other_rooms(signer, mine)]

    @staticmethod
    def _sign(signer: Signer, claims: TicketClaims | PassClaims) -> str:
        return sign_ticket(signer, claims) if isinstance(claims, TicketClaims) else sign_pass(signer, claims)

    def _ticket(self) -> TicketClaims:
        rng = self.rng
        return TicketClaims(new_id(rng, "evt"), rng.randint(1, 3), rng.randint(1, 10**6), new_id(rng, "acc"), NOW)

    def _pass(self) -> PassClaims:
        rng = self.rng
        event, account = new_id(rng, "evt"), new_id(rng, "acc")
        return PassClaims(event, rng.randint(1, 3), new_id(rng, "vis"), account, new_id(rng, "ses"), NOW + 900_000)

    def _of_other_rooms(self, signer: Signer, claims: TicketClaims | PassClaims) -> list[str]:
        rng = self.rng
        session = json.dumps([new_id(rng, "ses"), claims.account_id, Role.FAN.value, NOW + 1]).encode()
        hold = HoldClaims(new_id(rng, "hld"), claims.event_id, claims.account_id, "0" * 16, (1,), (1,), "KRW", NOW, "e")
        desk = WorkDesk(signer, _Clock())
        # The strongest swap: our very content, signed by us for another purpose.
        content = unb64(self._sign(signer, claims).split(".")[2])
        purposes = ("session", "hold", "wr/work", "wr/wait", "wr/form", "wr/tickets", "wr/passs", "csrf", "")
        return [
            signer.sign("session", session),
            sign_hold(signer, hold),
            desk.challenge(claims.event_id, claims.account_id, 18).challenge,
            desk.wait(claims.event_id, claims.account_id).challenge,
            *(signer.sign(purpose, content) for purpose in purposes),
            signer.sign("wr/pass" if self.kind == "ticket" else "wr/ticket", content),
        ]


class _Clock:
    def now_ms(self) -> int:
        return NOW


Mutator = Callable[[Yard, str], str]


def _parts(token: str) -> list[str]:
    return token.split(".")


def bit_flips(yard: Yard, token: str) -> str:
    raw = bytearray(token.encode())
    for _ in range(yard.rng.choice((1, 1, 1, 2, 3, 8))):
        raw[yard.rng.randrange(len(raw))] ^= 1 << yard.rng.randrange(8)
    return raw.decode("latin-1")


def other_characters(yard: Yard, token: str) -> str:
    at = yard.rng.randrange(len(token))
    return token[:at] + yard.rng.choice(B64 + ".=+/ \n\t\0%") + token[at + 1 :]


def truncated(yard: Yard, token: str) -> str:
    cut = yard.rng.randrange(1, len(token))
    return yard.rng.choice((token[:-cut], token[cut:], token[: cut - 1] + token[cut:]))


def extended(yard: Yard, token: str) -> str:
    more = "".join(yard.rng.choices(B64 + ".=\0 ", k=yard.rng.choice((1, 2, 4, 40))))
    at = yard.rng.choice((0, len(token), yard.rng.randrange(len(token))))
    return yard.rng.choice((token[:at] + more + token[at:], token + "." + token, token * 2, token + "A"))


def other_kind(yard: Yard, _: str) -> str:
    return yard.rng.choice(yard.others)


def other_key(yard: Yard, _: str) -> str:
    return yard.rng.choice(yard.foreign)


def key_id(yard: Yard, token: str) -> str:
    version, kid, content, mac = _parts(token)
    ids = ("k2" if kid == "k1" else "k1", "", "k3", "K1", "k1 ", "k01", "k1k2", "../k1", "k1\0", "0", "none", "v1")
    return ".".join((version, yard.rng.choice(ids), content, mac))


def spliced(yard: Yard, token: str) -> str:
    mine, theirs = _parts(token), _parts(yard.rng.choice(yard.genuine + yard.others + yard.foreign))
    taken = [yard.rng.random() < 0.5 for _ in mine]
    return ".".join(b if take else a for a, b, take in zip(mine, theirs, taken, strict=True))


def claims(yard: Yard, token: str) -> str:
    """Another event, account, session, lease, epoch, index, instant; more or fewer; the old MAC."""
    version, kid, content, mac = _parts(token)
    values: list[Any] = json.loads(unb64(content))
    other = json.loads(unb64(_parts(yard.rng.choice(yard.genuine))[2]))
    at = yard.rng.randrange(len(values))
    match yard.rng.randrange(6):
        case 0:
            values[at] = other[at]
        case 1:
            values[at] = values[at] + yard.rng.choice((1, -1, 10**6)) if isinstance(values[at], int) else ""
        case 2:
            values[at] = yard.rng.choice((None, True, 0, -1, 2**63, 1e9, [], {}, "admin", "\u0000"))
        case 3:
            values.append(other[at])
        case 4:
            values.pop(at)
        case _:
            swap = yard.rng.randrange(len(values))
            values[at], values[swap] = values[swap], values[at]
    spelled = json.dumps(values, separators=yard.rng.choice(((",", ":"), (", ", ": "))))
    return ".".join((version, kid, b64(spelled.encode()), mac))


def shifted(yard: Yard, token: str) -> str:
    """A delimiter moves: between the parts, or between the claims within."""
    if yard.rng.random() < 0.5:
        dots = [i for i, char in enumerate(token) if char == "."]
        at, by = yard.rng.choice(dots), yard.rng.choice((-4, -2, -1, 1, 2, 4))
        rest = token[:at] + token[at + 1 :]
        to = min(max(0, at + by), len(rest))
        return rest[:to] + "." + rest[to:]
    version, kid, content, mac = _parts(token)
    raw = unb64(content).decode()
    mark = yard.rng.choice([mark for mark in ('"', ",", '","', '",') if mark in raw])
    marks = [i for i in range(len(raw)) if raw.startswith(mark, i)]
    at = yard.rng.choice(marks)
    rest = raw[:at] + raw[at + len(mark) :]
    to = min(max(0, at + yard.rng.choice((-1, 1))), len(rest))
    return ".".join((version, kid, b64((rest[:to] + mark + rest[to:]).encode()), mac))


def spelling(yard: Yard, token: str) -> str:
    """The same bytes in other base64: padded, the other alphabet, loose last bits, blanks in between."""
    parts = _parts(token)
    which = yard.rng.choice((2, 3))
    part = parts[which]
    match yard.rng.randrange(5):
        case 0:
            part += "=" * yard.rng.choice((1, 2, 3, -len(part) % 4 or 4))
        case 1:
            part = part.replace("-", "+").replace("_", "/")
        case 2:
            loose = {0: 1, 2: 16, 3: 4}[len(part) % 4]
            part = part[:-1] + B64_ORDER[B64_ORDER.index(part[-1]) ^ yard.rng.randrange(loose)]
        case 3:
            at = yard.rng.randrange(len(part) + 1)
            part = part[:at] + yard.rng.choice(("\n", "\r\n", " ", "\t", "=", "!", "\x0b")) + part[at:]
        case _:
            part = part.swapcase()
    parts[which] = part
    return ".".join(parts)


B64_ORDER = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def look_alikes(yard: Yard, token: str) -> str:
    if yard.rng.random() < 0.2:
        return yard.rng.choice(("\ufeff", "\u200b", "\u00a0")) + token
    places = [i for i, char in enumerate(token) if char != char.translate(LOOK_ALIKES)]
    chosen = set(yard.rng.sample(places, yard.rng.randint(1, min(5, len(places)))))
    return "".join(char.translate(LOOK_ALIKES) if i in chosen else char for i, char in enumerate(token))


def no_algorithm(yard: Yard, token: str) -> str:
    """The ways in which others were told to check nothing."""
    version, kid, content, mac = _parts(token)
    jwt = b64(yard.rng.choice((b'{"alg":"none"}', b'{"alg":"None","typ":"JWT"}', b'{"alg":"HS256","kid":"k1"}')))
    return yard.rng.choice(
        (
            f"{version}.{kid}.{content}.",
            f"{version}.{kid}.{content}",
            f"{version}.none.{content}.{mac}",
            f"v0.{kid}.{content}.{mac}",
            f"v2.{kid}.{content}.{mac}",
            f"V1.{kid}.{content}.{mac}",
            f".{kid}.{content}.{mac}",
            f"{jwt}.{content}.",
            f"{jwt}.{content}.{mac}",
            f"{version}.{kid}.{content}.{b64(bytes(32))}",
            f"{version}.{kid}.{content}.{b64(KEYS['k1'])}",
            f"{version}.{kid}..{mac}",
            f"{version}.{kid}.{content}.none",
            "...",
            "",
        )
    )


MUTATORS: Sequence[Mutator] = (
    bit_flips,
    other_characters,
    truncated,
    extended,
    other_kind,
    other_key,
    key_id,
    spliced,
    claims,
    shifted,
    spelling,
    look_alikes,
    no_algorithm,
)
