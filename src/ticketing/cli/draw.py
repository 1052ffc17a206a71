"""ticketing verify-draw: was the draw of a waiting line what it was promised to be?"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO, cast

import typer
from rich.markup import escape
from rich.progress import Progress

from ticketing.base.clock import rfc3339
from ticketing.cli.console import AsJson, app, err, fail, out, print_json
from ticketing.waiting.beacon import BEACONS
from ticketing.waiting.record import document
from ticketing.waiting.verify import Expected, Tell, Verdict, verify

_CHECKED = {
    "record": "the record is whole; its digest and its seed follow from what it says",
    "commitment": "the revealed secret is the one that was promised before",
    "noted_commitment": "the promise is the one that you noted",
    "noted_digest": "what was fixed at the close is what you noted",
    "roll": "the list of people is the one that was fixed when registration closed",
    "twice": "nobody is in the list twice",
    "place": "every place is the one that the draw gives",
    "bijection": "every place was given exactly once",
}
_FAILS = {
    "twice": ("twice",),
    "place": ("place", "line", "missing", "surplus"),
    "roll": ("roll", "missing", "surplus"),
}
_HEX = 64


@app.command("verify-draw")
def verify_draw(
    export: Annotated[Path, typer.Argument(help="The published draw: JSON lines, or the same gzipped.")],
    subject: Annotated[str | None, typer.Option(help="Look up this pseudonym.")] = None,
    index: Annotated[int | None, typer.Option(min=1, help="Look up who joined as this number.")] = None,
    place: Annotated[int | None, typer.Option(min=1, help="Look up this place; with another: they must agree.")] = None,
    commitment: Annotated[str | None, typer.Option(help="The 64 digits that you noted before the draw.")] = None,
    digest: Annotated[str | None, typer.Option(help="The 64 digits that you noted when registration closed.")] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute a draw from its published record alone: needs no network, no settings and no trust.

    Exit codes: 0 proved, 1 something does not agree, 2 the file could not be read, or wrong usage.
    """
    for name, given in (("--commitment", commitment), ("--digest", digest)):
        if given is not None and (len(given) != _HEX or set(given.lower()) - set("0123456789abcdef")):
            raise fail(f"{name} takes the {_HEX} digits 0-9 a-f that were published", 2)
    expected = Expected(commitment, digest, subject, index, place)
    try:
        with _open(export) as source, _progress() as tell:
            verdict = verify(source, expected, tell)
    except (OSError, EOFError, zlib.error) as error:
        raise fail(f"cannot read {export}: {getattr(error, 'strerror', None) or error}", 2) from None
    if as_json:
        print_json(_document(verdict))
    else:
        _say(verdict)
    raise typer.Exit(0 if verdict.ok else 1)


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as raw:
        if raw.peek(2)[:2] != b"\x1f\x8b":
            yield raw
            return
        with gzip.GzipFile(fileobj=raw) as unpacked:
            yield cast(BinaryIO, unpacked)


@contextmanager
def _progress() -> Iterator[Tell]:
    if not err.is_terminal:
        yield lambda _done, _of: None
        return
    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("recomputing places", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def _notes(verdict: Verdict) -> list[str]:
    """What a proved draw does not prove."""
    record = verdict.record
    notes: list[str] = []
    if record is None or not record.revealed:
        return notes
    if record.beacon is None:
        notes.append(
            "without outside randomness: the platform could have tried out registrations of its own before the close"
        )
    else:
        url = BEACONS[record.beacon.source].url.format(round=record.beacon.round)
        notes.append(f"outside randomness: compare {record.beacon.value.hex()} with {url}")
    if verdict.nobody:
        notes.append(f"{verdict.nobody} places belong to nobody: numbers that were skipped")
    notes.append(f"compare the digest with what was shown at the close: {record.digest.hex()}")
    return notes


def _say(verdict: Verdict) -> None:
    record = verdict.record
    if record is not None:
        n = "open" if record.n is None else f"{record.n:,} people"
        out.print(f"[bold]{record.event_id}[/], draw {record.epoch}, {n}")
        out.print(f"promised  {rfc3339(record.published_at)}  {record.commitment}", soft_wrap=True)
        if record.closed_at is not None:
            out.print(f"closed    {rfc3339(record.closed_at)}  {record.digest.hex()}", soft_wrap=True)
    for check in verdict.checked:
        if not any(code in verdict.findings for code in _FAILS.get(check, (check,))):
            out.print(f"[green]✓[/] {_CHECKED[check]}")
    for finding in verdict.findings.values():
        more = f" (and {finding.count - 1:,} more)" if finding.count > 1 else ""
        out.print(f"[bold red]✗[/] {escape(finding.detail)}{more}", soft_wrap=True)
    if verdict.person:
        person = verdict.person
        out.print(f"[bold]{escape(person.subject)}[/] joined as number {person.index:,} and has place {person.place:,}")
    for note in _notes(verdict):
        out.print(f"[dim]note:[/] {note}", soft_wrap=True)
    out.print("[bold green]proved[/]" if verdict.ok else "[bold red]NOT proved[/]")


def _document(verdict: Verdict) -> dict[str, Any]:
    person = verdict.person
    return {
        "ok": verdict.ok,
        "record": document(verdict.record) if verdict.record else None,
        "checked": verdict.checked,
        "findings": [vars(finding) for finding in verdict.findings.values()],
        "person": vars(person) if person else None,
        "lines": verdict.lines,
        "nobody": verdict.nobody,
        "notes": _notes(verdict),
    }
