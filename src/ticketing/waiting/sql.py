"""Tables and statements of the waiting room: lines, places, visits, the leader's lease, the staff's actions.

`line_visits.live` is 1 while somebody is inside and NULL afterwards: the unique key over (event, subject, live) judges
that nobody is inside twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.mysql import VARBINARY
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base.db import Database, Millis, table
from ticketing.waiting.model import Admission, Ending, Line, Phase

_Bytes32 = LargeBinary().with_variant(VARBINARY(32), "mysql", "mariadb")

lines = table(
    "lines",
    Column("event_id", String(64), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("salt", _Bytes32, nullable=False),
    Column("secret", _Bytes32, nullable=False),
    Column("commitment", String(64), nullable=False),
    Column("lobby_at", Millis, nullable=False),
    Column("opens_at", Millis, nullable=False),
    Column("cap", Integer, nullable=False),
    Column("rate", Integer, nullable=False),
    Column("phase", String(16), nullable=False),
    Column("n", Integer, nullable=True),
    Column("roll", _Bytes32, nullable=True),
    Column("closed_at", Millis, nullable=True),
    Column("beacon_source", String(40), nullable=True),
    Column("beacon", Text, nullable=True),
    Column("seed", _Bytes32, nullable=True),
    Column("issued", Integer, nullable=False),
    Column("serving", Integer, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("draining", Boolean, nullable=False),
    Column("message_ko", String(400), nullable=False),
    Column("message_en", String(400), nullable=False),
    Column("about", Integer, nullable=False),
    Column("work_bits", SmallInteger, nullable=False),
    Column("open_until", Millis, nullable=False),
    Column("created_at", Millis, nullable=False),
    Index("ix_lines_phase", "phase"),
)

line_places = table(
    "line_places",
    Column("event_id", String(64), primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("idx", Integer, primary_key=True, autoincrement=False),
    Column("subject", String(22), nullable=False),
    Column("joined_at", Millis, nullable=False),
    Index("ix_line_places_subject", "event_id", "subject"),
)
"""Who holds which index; the column is called `idx`, since `index` is a word of SQL."""

line_visits = table(
    "line_visits",
    Column("event_id", String(64), primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("idx", Integer, primary_key=True, autoincrement=False),
    Column("subject", String(22), nullable=False),
    Column("lease_id", String(40), nullable=False),
    Column("position", Integer, nullable=False),
    Column("admitted_at", Millis, nullable=False),
    Column("entered_at", Millis, nullable=False),
    Column("ends_at", Millis, nullable=False),
    Column("ended_at", Millis, nullable=True),
    Column("reason", String(16), nullable=True),
    Column("live", SmallInteger, nullable=True),
    UniqueConstraint("event_id", "subject", "live", name="uq_line_visits_live"),
    Index("ix_line_visits_admitted", "event_id", "admitted_at"),
)

line_leader = table(
    "line_leader",
    Column("name", String(20), primary_key=True),
    Column("fence", Integer, nullable=False),
    Column("beat", Integer, nullable=False),
    Column("holder", String(80), nullable=False),
)

line_actions = table(
    "line_actions",
    Column("id", String(40), primary_key=True),
    Column("event_id", String(64), nullable=False),
    Column("account_id", String(40), nullable=False),
    Column("action", String(24), nullable=False),
    Column("detail", Text, nullable=False),
    Column("reason", String(400), nullable=False),
    Column("at", Millis, nullable=False),
    Index("ix_line_actions_event", "event_id", "at"),
)


def _line(row: Any) -> Line:
    fields = dict(row._mapping)
    return Line(**fields | {"phase": Phase(fields["phase"])})


def _values(line: Line) -> dict[str, Any]:
    return {column.name: getattr(line, column.name) for column in lines.columns} | {"phase": line.phase.value}


async def insert_line(db: Database, conn: AsyncConnection, line: Line) -> bool:
    """Add a line; False when the event has one."""
    return (await conn.execute(db.insert_ignore(lines).values(**_values(line)))).rowcount > 0


async def find_line(conn: AsyncConnection, event_id: str) -> Line | None:
    """The line of an event."""
    row = (await conn.execute(select(lines).where(lines.c.event_id == event_id))).one_or_none()
    return _line(row) if row else None


async def open_lines(conn: AsyncConnection) -> list[Line]:
    """Lines that are not closed."""
    return [_line(row) for row in await conn.execute(select(lines).where(lines.c.phase != Phase.CLOSED.value))]


async def update_line(conn: AsyncConnection, event_id: str, epoch: int, **values: Any) -> bool:
    """Change columns of a line; `serving` and `issued` only ever grow."""
    conditions = [lines.c.event_id == event_id, lines.c.epoch == epoch]
    conditions += [lines.c[name] <= values[name] for name in ("serving", "issued") if name in values]
    return (await conn.execute(update(lines).where(*conditions).values(**values))).rowcount > 0


async def reserve(conn: AsyncConnection, event_id: str, block: int) -> int:
    """Reserve `block` more indexes; gives the new highest."""
    await conn.execute(update(lines).where(lines.c.event_id == event_id).values(issued=lines.c.issued + block))
    return int((await conn.execute(select(lines.c.issued).where(lines.c.event_id == event_id))).scalar_one())


async def save_places(
    db: Database, conn: AsyncConnection, event_id: str, epoch: int, places: Sequence[tuple[int, str, int]]
) -> None:
    """Add (index, subject, joined at); what is there already stays."""
    if places:
        await conn.execute(
            db.insert_ignore(line_places),
            [
                {"event_id": event_id, "epoch": epoch, "idx": index, "subject": subject, "joined_at": at}
                for index, subject, at in places
            ],
        )


async def places_after(
    conn: AsyncConnection, event_id: str, epoch: int, after: int, limit: int, upto: int = 2**31 - 1
) -> list[tuple[int, str]]:
    """(index, subject) in order, `limit` at a time."""
    where = (
        line_places.c.event_id == event_id,
        line_places.c.epoch == epoch,
        line_places.c.idx > after,
        line_places.c.idx <= upto,
    )
    statement = select(line_places.c.idx, line_places.c.subject).where(*where)
    rows = await conn.execute(statement.order_by(line_places.c.idx).limit(limit))
    return [(row.idx, row.subject) for row in rows]


async def save_visits(db: Database, conn: AsyncConnection, visits: Sequence[tuple[Admission, int, int]]) -> None:
    """Write (admission, position, entered at): new ones, and those that came back within their time.

    Of each subject the visit with the highest index is the one that lasts: the claim script let them in by it, so what
    was before is over there. An earlier one ends now, or is written as ended: visits come in any order.
    """
    newest: dict[tuple[str, str], tuple[int, int]] = {}
    for v, _, _ in visits:
        newest[v.event_id, v.subject] = max(newest.get((v.event_id, v.subject), (0, 0)), (v.epoch, v.index))
    # Nearly all are new, and one statement serves them. A row that the keys kept out is known, or has another visit.
    rows = _visit_rows(visits, newest)
    inserted = await conn.execute(db.insert_ignore(line_visits), rows)
    if inserted.rowcount == len(rows):
        return
    where = (line_visits.c.event_id == bindparam("e"), line_visits.c.subject == bindparam("s"))
    epoch: Any = bindparam("ep")
    index: Any = bindparam("p")
    entry: Any = bindparam("entered")
    earlier = or_(line_visits.c.epoch < epoch, and_(line_visits.c.epoch == epoch, line_visits.c.idx < index))
    await conn.execute(
        update(line_visits)
        .where(*where, earlier, line_visits.c.live == 1)
        .values(live=None, ended_at=entry, reason=func.coalesce(line_visits.c.reason, "left")),
        [{"e": v.event_id, "s": v.subject, "ep": v.epoch, "p": v.index, "entered": at} for v, _, at in visits],
    )
    for row in await _live_of(conn, newest):
        key = (row.event_id, row.subject)
        newest[key] = max(newest.get(key, (0, 0)), (row.epoch, row.idx))
    await conn.execute(db.insert_ignore(line_visits), _visit_rows(visits, newest))
    lasting = [(v, at) for v, _, at in visits if newest[v.event_id, v.subject] == (v.epoch, v.index)]
    if not lasting:
        return
    await conn.execute(
        update(line_visits)
        .where(*where, line_visits.c.epoch == epoch, line_visits.c.idx == index)
        # Also what makes it this visit: one that Valkey lost before it was confirmed begins anew.
        .values(
            lease_id=bindparam("lease"),
            admitted_at=bindparam("admitted"),
            ends_at=bindparam("ends"),
            entered_at=entry,
            ended_at=None,
            reason=None,
            live=1,
        ),
        [
            {
                "e": v.event_id,
                "s": v.subject,
                "ep": v.epoch,
                "p": v.index,
                "lease": v.lease_id,
                "admitted": v.admitted_at,
                "ends": v.ends_at,
                "entered": at,
            }
            for v, at in lasting
        ],
    )


def _visit_rows(
    visits: Sequence[tuple[Admission, int, int]], newest: Mapping[tuple[str, str], tuple[int, int]]
) -> list[dict[str, Any]]:
    rows = []
    for v, position, entered in visits:
        lasts = newest[v.event_id, v.subject] == (v.epoch, v.index)
        rows.append(
            {
                "event_id": v.event_id,
                "epoch": v.epoch,
                "idx": v.index,
                "subject": v.subject,
                "lease_id": v.lease_id,
                "position": position,
                "admitted_at": v.admitted_at,
                "entered_at": entered,
                "ends_at": v.ends_at,
                "ended_at": None if lasts else entered,
                "reason": None if lasts else Ending.LEFT.value,
                "live": 1 if lasts else None,
            }
        )
    return rows


async def _live_of(conn: AsyncConnection, subjects: Iterable[tuple[str, str]]) -> list[Any]:
    """(event_id, subject, epoch, idx) of the visits that last, of these (event, subject) and perhaps of some others."""
    events, names = zip(*subjects, strict=True)
    wanted = (line_visits.c.event_id.in_(set(events)), line_visits.c.subject.in_(names), line_visits.c.live == 1)
    columns = (line_visits.c.event_id, line_visits.c.subject, line_visits.c.epoch, line_visits.c.idx)
    return list(await conn.execute(select(*columns).where(*wanted)))


async def end_visits(
    db: Database, conn: AsyncConnection, event_id: str, epoch: int, endings: Iterable[tuple[int, str, str, int, str]]
) -> None:
    """Write (index, subject, reason, instant, lease id) of what ended; a place given up unused is noted as used."""
    endings = list(endings)
    if not endings:
        return
    await conn.execute(
        update(line_visits)
        .where(
            line_visits.c.event_id == event_id,
            line_visits.c.epoch == epoch,
            line_visits.c.idx == bindparam("p"),
            line_visits.c.entered_at <= bindparam("at"),
        )
        .values(live=None, ended_at=bindparam("at"), reason=bindparam("why")),
        [{"p": index, "at": at, "why": reason} for index, _, reason, at, _ in endings],
    )
    given_up = [
        {
            "event_id": event_id,
            "epoch": epoch,
            "idx": index,
            "subject": subject,
            "lease_id": "",
            "position": 0,
            "admitted_at": at,
            "entered_at": at,
            "ends_at": at,
            "ended_at": at,
            "reason": reason,
            "live": None,
        }
        for index, subject, reason, at, lease_id in endings
        # With a lease as well: the process may have died before that visit was written down.
        if not lease_id or reason != Ending.IDLE
    ]
    if given_up:
        await conn.execute(db.insert_ignore(line_visits), given_up)


async def visits_after(conn: AsyncConnection, event_id: str, epoch: int, after: int, limit: int) -> list[Any]:
    """All visits in order of index: rows of the table, `limit` at a time."""
    where = (
        line_visits.c.event_id == event_id,
        line_visits.c.epoch == epoch,
        line_visits.c.idx > after,
    )
    return list(await conn.execute(select(line_visits).where(*where).order_by(line_visits.c.idx).limit(limit)))


async def called_long_ago(
    conn: AsyncConnection, event_id: str, epoch: int, reservation_ms: int
) -> tuple[int, list[tuple[str, int]]]:
    """Up to which position all were called at least `reservation_ms` before the last visit began, as far as the books
    can prove it (somebody at that position was let in so long ago), and (lease id, position) of who came in behind.
    """
    where = (line_visits.c.event_id == event_id, line_visits.c.epoch == epoch)
    last = (await conn.execute(select(func.max(line_visits.c.admitted_at)).where(*where))).scalar()
    if last is None:
        return 0, []
    long_ago = line_visits.c.admitted_at <= last - reservation_ms
    old = (await conn.execute(select(func.max(line_visits.c.position)).where(*where, long_ago))).scalar() or 0
    behind = select(line_visits.c.lease_id, line_visits.c.position).where(*where, line_visits.c.position > old)
    return old, [(lease, position) for lease, position in await conn.execute(behind) if lease]


async def lead(conn: AsyncConnection, name: str, fence: int) -> bool:
    """The leader's beat: False when another leads. Locks the row until the commit, so nobody can take over within."""
    beat = update(line_leader).where(line_leader.c.name == name, line_leader.c.fence == fence)
    return (await conn.execute(beat.values(beat=line_leader.c.beat + 1))).rowcount > 0


