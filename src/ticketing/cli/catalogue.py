"""ticketing import-plan, ticketing create-event."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.progress import Progress

from ticketing.base.clock import SystemClock, parse_rfc3339
from ticketing.base.db import connect_database
from ticketing.catalog.create_event import NewEvent, NewPrice, NewVenue, create_event, describe
from ticketing.catalog.import_plan import import_plan
from ticketing.catalog.model import Localized
from ticketing.catalog.problems import ImportFailed
from ticketing.catalog.save_plan import save_plan
from ticketing.cli.console import AsJson, app, err, fail, out, print_json, run, settings_or_exit


@app.command("import-plan")
def import_plan_command(
    file: Annotated[Path, typer.Argument(help="Our plan JSON, a pretix seating-plan JSON, or CSV.")],
    check: Annotated[bool, typer.Option("--check", help="Only check the file; store nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read a seat plan, check it and store it. Prints the version that create-event wants."""
    settings = None if check else settings_or_exit()
    try:
        with Progress(console=err, transient=True) as bar:
            task = bar.add_task(f"reading {file.name}", total=None)
            imported = import_plan(file, lambda done, total: bar.update(task, completed=done, total=total))
    except ImportFailed as error:
        raise fail(f"{file} was not imported; nothing was stored.\n{error}") from None
    summary = imported.describe()
    if settings is not None:

        async def work() -> bool:
            db = connect_database(settings.database_url)
            try:
                return (await save_plan(db, SystemClock(), imported.plan, imported.encoded)).is_new
            finally:
                await db.close()

        summary["stored"] = "new" if run(work) else "was there already"
    if as_json:
        print_json(summary)
        return
    for key, value in summary.items():
        out.print(f"[bold]{key}[/]: {value}")


class _VenueFile(msgspec.Struct, forbid_unknown_fields=True):
    name: dict[str, str]
    address: dict[str, str]
    time_zone: str


class _PriceFile(msgspec.Struct, forbid_unknown_fields=True):
    grade: str
    amount: int
    name: dict[str, str] | None = None
    color: str | None = None


class _EventFile(msgspec.Struct, forbid_unknown_fields=True):
    """What create-event reads: one JSON document; instants in RFC 3339."""

    plan_version: str
    name: dict[str, str]
    venue: _VenueFile | str
    starts_at: str
    on_sale_at: str
    off_sale_at: str
    prices: list[_PriceFile]
    description: dict[str, str] = {}
    doors_at: str | None = None
    max_per_person: int = 4
    waiting_room: bool = False
    currency: str = "KRW"


def _localized(names: dict[str, str]) -> Localized:
    ko = names.get("ko") or names.get("en", "")
    return Localized(ko, names.get("en") or ko)


def _new_event(file: _EventFile) -> tuple[NewVenue | str, NewEvent]:
    venue = (
        file.venue
        if isinstance(file.venue, str)
        else NewVenue(_localized(file.venue.name), _localized(file.venue.address), file.venue.time_zone)
    )
    prices = tuple(
        NewPrice(price.grade, price.amount, _localized(price.name) if price.name else None, price.color)
        for price in file.prices
    )
    return venue, NewEvent(
        plan_version=file.plan_version,
        name=_localized(file.name),
        description=_localized(file.description),
        starts_at=parse_rfc3339(file.starts_at),
        on_sale_at=parse_rfc3339(file.on_sale_at),
        off_sale_at=parse_rfc3339(file.off_sale_at),
        doors_at=parse_rfc3339(file.doors_at) if file.doors_at else None,
        prices=prices,
        max_per_person=file.max_per_person,
        waiting_room=file.waiting_room,
        currency=file.currency,
    )


@app.command("create-event")
def create_event_command(
    file: Annotated[Path, typer.Argument(help="JSON: plan_version, name, venue, starts_at, on_sale_at, prices, …")],
    as_json: AsJson = False,
) -> None:
    """Put an event on the calendar from a JSON file (docs/formats.md shows one)."""
    settings = settings_or_exit()
    try:
        venue, new = _new_event(msgspec.json.decode(file.read_bytes(), type=_EventFile))
    except OSError as error:
        raise fail(f"cannot read {file}: {error.strerror}", 2) from None
    except (msgspec.DecodeError, ValueError) as error:
        raise fail(f"{file}: {error}. docs/formats.md shows what the file should look like.") from None

    async def work() -> dict[str, object]:
        db = connect_database(settings.database_url)
        try:
            return describe(await create_event(db, SystemClock(), venue, new))
        finally:
            await db.close()

    summary = run(work)
    if as_json:
        print_json(summary)
        return
    for key, value in summary.items():
        out.print(f"[bold]{key}[/]: {value}")
