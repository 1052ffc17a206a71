"""Money, moments and seats in words."""

from __future__ import annotations

import zoneinfo

import pytest

from ticketing.tickets import wording
from ticketing.tickets.wording import Locale

NOV_22_AT_11_UTC = 1_795_345_200_000
JUL_1_AT_0_UTC = 1_782_864_000_000


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "said"),
    [
        (198_000, "KRW", "ko", "198,000원"),
        (198_000, "KRW", "en", "₩198,000"),
        (0, "KRW", "ko", "0원"),
        (-1_000, "KRW", "ko", "-1,000원"),
        (19_805, "USD", "ko", "$198.05"),
        (-5, "CHF", "en", "-0.05 CHF"),
        (12_345, "KWD", "en", "12.345 KWD"),
        (1_200, "JPY", "en", "¥1,200"),
    ],
)
def test_money(amount: int, currency: str, locale: Locale, said: str) -> None:
    assert wording.money(amount, currency, locale) == said


def test_moments_are_on_the_venues_clock() -> None:
    assert wording.moment(NOV_22_AT_11_UTC, "Asia/Seoul", "ko") == "2026년 11월 22일 (일) 20:00"
    assert wording.moment(NOV_22_AT_11_UTC, "Asia/Seoul", "en") == "Sun, 22 Nov 2026, 20:00"
    assert wording.moment(NOV_22_AT_11_UTC, "Pacific/Auckland", "en") == "Mon, 23 Nov 2026, 00:00"
    assert wording.clock_time(NOV_22_AT_11_UTC, "Asia/Seoul") == "20:00"


@pytest.mark.parametrize(
    ("at", "zone", "said"),
    [
        (NOV_22_AT_11_UTC, "Asia/Seoul", "KST, UTC+09:00"),
        (NOV_22_AT_11_UTC, "America/New_York", "EST, UTC-05:00"),
        (JUL_1_AT_0_UTC, "America/New_York", "EDT, UTC-04:00"),
        (JUL_1_AT_0_UTC, "Asia/Kathmandu", "UTC+05:45"),
        (JUL_1_AT_0_UTC, "UTC", "UTC+00:00"),
    ],
)
def test_the_zone_is_named(at: int, zone: str, said: str) -> None:
    assert wording.zone(at, zone) == said


def test_an_unknown_zone_is_an_error() -> None:
    with pytest.raises(zoneinfo.ZoneInfoNotFoundError):
        wording.moment(0, "Asia/Atlantis", "ko")


def test_seats() -> None:
    assert wording.seat("A", "3", "12", "ko") == "A구역 3열 12번"
    assert wording.seat("A", "3", "12", "en") == "Section A, Row 3, Seat 12"
    assert wording.seat("스탠딩 가구역", "", "7", "ko") == "스탠딩 가구역 7번"
    assert wording.seat("F1", "", "7", "en") == "Section F1, No. 7"


def test_names_fall_back_to_another_language() -> None:
    assert wording.pick({"ko": "가", "en": "A"}, "en") == "A"
    assert wording.pick({"ko": "가"}, "en") == "가"
    assert wording.pick({"fr": "c", "ko": ""}, "ko") == "c"
    assert wording.pick({}, "ko") == ""
