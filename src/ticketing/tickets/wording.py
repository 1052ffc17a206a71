"""How money, moments and seats are written in Korean and in English, on tickets and in mail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

Locale = Literal["ko", "en"]

_WEEKDAYS_KO = "월화수목금토일"
_WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DECIMALS = {"KRW": 0, "JPY": 0, "VND": 0, "CLP": 0, "ISK": 0, "BHD": 3, "KWD": 3, "OMR": 3, "TND": 3}
_SIGNS = {"KRW": "₩", "JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}


def pick(names: Mapping[str, str], locale: Locale) -> str:
    """The name in this language, else in Korean, else in any; empty when there is none."""
    return names.get(locale) or names.get("ko") or next(iter(names.values()), "")


def money(amount: int, currency: str, locale: Locale) -> str:
    """`198,000원` or `₩198,000`; `amount` is in minor units of the currency (ISO 4217)."""
    decimals = _DECIMALS.get(currency, 2)
    whole, rest = divmod(abs(amount), 10**decimals)
    digits = f"{whole:,}" + (f".{rest:0{decimals}d}" if decimals else "")
    minus = "-" if amount < 0 else ""
    if currency == "KRW" and locale == "ko":
        return f"{minus}{digits}원"
    sign = _SIGNS.get(currency)
    return f"{minus}{sign}{digits}" if sign else f"{minus}{digits} {currency}"


def moment(at_ms: int, time_zone: str, locale: Locale) -> str:
    """`2026년 11월 22일 (일) 20:00` or `Sun, 22 Nov 2026, 20:00`, on the venue's wall clock.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: no such zone.
    """
    at = _local(at_ms, time_zone)
    if locale == "ko":
        return f"{at.year}년 {at.month}월 {at.day}일 ({_WEEKDAYS_KO[at.weekday()]}) {at:%H:%M}"
    return f"{_WEEKDAYS_EN[at.weekday()]}, {at.day} {_MONTHS_EN[at.month - 1]} {at.year}, {at:%H:%M}"


def clock_time(at_ms: int, time_zone: str) -> str:
    """`18:30` on the venue's wall clock."""
    return f"{_local(at_ms, time_zone):%H:%M}"


def zone(at_ms: int, time_zone: str) -> str:
    """`KST, UTC+09:00`: which clock is meant at that moment (summer time included), for whoever comes from afar."""
    at = _local(at_ms, time_zone)
    digits = f"{at:%z}"
    offset = f"UTC{digits[:3]}:{digits[3:5]}"
    name = at.tzname() or ""
    return f"{name}, {offset}" if name.isalpha() and name != "UTC" else offset


def seat(section: str, row: str, number: str, locale: Locale) -> str:
    """`A구역 3열 12번` or `Section A, Row 3, Seat 12`; standing places have no row."""
    if locale == "ko":
        parts = [_with_unit(section, "구역"), _with_unit(row, "열") if row else "", _with_unit(number, "번")]
        return " ".join(part for part in parts if part)
    return f"Section {section}, Row {row}, Seat {number}" if row else f"Section {section}, No. {number}"


def _with_unit(text: str, unit: str) -> str:
    return text if text.endswith(unit) else text + unit


def _local(at_ms: int, time_zone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(time_zone))
