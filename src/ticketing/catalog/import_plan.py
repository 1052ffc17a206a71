"""Import a seat plan from a file: find out what it is, read it, check it. Writes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .check_plan import check_plan
from .document import EncodedPlan, decode_plan, encode_plan
from .json_source import JsonSource
from .model import SeatPlan, SectionKind
from .problems import SHOWN, Finding, ImportFailed, PlanProblem, Spot
from .read_csv import Progress, read_csv
from .read_json import locate as locate_json
from .read_json import read_json
from .read_pretix import locate as locate_pretix
from .read_pretix import read_pretix

MAX_BYTES = 64 * 1024 * 1024
"""Enough for 200,000 seats in the wordiest of the formats."""


@dataclass(frozen=True, slots=True)
class ImportedPlan:
    """A plan that may be saved. `notes` are surprises that are no errors."""

    plan: SeatPlan
    encoded: EncodedPlan
    format: str
    notes: tuple[str, ...]

    @property
    def version(self) -> str:
        """The version of the plan's content."""
        return self.encoded.version

    def describe(self) -> dict[str, object]:
        """A summary, ready for JSON or a table."""
        sections = self.plan.sections
        grades: dict[str, int] = dict.fromkeys(self.plan.grades(), 0)
        for section in sections:
            if section.grade is not None:
                grades[section.grade] += section.capacity
            for row in section.rows:
                grades[row.grade] += len(row.numbers)
        return {
            "name": self.plan.name,
            "version": self.version,
            "format": self.format,
            "capacity": self.plan.capacity,
            "reserved": sum(s.capacity for s in sections if s.kind is SectionKind.RESERVED),
            "standing": sum(s.capacity for s in sections if s.kind is SectionKind.STANDING),
            "accessible": sum(len(row.accessible) for s in sections for row in s.rows),
            "sections": len(sections),
            "rows": sum(len(s.rows) for s in sections),
            "grades": grades,
            "notes": list(self.notes),
        }


def import_plan(path: Path, progress: Progress | None = None) -> ImportedPlan:
    """Read a plan file: our JSON, pretix seating-plan JSON, or CSV.

    Args:
        path: the file; its content decides the format.
        progress: called with (done, total) now and then, the last time with done == total.

    Raises:
        ImportFailed: with everything that is wrong, where, and what to change.
    """
    return import_bytes(path.name, _content(path), progress)


def import_bytes(name: str, data: bytes, progress: Progress | None = None) -> ImportedPlan:
    """The same for content that is already here; `name` is used in messages. Raises ImportFailed."""
    if len(data) > MAX_BYTES:
        raise _refused(name, f"larger than {MAX_BYTES >> 20} MiB", "Export only the seats, or split the plan")
    if not data.strip(b" \t\r\n\xef\xbb\xbf\x00"):
        raise _refused(name, "the file is empty", "Export the plan again")
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return _import_json(name, data, progress)
    found = read_csv(name, data, progress)
    return _checked(found.plan, "csv", [], found.locate)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _refused(path.name, f"cannot be read: {reason}", "Check the path and its permissions") from None


def _refused(name: str, what: str, cure: str) -> ImportFailed:
    return ImportFailed([PlanProblem(f"{name}:1", what, cure)])


def _import_json(name: str, data: bytes, progress: Progress | None) -> ImportedPlan:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"byte {error.start} is not UTF-8"
        raise ImportFailed([PlanProblem(f"{name}:{line}", what, "Save the file as UTF-8")]) from None
    report = progress or (lambda _done, _total: None)
    source = JsonSource(name, text)
    report(1, 3)
    if isinstance(source.root, dict) and "zones" in source.root:
        found = read_pretix(source)
        report(2, 3)
        imported = _checked(found.plan, "pretix", found.notes, partial(locate_pretix, source, found))
    elif isinstance(source.root, dict) and "sections" in source.root:
        plan = read_json(source)
        report(2, 3)
        imported = _checked(plan, "json", [], partial(locate_json, source))
    else:
        cure = 'Give an object with "sections", or one with "zones"'
        raise _refused(name, "neither a plan of ours nor one of pretix", cure)
    report(3, 3)
    return imported


def _checked(
    plan: SeatPlan,
    format_name: str,
    notes: Iterable[str],
    locate: Callable[[Spot, str], str],
) -> ImportedPlan:
    problems: list[PlanProblem] = []
    unseen = 0
    for finding in check_plan(plan):
        if len(problems) < SHOWN:
            problems.append(_problem(finding, locate))
        else:
            unseen += 1
    if problems:
        raise ImportFailed(problems, unseen=unseen)
    encoded = encode_plan(plan)
    # Read back, so that the plan at hand is to the last digit the one that will be stored.
    return ImportedPlan(decode_plan(json.loads(encoded.body)), encoded, format_name, tuple(notes))


def _problem(finding: Finding, locate: Callable[[Spot, str], str]) -> PlanProblem:
    what = finding.what
    if finding.first is not None:
        what += f", first at {locate(finding.first, finding.field)}"
    return PlanProblem(locate(finding.spot, finding.field), what, finding.cure)
