"""Settings: from the environment only, every problem at once, no default for a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from ticketing.settings import InvalidSettings, read_settings

GOOD = {
    "TICKETING_DATABASE_URL": "sqlite+aiosqlite:///x.sqlite3",
    "TICKETING_VALKEY_URL": "redis://cache",
    "TICKETING_QUEUE_URL": "redis://queue",
    "TICKETING_SIGNING_KEYS": f"k2:{'ab' * 32},k1:{'cd' * 32}",
    "TICKETING_TICKET_SEED": "01" * 32,
    "TICKETING_BLOBS_URL": "file:///blobs",
    "TICKETING_MAIL_URL": "mailbox:///mail",
    "TICKETING_PAYMENT_URL": "http://provider",
    "TICKETING_PAYMENT_SECRET": "a secret of the provider",
    "TICKETING_PUBLIC_URL": "https://tickets.example.com",
}


def problems(**changes: str | None) -> list[str]:
    environ = {key: value for key, value in (GOOD | {f"TICKETING_{k}": v for k, v in changes.items()}).items() if value}
    with pytest.raises(InvalidSettings) as error:
        read_settings(environ)
    return str(error.value).splitlines()


def test_what_is_needed_is_enough() -> None:
    settings = read_settings(GOOD)
    assert list(settings.signing_keys) == ["k2", "k1"], "the first one signs"
    assert settings.signing_keys["k1"] == b"\xcd" * 32
    assert (settings.hold_seconds, settings.web_folder, settings.crash_point) == (420, None, None)


def test_an_empty_environment_names_everything_that_is_missing() -> None:
    with pytest.raises(InvalidSettings) as error:
        read_settings({})
    for key in GOOD:
        assert f"- {key} is not set" in str(error.value).splitlines()


@pytest.mark.parametrize("key", sorted(GOOD))
def test_each_of_them_is_needed(key: str) -> None:
    assert f"- {key} is not set" in problems(**{key.removeprefix("TICKETING_"): None})


def test_all_problems_are_told_at_once() -> None:
    told = problems(HOLD_SECONDS="0", PAYMENT_WINDOW_SECONDS="-5", TICKET_SEED="zz", SIGNING_KEYS="k1:abcd,half")
    assert len(told) == 5, told
    for words in (
        "HOLD_SECONDS",
        "PAYMENT_WINDOW_SECONDS",
        "TICKET_SEED",
        "SIGNING_KEYS: needs",
        "SIGNING_KEYS must be",
    ):
        assert any(words in line for line in told), words


@pytest.mark.parametrize("number", ["", "x", "1.5", "-1", "0", "٣", "1e3", " 7"])
def test_a_number_is_a_whole_number(number: str) -> None:
    if number == "":
        assert read_settings(GOOD | {"TICKETING_HOLD_SECONDS": ""}).hold_seconds == 420
        return
    (line,) = problems(HOLD_SECONDS=number)
    assert "whole number of at least 1" in line


@pytest.mark.parametrize("seed", ["01" * 31, "01" * 33, "0" * 63, "not hex at all"])
def test_the_ticket_seed_is_32_bytes(seed: str) -> None:
    assert "TICKET_SEED" in problems(TICKET_SEED=seed)[0]


@pytest.mark.parametrize("keys", ["k1", "k1:", f"k1:{'ab' * 31}", f":{'zz' * 32}"])
def test_signing_keys_that_cannot_be(keys: str) -> None:
    assert "SIGNING_KEYS" in problems(SIGNING_KEYS=keys)[0]


@pytest.mark.parametrize("keys", [f"k1:{'ab' * 32},k1:{'cd' * 32}", f"k.1:{'ab' * 32}", f":{'ab' * 32}"])
def test_key_ids_that_cannot_be(keys: str) -> None:
    assert "SIGNING_KEYS" in problems(SIGNING_KEYS=keys)[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"QUEUE_URL": "https://sqs.example/q"}, "QUEUE_DEAD_URL"),
        ({"HOLD_SECONDS": "1000"}, "PAYMENT_WINDOW_SECONDS"),
        ({"PUBLIC_URL": "https://tickets.example.com/"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "tickets.example.com"}, "PUBLIC_URL"),
    ],
)
def test_relations(changes: dict[str, str], words: str) -> None:
    (line,) = problems(**changes)
    assert words in line


def test_a_value_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from a file\n")
    environ = {key: value for key, value in GOOD.items() if key != "TICKETING_PAYMENT_SECRET"}
    assert read_settings(environ | {"TICKETING_PAYMENT_SECRET_FILE": str(secret)}).payment_secret == "from a file"
    assert read_settings(GOOD | {"TICKETING_PAYMENT_SECRET_FILE": str(secret)}).payment_secret != "from a file"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    told = problems(PAYMENT_SECRET=None, PAYMENT_SECRET_FILE=str(missing))
    assert any("PAYMENT_SECRET_FILE: cannot read" in line and str(missing) in line for line in told)


def test_secrets_are_not_in_the_representation() -> None:
    text = repr(read_settings(GOOD | {"TICKETING_MAIL_URL": "smtp://user:hunter2@mail"}))
    for secret in ("\\xab", "\\x01\\x01", "a secret of the provider", "hunter2"):
        assert secret not in text
