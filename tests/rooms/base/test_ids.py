"""Ids: random, prefixed, one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.base import ids


@given(st.binary(min_size=5, max_size=24))
def test_bytes_come_back(raw: bytes) -> None:
    text = ids.encode("ord", raw)
    assert ids.decode("ord", text) == raw
    assert text == text.lower()
    assert ids.looks_like_id(text)


def test_new_ids_look_like_ids_and_differ() -> None:
    made = {ids.new_id("acc") for _ in range(1000)}
    assert len(made) == 1000
    assert all(ids.looks_like_id(text) and text.startswith("acc_") for text in made)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ord",
        "ord_",
        "acc_mfrggzdf",
        "ord_MFRGGZDF",
        "ord_mfrggzd1",
        "ord_mfrggzdf=",
        "ord_é",
        "ord_" + "a" * 65,
        " ord_mfrggzdf",
        "ord_mfrggzdf ",
        "ord_mfrggzd\x00",
        "ordmfrggzdf",
    ],
)
def test_no_id_of_an_order(text: str) -> None:
    with pytest.raises(ValueError, match="not a ord id"):
        ids.decode("ord", text)


def test_bits_behind_the_end_are_no_second_spelling() -> None:
    text = ids.encode("ord", b"123456")
    twins = [text[:-1] + letter for letter in "abcdefghijklmnopqrstuvwxyz234567" if letter != text[-1]]
    for twin in twins:
        try:
            assert ids.decode("ord", twin) != b"123456"
        except ValueError:
            continue


@pytest.mark.parametrize(
    "text",
    [
        "",
        "evt_",
        "evt_a",
        "evt_aaaaaaa",
        "evt_" + "a" * 41,
        "EVT_aaaaaaaa",
        "evt_aaaaaaa\n",
        "evt_aaaaaaaa\n",
        "evt-aaaaaaaa",
        "evt_aaaaaaaa/..",
        "e_aaaaaaaa",
        "evt_aaaaaaa1",
        "../../etc",
    ],
)
def test_what_does_not_look_like_an_id(text: str) -> None:
    assert not ids.looks_like_id(text)
