"""Read a plan from a spreadsheet saved as CSV: one line per seat, or per standing section.

Columns (any order, English or Korean headings): section, row, number, grade, and if wanted x, y, kind, capacity,
seat_id, accessible. Seats without x and y are laid out on a grid. UTF-8 (with or without BOM), UTF-16 with BOM,
and CP949, which Korean Excel writes; separated by commas, semicolons or tabs.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import NoReturn

from .check_plan import MAX_PLACES
from .csv_draft import SeatDraft, SectionDraft, lay_out, section_of
from .geometry import DEFAULT_PITCH, completed, fitted, standing_block
from .model import SeatPlan, Section, SectionKind
from .problems import SHOWN, ImportFailed, PlanProblem, Spot

Progress = Callable[[int, int], None]
"""Called with (done, total) now and then."""

_HEADINGS = {
    "section": ("section", "block", "구역", "블록"),
    "row": ("row", "열", "행"),
    "number": ("number", "seat", "번호", "좌석", "좌석번호"),
    "grade": ("grade", "category", "등급", "좌석등급"),
    "x": ("x",),
    "y": ("y",),
    "kind": ("kind", "type", "종류", "구분"),
    "capacity": ("capacity", "정원", "수용인원"),
    "seat_id": ("seat_id", "id", "좌석id"),
    "accessible": ("accessible", "wheelchair", "휠체어"),
}
_STANDING = {"standing", "ga", "스탠딩", "입석"}
_RESERVED = {"", "reserved", "seated", "지정석", "좌석"}
_YES = {"1", "y", "yes", "true", "o", "예"}
_NO = {"", "0", "n", "no", "false", "x", "아니오"}


@dataclass(slots=True)
class CsvPlan:
    """The plan, and on which line each seat, row and section stands."""

    plan: SeatPlan
    file: str
    lines: dict[Spot, int]

    def locate(self, spot: Spot, field_name: str) -> str:
        """`file:line column` of a spot."""
        whole = Spot(spot.section)
        row = Spot(spot.section, spot.row)
        line = self.lines.get(spot) or self.lines.get(row) or self.lines.get(whole) or 1
        return f"{self.file}:{line} column {'section' if field_name == 'id' else field_name}"


def decode(file: str, data: bytes) -> str:
    """The text of a CSV file. Raises ImportFailed when it is in no encoding that spreadsheets write."""
    encodings = ["utf-16"] if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "cp949"]
    worst = 0
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            worst = max(worst, error.start)
    line = data.count(b"\n", 0, worst) + 1
    what = "neither UTF-8 nor CP949 text"
    cure = "In the spreadsheet choose Save as, CSV UTF-8"
    raise ImportFailed([PlanProblem(f"{file}:{line}", what, cure)])


def read_csv(file: str, data: bytes, progress: Progress | None = None) -> CsvPlan:
    """The plan of a CSV file. Raises ImportFailed with every problem and its line."""
    return _Reader(file, decode(file, data), progress).read()


class _Reader:
    def __init__(self, file: str, text: str, progress: Progress | None) -> None:
        self.file = file
        self.text = unicodedata.normalize("NFC", text)
        self.total = self.text.count("\n") + 1
        self.progress = progress
        self.problems: list[PlanProblem] = []
        self.unseen = 0
        self.columns: dict[str, int] = {}
        self.sections: dict[str, SectionDraft] = {}
        self.places = 0

    def complain(self, line: int, column: str, what: str, cure: str) -> None:
        if len(self.problems) >= SHOWN:
            self.unseen += 1
            return
        self.problems.append(PlanProblem(f"{self.file}:{line} column {column}", what, cure))

    def fail(self, line: int, what: str, cure: str) -> NoReturn:
        raise ImportFailed([*self.problems, PlanProblem(f"{self.file}:{line}", what, cure)])

    def read(self) -> CsvPlan:
        records = self.records()
        line, headings = next(records, (1, []))
        self.head(line, headings)
        for line, cells in records:
            if any(cell.strip() for cell in cells):
                self.record(line, {name: cells[i].strip() for name, i in self.columns.items() if i < len(cells)})
            if self.progress and line % 1000 == 0:
                self.progress(line, self.total)
        if self.problems:
            raise ImportFailed(self.problems, unseen=self.unseen)
        if not self.sections:
            self.fail(line, "there are headings but no seats", "Add one line per seat")
        return self.built()

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Each record with the line on which it begins."""
        heading = self.text.lstrip("\r\n").partition("\n")[0]
        delimiter = max(",;\t", key=heading.count)
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=delimiter, strict=True)
        line = 1
        try:
            for cells in reader:
                yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            self.fail(line, f"not CSV: {error}", 'Close every " that is open, and remove control characters')

    def head(self, line: int, headings: list[str]) -> None:
        names = {alias: name for name, aliases in _HEADINGS.items() for alias in aliases}
        for i, heading in enumerate(headings):
            name = names.get(re.sub(r"\s+", "", heading).casefold())
            if name is None:
                continue
            if name in self.columns:
                self.fail(line, f"two columns mean {name!r}", "Keep one of them")
            self.columns[name] = i
        missing = [name for name in ("section", "row", "number", "grade") if name not in self.columns]
        if missing:
            what = f"no column {', '.join(missing)} in the first line"
            self.fail(line, what, "The first line must be the headings: section,row,number,grade")
        if ("x" in self.columns) != ("y" in self.columns):
            self.fail(line, "x without y, or y without x", "Give both columns, or neither")

    def record(self, line: int, cells: dict[str, str]) -> None:
        name = cells.get("section", "")
        kind = self.kind(line, cells.get("kind", ""))
        if not name:
            self.complain(line, "section", "the section is empty", "Say in which section this is")
        if not cells.get("grade"):
            self.complain(line, "grade", "the grade is empty", "Name the price grade, for example R")
        section = self.sections.setdefault(name, SectionDraft(line, kind))
        if section.kind is not kind:
            self.complain(line, "kind", f"{name!r} is both reserved and standing", "Use two sections")
        elif kind is SectionKind.STANDING:
            self.standing(line, name, section, cells)
        else:
            self.seat(line, section, cells)
        if self.places > MAX_PLACES:
            self.fail(line, f"more than {MAX_PLACES} places", "Split the plan")

    def kind(self, line: int, text: str) -> SectionKind:
        if text.casefold() in _STANDING:
            return SectionKind.STANDING
        if text.casefold() not in _RESERVED:
            self.complain(line, "kind", f"unknown kind {text[:40]!r}", "Use reserved or standing")
        return SectionKind.RESERVED

    def standing(self, line: int, name: str, section: SectionDraft, cells: dict[str, str]) -> None:
        if section.capacity:
            self.complain(
                line, "section", f"standing section {name!r} was already on line {section.line}", "Give it one line"
            )
            return
        text = cells.get("capacity", "")
        section.grade = cells.get("grade")
        section.capacity = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0
        self.places += section.capacity
        if section.capacity < 1:
            self.complain(line, "capacity", f"capacity is {text[:40]!r}", "Use a whole number of 1 or more")

    def seat(self, line: int, section: SectionDraft, cells: dict[str, str]) -> None:
        for column in ("row", "number"):
            if not cells.get(column):
                self.complain(line, column, f"the {column} is empty", "Fill it in, or make the line kind standing")
        accessible = cells.get("accessible", "").casefold()
        if accessible not in _YES | _NO:
            what = f"{accessible[:40]!r} is neither yes nor no"
            self.complain(line, "accessible", what, "Use yes, or leave it empty")
        x, y = self.coordinate(line, "x", cells), self.coordinate(line, "y", cells)
        if (x is None) != (y is None):
            self.complain(line, "x", "x without y, or y without x", "Give both, or neither")
        seat = SeatDraft(
            line, cells.get("number", ""), cells.get("grade", ""), cells.get("seat_id", ""), x, y, accessible in _YES
        )
        section.rows.setdefault(cells.get("row", ""), []).append(seat)
        self.places += 1

    def coordinate(self, line: int, column: str, cells: dict[str, str]) -> float | None:
        text = cells.get(column, "")
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not (isfinite(value) and abs(value) <= 100_000):
            self.complain(line, column, f"{text[:40]!r} is not a usable number", "Use a number such as 120.5")
            return 0.0
        return value

    def built(self) -> CsvPlan:
        lines: dict[Spot, int] = {}
        sections: list[Section] = []
        top = DEFAULT_PITCH
        for position, (name, draft) in enumerate(self.sections.items()):
            lines[Spot(position)] = draft.line
            seats = [seat for row in draft.rows.values() for seat in row]
            if draft.rows and all(seat.x is None for seat in seats):
                top = lay_out(draft, top)
            for seat in seats:
                if seat.x is None:
                    self.complain(seat.line, "x", "other seats of the section have a position", "Give x and y to all")
            if self.problems:
                raise ImportFailed(self.problems)
            sections.append(section_of(name, draft, position, lines))
        name = re.sub(r"\.[^.]*$", "", self.file).strip() or "Seat plan"
        plan = fitted(completed(standing_block(SeatPlan(name, 1.0, 1.0, tuple(sections)))))
        if self.progress:
            self.progress(self.total, self.total)
        return CsvPlan(plan, self.file, lines)
