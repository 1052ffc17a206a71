"""The hold token: nobody makes one but we, and nobody changes one."""

from __future__ import annotations

import random
import string

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.base.tokens import BadToken, Signer
from ticketing.holds.token import HoldClaims, read_hold, sign_hold

SIGNER = Signer({"k1": bytes(range(32))}, "k1")
CLAIMS = HoldClaims(
    "hld_abc_evt_def",
    "evt_def",
    "acc_alice",
    "0123456789ab",
    (3, 4),
    (50_000, 60_000),
    "KRW",
    1_790_000_000_000,
    "ep_1",
)
TOKEN = sign_hold(SIGNER, CLAIMS)
LETTERS = string.ascii_letters + string.digits + "-_.=+/ "


def accepted(token: str) -> bool:
    """Whether a text passes for a hold token."""
    try:
        read_hold(SIGNER, token)
    except BadToken:
        return False
    return True


def test_what_is_signed_is_read_and_its_sum_is_right() -> None:
    assert read_hold(SIGNER, TOKEN) == CLAIMS
    assert CLAIMS.amount == 110_000


def test_no_change_of_one_character_is_accepted() -> None:
    changed = [TOKEN[:i] + letter + TOKEN[i + 1 :] for i in range(len(TOKEN)) for letter in LETTERS]
    changed = [token for token in changed if token != TOKEN]
    assert len(changed) > 10_000
    assert not any(map(accepted, changed))


def test_no_cut_addition_or_exchange_is_accepted() -> None:
    rng = random.Random(7)
    others = [sign_hold(SIGNER, msgspec.structs.replace(CLAIMS, account_id=f"acc_{i}")) for i in range(8)]
    found = 0
    for _ in range(10_000):
        parts = [TOKEN.split("."), rng.choice(others).split(".")]
        i, j = sorted(rng.sample(range(len(TOKEN) + 1), 2))
        token = rng.choice(
            [
                TOKEN[:i],
                TOKEN[j:],
                TOKEN[:i] + TOKEN[j:],
                TOKEN[:i] + "".join(rng.choices(LETTERS, k=3)) + TOKEN[i:],
                TOKEN[:i] + TOKEN[i:j][::-1] + TOKEN[j:],
                ".".join([*parts[0][:2], parts[1][2], parts[0][3]]),
                ".".join([*parts[0][:3], parts[1][3]]),
                f"{TOKEN}.{parts[1][3]}",
            ]
        )
        found += token != TOKEN and accepted(token)
    assert found == 0


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_no_other_text_is_accepted(text: str) -> None:
    assert not accepted(text)


@pytest.mark.parametrize("purpose", ["session", "csrf", "order-id", ""])
def test_a_token_of_another_purpose_is_refused(purpose: str) -> None:
    assert not accepted(SIGNER.sign(purpose, msgspec.json.encode(CLAIMS)))


def test_a_token_of_another_shape_is_refused_though_we_signed_it() -> None:
    for payload in (b"", b"{}", b"[]", b"null", b'["hld"]', msgspec.json.encode(CLAIMS)[:-1], b"\xff\xfe"):
        assert not accepted(SIGNER.sign("hold", payload))


def test_keys_are_exchanged_without_losing_holds_and_retired_ones_count_no_more() -> None:
    both = Signer({"k2": b"2" * 32, "k1": bytes(range(32))}, "k2")
    assert read_hold(both, TOKEN) == CLAIMS
    fresh = sign_hold(both, CLAIMS)
    assert not accepted(fresh)
    with pytest.raises(BadToken):
        read_hold(Signer({"k2": b"2" * 32}, "k2"), TOKEN)
    # The same name with another secret is another key.
    with pytest.raises(BadToken):
        read_hold(Signer({"k1": b"x" * 32}, "k1"), TOKEN)
