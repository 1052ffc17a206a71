"""Fitting words into a width."""

from __future__ import annotations

import unicodedata

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketing.tickets import fonts
from ticketing.tickets.typeset import drawable, fit, runs, width


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("홍길동", "홍길동"),
        (unicodedata.normalize("NFD", "홍길동"), "홍길동"),
        ("똠방각하 田中", "똠방각하 田中"),
        ("Nguyễn Łukasz", "Nguyen Łukasz"),
        ("가족 👨‍👩‍👧‍👦 👍🏽!", "가족 □ □!"),
        ("العربية", "□"),
        ("두\n줄\t\x00 \u202e끝", "두 줄 끝"),
        ("", ""),
    ],
)
def test_what_cannot_be_drawn_is_replaced(text: str, drawn: str) -> None:
    assert drawable(text) == drawn


def test_every_hangul_syllable_can_be_drawn() -> None:
    syllables = "".join(map(chr, range(0xAC00, 0xD7A4)))
    assert drawable(syllables) == syllables


def test_regular_and_bold_draw_the_same_characters() -> None:
    regular, bold, rare = (set(TTFont(font).getBestCmap()) for font in (fonts.REGULAR, fonts.BOLD, fonts.RARE))
    assert regular == bold
    assert not regular & rare


def test_the_rare_font_is_used_only_where_it_must_be() -> None:
    assert list(runs("홍길동 VIP", bold=True)) == [(fonts.BOLD, "홍길동 VIP")]
    assert list(runs("가똠나")) == [(fonts.REGULAR, "가"), (fonts.RARE, "똠"), (fonts.REGULAR, "나")]


def test_lines_break_at_spaces_and_in_words_only_if_they_must() -> None:
    size, lines = fit("오케스트라와 함께하는 송년 음악회", 40, (12, 12), 3)
    assert size == 12
    assert lines == ["오케스트라와", "함께하는 송년 음악회"]
    _, broken = fit("가" * 20, 40, (12, 12), 3)
    assert "".join(broken) == "가" * 20
    assert len(broken) > 1


def test_a_slightly_smaller_line_is_better_than_two() -> None:
    text = "겨울밤 콘서트 첫눈의 약속"
    room = width(text, 17)
    size, lines = fit(text, room, (20, 12), 3)
    assert lines == [text]
    assert 16 <= size <= 17


@given(
    text=st.text(st.sampled_from("가똠A i田Wm…"), max_size=120) | st.text(max_size=60),
    room=st.floats(12, 90),
    most=st.integers(1, 3),
    bold=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_whatever_the_text_no_line_is_too_wide_and_none_too_many(text: str, room: float, most: int, bold: bool) -> None:
    size, lines = fit(text, room, (20, 8), most, bold)
    assert 1 <= len(lines) <= most
    assert 8 <= size <= 20
    assert all(width(line, size, bold) <= room + 1e-9 for line in lines)
    if not lines[-1].endswith("…"):
        assert "".join("".join(lines).split()) == "".join(drawable(text).split())
