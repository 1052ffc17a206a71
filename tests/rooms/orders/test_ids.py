"""Order ids: the same for the same key, genuine only for the account that got them."""

from __future__ import annotations

import pytest

from ticketing.base import ids
from ticketing.base.tokens import Signer
from ticketing.orders.ids import belongs_to, order_id_for

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
ALICE, BOB = "acc_aaaaaaaaaaaaaaaa", "acc_bbbbbbbbbbbbbbbb"
SHOW, OTHER_SHOW = "evt_aaaaaaaaaaaaaaaa", "evt_bbbbbbbbbbbbbbbb"
KEY = "0b3e4c52-key"


@pytest.fixture
def signer() -> Signer:
    return Signer({"k1": OLD}, "k1")


def test_the_same_request_is_the_same_order(signer: Signer) -> None:
    order_id = order_id_for(signer, ALICE, SHOW, KEY)
    assert order_id == order_id_for(signer, ALICE, SHOW, KEY)
    assert ids.looks_like_id(order_id)
    assert len(order_id) <= 64, "fits the column"


def test_everything_that_names_an_order_counts(signer: Signer) -> None:
    made = {
        order_id_for(signer, account, event, key)
        for account in (ALICE, BOB)
        for event in (SHOW, OTHER_SHOW)
        for key in (KEY, f"{KEY}x", f" {KEY}")
    }
    assert len(made) == 12
    assert order_id_for(signer, "a", "b\0c", "d") != order_id_for(signer, "a\0b", "c", "d!")


def test_it_belongs_to_its_account_only(signer: Signer) -> None:
    order_id = order_id_for(signer, ALICE, SHOW, KEY)
    assert belongs_to(signer, order_id, ALICE)
    assert not belongs_to(signer, order_id, BOB)
    assert not belongs_to(signer, order_id, "")


def test_no_other_spelling_and_no_neighbour_is_genuine(signer: Signer) -> None:
    order_id = order_id_for(signer, ALICE, SHOW, KEY)
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    for at in range(4, len(order_id)):
        for letter in alphabet:
            mutant = order_id[:at] + letter + order_id[at + 1 :]
            assert (mutant == order_id) or not belongs_to(signer, mutant, ALICE), mutant
    for wrong in (
        order_id.upper(),
        order_id + "a",
        order_id[:-1],
        f" {order_id}",
        order_id + "=",
        "ord_",
        "",
        "ord_aaaaaaaa",
        order_id.replace("ord_", "tkt_"),
        ids.encode("ord", bytes(20)),
        ids.encode("ord", bytes(12)),
    ):
        assert not belongs_to(signer, wrong, ALICE), wrong


def test_an_id_made_before_a_key_rotation_stays_genuine(signer: Signer) -> None:
    order_id = order_id_for(signer, ALICE, SHOW, KEY)
    assert belongs_to(Signer({"k2": NEW, "k1": OLD}, "k2"), order_id, ALICE)
    assert not belongs_to(Signer({"k2": NEW}, "k2"), order_id, ALICE)
