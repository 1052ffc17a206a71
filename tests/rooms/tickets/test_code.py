"""The signed code: what we sign is read back, and nothing else is ever taken for a ticket."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketing.base.ids import new_id
from ticketing.tickets import code as code_module
from ticketing.tickets.code import PREFIX, CodeContents, ForgedCode, TicketSigner, TicketVerifier, tidy
from ticketing.tickets.model import Ticket

GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493  # L of RFC 8032
ALNUM = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


@pytest.fixture
def verifier(signer: TicketSigner) -> TicketVerifier:
    return TicketVerifier([signer.public_key])


def spelt(raw: bytes) -> str:
    return PREFIX + base64.b32encode(raw).decode().rstrip("=")


def unspelt(code: str) -> bytes:
    body = code.removeprefix(PREFIX)
    return base64.b32decode(body + "=" * (-len(body) % 8))


class TestSigning:
    def test_a_signed_ticket_is_read_back(self, signer: TicketSigner, verifier: TicketVerifier, ticket: Ticket) -> None:
        code = signer.sign(ticket)
        assert verifier.verify(code) == CodeContents(ticket.ticket_id, ticket.event_id, "A-3-12", signer.kid)

    def test_one_ticket_has_one_code_that_fits_a_small_qr(self, signer: TicketSigner, ticket: Ticket) -> None:
        code = signer.sign(ticket)
        assert code == TicketSigner(bytes(range(32))).sign(ticket)
        assert set(code) <= ALNUM
        assert len(code) <= 178  # version 7 at error correction M

    def test_what_is_not_in_the_code_does_not_change_it(self, signer: TicketSigner, ticket: Ticket) -> None:
        assert signer.sign(replace(ticket, holder="이바다", amount=1)) == signer.sign(ticket)
        assert signer.sign(replace(ticket, seat_id="A-3-13")) != signer.sign(ticket)

    @given(
        ticket_id=st.builds(lambda n: new_id("tkt", n), st.integers(5, 25)) | st.text(min_size=1, max_size=30),
        event_id=st.builds(lambda n: new_id("evt", n), st.integers(5, 25)) | st.text(min_size=1, max_size=30),
        seat_id=st.text(min_size=1, max_size=30),
    )
    @settings(max_examples=100, deadline=None)
    def test_any_ids_survive(self, ticket_id: str, event_id: str, seat_id: str) -> None:
        signer = TicketSigner(b"\x07" * 32)
        bare = Ticket(ticket_id, "", event_id, seat_id, "", "", "", "", 0, "KRW", "", "valid", 0)  # type: ignore[arg-type]
        contents = TicketVerifier([signer.public_key]).verify(signer.sign(bare))
        assert (contents.ticket_id, contents.event_id, contents.seat_id) == (ticket_id, event_id, seat_id)

    @pytest.mark.parametrize("seat_id", ["", "가" * 43])
    def test_an_impossible_seat_id_is_not_signed(self, signer: TicketSigner, ticket: Ticket, seat_id: str) -> None:
        with pytest.raises(ValueError, match="cannot sign"):
            signer.sign(replace(ticket, seat_id=seat_id))

    def test_the_longest_ids_make_a_code_that_is_accepted(
        self, signer: TicketSigner, verifier: TicketVerifier, ticket: Ticket
    ) -> None:
        longest = replace(ticket, ticket_id="t" * 127, event_id="e" * 127, seat_id="s" * 127)
        assert verifier.verify(signer.sign(longest)).seat_id == "s" * 127


class TestKeys:
    def test_codes_of_the_old_key_stay_good_until_it_is_taken_off(self, ticket: Ticket) -> None:
        old, new = TicketSigner(b"\x01" * 32), TicketSigner(b"\x02" * 32)
        both = TicketVerifier([new.public_key, old.public_key])
        assert both.verify(old.sign(ticket)).kid == old.kid
        assert both.verify(new.sign(ticket)).kid == new.kid
        with pytest.raises(ForgedCode, match="not trusted"):
            TicketVerifier([new.public_key]).verify(old.sign(ticket))

    def test_another_key_under_a_trusted_kid_is_refused(
        self, signer: TicketSigner, verifier: TicketVerifier, ticket: Ticket
    ) -> None:
        genuine = unspelt(signer.sign(ticket))
        crook = Ed25519PrivateKey.from_private_bytes(b"\x09" * 32)
        signed = genuine[:-64]
        forged = signed + crook.sign(code_module._DOMAIN + signed)
        with pytest.raises(ForgedCode, match="signature"):
            verifier.verify(spelt(forged))

    def test_a_signature_for_another_purpose_is_no_ticket(
        self, verifier: TicketVerifier, signer: TicketSigner, ticket: Ticket
    ) -> None:
        signed = unspelt(signer.sign(ticket))[:-64]
        key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
        with pytest.raises(ForgedCode, match="signature"):
            verifier.verify(spelt(signed + key.sign(signed)))

    @pytest.mark.parametrize("payload", [b"", b"\x00", b"\x81a\x81b", b"\x81a\x81b\x81c\x00", b"\x81a\x81b\x81\xff",
                                         b"\x01a\x81b\x7fc", b"\x8atkt_aaaaaaaaaaaaaaaa\x81b\x81c"])  # fmt: skip
    def test_even_our_own_key_cannot_make_us_read_what_we_never_write(
        self, verifier: TicketVerifier, signer: TicketSigner, payload: bytes
    ) -> None:
        key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
        signed = bytes.fromhex(signer.kid) + payload
        with pytest.raises(ForgedCode):
            verifier.verify(spelt(signed + key.sign(code_module._DOMAIN + signed)))

    def test_bad_keys_are_refused_at_start(self, signer: TicketSigner, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            TicketSigner(b"short")
        with pytest.raises(ValueError, match="at least one"):
            TicketVerifier([])
        with pytest.raises(ValueError, match="32"):
            TicketVerifier([b"short"])
        TicketVerifier([signer.public_key, signer.public_key])
        monkeypatch.setattr(code_module, "_kid", lambda _: b"same")
        with pytest.raises(ValueError, match="share the kid"):
            TicketVerifier([signer.public_key, TicketSigner(b"\x02" * 32).public_key])


class TestOneSpelling:
    """Every other way of writing the same bytes, or the same signature, is refused."""

    @pytest.mark.parametrize(
        "respell",
        [
            str.lower,
            lambda code: code + "=",
            lambda code: code + "\n",
            lambda code: " " + code,
            lambda code: code.replace(PREFIX, "T2-"),
            lambda code: code.removeprefix(PREFIX),
            lambda code: code + "AAAAAAAA",
            lambda code: code[:-1],
            lambda code: PREFIX + code,
            lambda code: code.replace("O", "0").replace("I", "1"),
            lambda code: code.replace("S", "ſ"),
        ],
    )
    def test_other_spellings(
        self, signer: TicketSigner, verifier: TicketVerifier, ticket: Ticket, respell: Callable[[str], str]
    ) -> None:
        code = signer.sign(ticket)
        assert respell(code) != code
        with pytest.raises(ForgedCode):
            verifier.verify(respell(code))

    def test_stray_bits_after_the_end(self, signer: TicketSigner, verifier: TicketVerifier, ticket: Ticket) -> None:
        # Ids of 11 and 10 bytes leave 2 unused bits in the last character: three more spellings of the same bytes.
        code = signer.sign(ticket)
        raw = unspelt(code)
        alphabet = string.ascii_uppercase + "234567"
        twins = [code[:-1] + last for last in alphabet if last != code[-1] and unspelt(code[:-1] + last) == raw]
        assert twins, "this code has no spare bits, so it tests nothing: choose a longer seat id"
        for twin in twins:
            with pytest.raises(ForgedCode):
                verifier.verify(twin)

    def test_the_other_scalar(self, signer: TicketSigner, verifier: TicketVerifier, ticket: Ticket) -> None:
        # S + L satisfies the same equation; verifiers that skip the range check of RFC 8032 take it.
        raw = unspelt(signer.sign(ticket))
        scalar = int.from_bytes(raw[-32:], "little") + GROUP_ORDER
        with pytest.raises(ForgedCode):
            verifier.verify(spelt(raw[:-32] + scalar.to_bytes(32, "little")))

    def test_nothing_and_too_much(self, verifier: TicketVerifier) -> None:
        for text in ("", PREFIX, "T1", "\x00", PREFIX + "A" * 109, PREFIX + "A" * 1_000_000, "티켓", "\ud800"):
            with pytest.raises(ForgedCode):
                verifier.verify(text)

    def test_an_excited_scanner_is_understood(self, signer: TicketSigner, ticket: Ticket) -> None:
        code = signer.sign(ticket)
        assert tidy(code.lower() + "\r\n") == code
        assert tidy("\t" + code) == code
        assert tidy("t1-ı") == "t1-ı"  # a dotless i must not turn into I


def mutations(code: str, other: str, rng: random.Random) -> str:
    """One small change: in the text, in the bytes, or a graft from another genuine code."""
    kind = rng.randrange(6)
    if kind == 0:
        at = rng.randrange(len(code))
        return code[:at] + rng.choice(string.ascii_uppercase + "234567-0189= a") + code[at + 1 :]
    if kind == 1:
        at = rng.randrange(len(code))
        return code[:at] + code[at + 1 :]
    raw = bytearray(unspelt(code))
    if kind == 2:
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    elif kind == 3:
        at = rng.randrange(len(raw) + 1)
        raw[at:at] = rng.randbytes(rng.randint(1, 3))
    elif kind == 4:
        raw[rng.randrange(len(raw)) :] = rng.randbytes(64)
    else:
        at = rng.randrange(1, len(raw))
        raw[at:] = unspelt(other)[at:]
    return spelt(bytes(raw))


def accepted_of(count: int, verifier: TicketVerifier, code: str, other: str) -> tuple[int, int]:
    """How many of so many mutations differ from the genuine codes, and how many of these were accepted."""
    rng = random.Random(20_261_122)
    tried = accepted = 0
    while tried < count:
        mutant = mutations(code, other, rng)
        if mutant in (code, other):
            continue
        tried += 1
        try:
            verifier.verify(mutant)
        except ForgedCode:
            continue
        accepted += 1
    return tried, accepted


def test_no_mutation_is_accepted(signer: TicketSigner, verifier: TicketVerifier, ticket: Ticket) -> None:
    code, other = signer.sign(ticket), signer.sign(replace(ticket, seat_id="A-3-13"))
    assert accepted_of(5_000, verifier, code, other) == (5_000, 0)


@pytest.mark.slow
def test_no_mutation_of_very_many_is_accepted(signer: TicketSigner, verifier: TicketVerifier, ticket: Ticket) -> None:
    code, other = signer.sign(ticket), signer.sign(replace(ticket, seat_id="A-3-13"))
    assert accepted_of(200_000, verifier, code, other) == (200_000, 0)


def test_without_the_signature_check_mutations_get_in(
    signer: TicketSigner, verifier: TicketVerifier, ticket: Ticket
) -> None:
    """The negative control: the fuzz does find a verifier that only parses."""

    class Gullible:
        def verify(self, signature: bytes, data: bytes) -> None: ...

    verifier._keys = dict.fromkeys(verifier._keys, Gullible())  # type: ignore[arg-type]
    code, other = signer.sign(ticket), signer.sign(replace(ticket, seat_id="A-3-13"))
    assert accepted_of(1_000, verifier, code, other)[1] > 100
