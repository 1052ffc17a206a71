"""What an e-mail address, a password and a name may be."""

from __future__ import annotations

import unicodedata

import pytest

from ticketing.accounts.model import InvalidAccount, check_name, check_password, normalise_email


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("fan@example.com", "fan@example.com"),
        ("  Fan@Example.COM \n", "fan@example.com"),
        ("ｆａｎ@ｅｘａｍｐｌｅ.com", "fan@example.com"),  # full-width letters, as a Korean keyboard may write them
        ("김하늘@도메인.한국", "김하늘@도메인.한국"),
        (unicodedata.normalize("NFD", "김하늘@도메인.한국"), "김하늘@도메인.한국"),  # as macOS writes it
        ("a+b.c@mail.example.co.kr", "a+b.c@mail.example.co.kr"),
    ],
)
def test_one_spelling_per_address(written: str, kept: str) -> None:
    assert normalise_email(written) == kept
    assert normalise_email(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "fan",
        "fan@",
        "@example.com",
        "fan@example",
        "fan@@example.com",
        "fan@example..com",
        "fan@.com",
        "f n@example.com",
        "fan@exa mple.com",
        "fan@example.com\nBcc: all@example.com",
        "fan@example.com,other@example.com",
        "<fan@example.com>",
        "fan@example.com\x00",
        "a" * 65 + "@example.com",
        "fan@" + "a" * 190 + ".com",
        '"fan"@example.com',
        "fan@[127.0.0.1]",
        "fan;x@example.com",
        "fan@exam\x1fple.com",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(InvalidAccount) as refused:
        normalise_email(text)
    assert refused.value.field == "email"


@pytest.mark.parametrize(
    "password", ["12345678 correct", "abcd1234", "비밀번호는아주길다", "p" * 509 + "asd", " leading blanks "]
)
def test_good_passwords(password: str) -> None:
    check_password(password)


@pytest.mark.parametrize(
    "password", ["", "short", "1234567", "aaaaaaaaaaaa", "abababababab", "한" * 171 + "글자들", "x" * 510 + "abc"]
)
def test_weak_passwords(password: str) -> None:
    with pytest.raises(InvalidAccount) as refused:
        check_password(password)
    assert refused.value.field == "password"


@pytest.mark.parametrize("name", ["김하늘", " A ", "Zoë O'Neil-Kim", "x" * 80])
def test_names(name: str) -> None:
    assert check_name(name) == name.strip()


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b", "a\nb", "a‮b", "\ud800"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(InvalidAccount):
        check_name(name)