async def read_leader(conn: AsyncConnection, name: str) -> tuple[int, int, str] | None:
    """(fence, beat, holder)."""
    row = (await conn.execute(select(line_leader).where(line_leader.c.name == name))).one_or_none()
    return (row.fence, row.beat, row.holder) if row else None


async def take_lead(
    db: Database, conn: AsyncConnection, name: str, seen: tuple[int, int] | None, holder: str
) -> int | None:
    """Become the leader if (fence, beat) are still as they were seen; gives the new fence, or None."""
    if seen is None:
        first = db.insert_ignore(line_leader).values(name=name, fence=1, beat=0, holder=holder)
        return 1 if (await conn.execute(first)).rowcount > 0 else None
    fence, beat = seen
    where = (line_leader.c.name == name, line_leader.c.fence == fence, line_leader.c.beat == beat)
    taken = await conn.execute(update(line_leader).where(*where).values(fence=fence + 1, holder=holder))
    return fence + 1 if taken.rowcount > 0 else None


async def resign(conn: AsyncConnection, name: str, fence: int) -> None:
    """Leave the lease without a holder."""
    held = (line_leader.c.name == name, line_leader.c.fence == fence)
    await conn.execute(update(line_leader).where(*held).values(holder=""))


async def note_action(conn: AsyncConnection, **values: Any) -> None:
    """Write down what a member of staff did."""
    await conn.execute(insert(line_actions).values(**values))


async def latest_actions(conn: AsyncConnection, event_id: str, limit: int) -> list[Any]:
    """The newest actions first."""
    statement = select(line_actions).where(line_actions.c.event_id == event_id)
    return list(await conn.execute(statement.order_by(line_actions.c.at.desc()).limit(limit)))


async def count_places(conn: AsyncConnection, event_id: str, epoch: int) -> int:
    """How many places the database knows."""
    where = (line_places.c.event_id == event_id, line_places.c.epoch == epoch)
    return int((await conn.execute(select(func.count()).select_from(line_places).where(*where))).scalar_one())


async def live_visits(conn: AsyncConnection, event_id: str, now: int) -> int:
    """How many the database has inside at an instant."""
    where = (
        line_visits.c.event_id == event_id,
        line_visits.c.admitted_at <= now,
        or_(line_visits.c.ended_at.is_(None), line_visits.c.ended_at > now),
    )
    return int((await conn.execute(select(func.count()).select_from(line_visits).where(*where))).scalar_one())
