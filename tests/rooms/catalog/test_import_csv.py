"""Spreadsheets: what Korean and other offices save loads, what is wrong is named with its line."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketing.catalog.import_plan import ImportedPlan, import_bytes
from ticketing.catalog.index import PlanIndex
from ticketing.catalog.model import SectionKind
from ticketing.catalog.problems import ImportFailed

SIMPLE = "section,row,number,grade\nA,1,1,R\nA,1,2,R\nA,2,1,S\n"


def load(text: str, encoding: str = "utf-8") -> ImportedPlan:
    return import_bytes("좌석.csv", text.encode(encoding))


def failed(text: str) -> ImportFailed:
    with pytest.raises(ImportFailed) as caught:
        import_bytes("hall.csv", text.encode())
    return caught.value


def test_four_columns_are_enough() -> None:
    found = load(SIMPLE)
    assert found.format == "csv"
    assert found.plan.name == "좌석"
    (section,) = found.plan.sections
    assert list(section.seat_ids()) == ["A-1-1", "A-1-2", "A-2-1"]
    (x1, x2), y1 = section.rows[0].x, section.rows[0].y[0]
    assert x2 - x1 == 25
    assert section.rows[1].y[0] > y1
    assert max(x for x, _ in section.outline) <= found.plan.width


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_write(encoding: str, delimiter: str) -> None:
    text = "구역,열,번호,등급\r\n가구역,1,1,R석\r\n가구역,1,2,R석\r\n".replace(",", delimiter)
    (section,) = load(text, encoding).plan.sections
    assert section.id == "가구역"
    assert list(section.seat_ids()) == ["가구역-1-1", "가구역-1-2"]


def test_decomposed_hangul_is_the_same_word() -> None:
    assert load(unicodedata.normalize("NFD", "구역,열,번호,등급\n가,1,1,R\n")).plan.sections[0].id == "가"


def test_every_column() -> None:
    text = (
        "seat_id,section,row,number,grade,x,y,kind,capacity,accessible,memo\n"
        "s2,A,1,2,R,20,10,,,,x\n"
        "s1,A,1,1,R,10,10,reserved,,yes,x\n"
        ",B,,,STANDING,,,스탠딩,250,,x\n"
        "\n"
    )
    found = load(text)
    a, b = found.plan.sections
    assert list(a.seat_ids()) == ["s1", "s2"], "seats are in the order in which they stand"
    assert a.rows[0].accessible == (0,)
    assert (b.kind, b.capacity, b.grade) == (SectionKind.STANDING, 250, "STANDING")
    assert b.outline
    assert found.plan.capacity == 252


def test_missing_numbers_become_an_aisle() -> None:
    text = "section,row,number,grade\n" + "".join(f"A,1,{n},R\n" for n in (1, 2, 3, 5, 6, 7))
    index = PlanIndex(load(text).plan)
    assert [(run.first, run.count) for run in index.runs(index.sections[0])] == [(0, 3), (3, 3)]


def test_numbers_sort_as_people_count() -> None:
    text = "section,row,number,grade\n" + "".join(f"A,1,{n},R\n" for n in ("10", "9", "B2", "B10", "1"))
    assert load(text).plan.sections[0].rows[0].numbers == ("B2", "B10", "1", "9", "10")


def test_vertical_rows_follow_y() -> None:
    text = "section,row,number,grade,x,y\nA,1,2,R,5,20\nA,1,1,R,5.5,10\nA,1,3,R,5,30\n"
    assert load(text).plan.sections[0].rows[0].numbers == ("1", "2", "3")


def test_progress_ends_complete() -> None:
    steps: list[tuple[int, int]] = []
    text = "section,row,number,grade\n" + "".join(f"A,{n // 50},{n % 50},R\n" for n in range(3000))
    import_bytes("x.csv", text.encode(), lambda done, total: steps.append((done, total)))
    assert len(steps) >= 3
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1]


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("hello world", "hall.csv:1", "no column section, row, number, grade"),
        ("section,row,number\n", "hall.csv:1", "no column grade"),
        ("section,section,row,number,grade\n", "hall.csv:1", "two columns mean 'section'"),
        ("section,row,number,grade,x\n", "hall.csv:1", "x without y"),
        ("section,row,number,grade\n", "hall.csv:1", "no seats"),
        (SIMPLE + "A,1,,R\n", "hall.csv:5 column number", "empty"),
        (SIMPLE + "A\n", "hall.csv:5 column grade", "empty"),
        (SIMPLE + ",1,1,R\n", "hall.csv:5 column section", "empty"),
        (SIMPLE + "A,1,2,R\n", "hall.csv:5 column seat_id", "'A-1-2' is used twice, first at hall.csv:3"),
        (SIMPLE + 'A,1,"3,R\n', "hall.csv:5", "not CSV"),
        ("section,row,number,grade,x,y\nA,1,1,R,abc,1\n", "hall.csv:2 column x", "'abc' is not"),
        ("section,row,number,grade,x,y\nA,1,1,R,nan,1\n", "hall.csv:2 column x", "'nan' is not"),
        ("section,row,number,grade,x,y\nA,1,1,R,1,1e9\n", "hall.csv:2 column y", "'1e9' is not"),
        ("section,row,number,grade,x,y\nA,1,1,R,1,\n", "hall.csv:2 column x", "x without y"),
        ("section,row,number,grade,x,y\nA,1,1,R,1,1\nA,1,2,R,,\n", "hall.csv:3 column x", "other seats"),
        ("section,row,number,grade,kind,capacity\nA,,,S,standing,-5\n", "hall.csv:2 column capacity", "'-5'"),
        ("section,row,number,grade,kind,capacity\nA,,,S,standing,\n", "hall.csv:2 column capacity", "''"),
        ("section,row,number,grade,kind,capacity\nA,,,S,sofa,5\n", "hall.csv:2 column kind", "unknown kind"),
        (
            "section,row,number,grade,kind,capacity\nA,,,S,standing,5\nA,1,1,R,,\n",
            "hall.csv:3 column kind",
            "both reserved and standing",
        ),
        (
            "section,row,number,grade,kind,capacity\nA,,,S,standing,5\nA,,,S,standing,5\n",
            "hall.csv:3 column section",
            "already on line 2",
        ),
        ("section,row,number,grade,kind,capacity\nA,,,S,standing,999999999\n", "hall.csv:2", "more than 200000"),
        ("section,row,number,grade,accessible\nA,1,1,R,maybe\n", "hall.csv:2 column accessible", "neither yes nor no"),
        (f"section,row,number,grade\nA,1,{'9' * 40},R\n", "hall.csv:2 column number", "cannot be a seat number"),
    ],
)
def test_each_mistake_is_named_with_its_line(text: str, where: str, words: str) -> None:
    error = failed(text)
    assert any(p.where == where and words in p.what and p.cure for p in error.problems), str(error)


def test_a_quoted_line_break_does_not_shift_the_lines_that_are_named() -> None:
    error = failed('section,row,number,grade\n"A",1,"1\n2",R\nA,1,,R\n')
    assert [p.where for p in error.problems] == ["hall.csv:4 column number"]


def test_text_in_no_known_encoding() -> None:
    data = b"section,row,number,grade\nA,1,1,R\nA,1,\xff\xff\xff,R\n"
    with pytest.raises(ImportFailed, match=r"x\.csv:3: neither UTF-8 nor CP949"):
        import_bytes("x.csv", data)


@given(st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_garbage_lines_load_or_are_refused_in_words(text: str) -> None:
    content = ("section,row,number,grade,x,y,kind,capacity\nA,1,1,R,1,1,,\n" + text).encode("utf-8", "surrogatepass")
    try:
        found = import_bytes("x.csv", content)
    except ImportFailed as error:
        assert error.problems  # noqa: PT017 - either outcome is right, a third one is not
    else:
        assert found.plan.capacity >= 1


cells = st.sampled_from(
    ["", "A", "1", "2", "R", "standing", "5", "-1", "nan", "1e5", "가", '"', "  ", "\x00", "9" * 5000]
)


@given(st.lists(st.lists(cells, max_size=9), max_size=6))
@settings(max_examples=150, deadline=None)
def test_garbage_cells_load_or_are_refused_in_words(rows: list[list[str]]) -> None:
    lines = ["section,row,number,grade,x,y,kind,capacity,seat_id", *(",".join(row) for row in rows)]
    try:
        found = import_bytes("x.csv", "\n".join(lines).encode())
    except ImportFailed as error:
        assert error.problems  # noqa: PT017 - either outcome is right, a third one is not
    else:
        assert PlanIndex(found.plan).capacity == found.plan.capacity


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_garbage_bytes_are_refused_in_words(content: bytes) -> None:
    with pytest.raises(ImportFailed):
        import_bytes("x.csv", content)
