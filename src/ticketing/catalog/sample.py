"""Shows to try the platform with: an arena and a theatre on sale, one announced, and one with a waiting line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ticketing.base.clock import Clock
from ticketing.base.db import Database

from . import sql
from .arena import arena
from .create_event import NewEvent, NewPrice, NewVenue, create_event
from .model import Event, Localized, SaleStatus, SeatPlan
from .save_plan import save_plan
from .theatre import theatre

_SEOUL = ZoneInfo("Asia/Seoul")
_MINUTE = 60_000
_DAY = 24 * 60 * _MINUTE

ARENA = NewVenue(
    Localized("한강 아레나", "Hangang Arena"),
    Localized("서울특별시 가람구 물결로 15", "15 Mulgyeol-ro, Garam-gu, Seoul"),
    "Asia/Seoul",
)
THEATRE = NewVenue(
    Localized("달빛극장", "Moonlight Theatre"),
    Localized("서울특별시 가람구 달빛길 6", "6 Dalbit-gil, Garam-gu, Seoul"),
    "Asia/Seoul",
)
_GRADES = {
    "VIP": Localized("VIP석", "VIP"),
    "STANDING": Localized("스탠딩석", "Standing"),
    "R": Localized("R석", "R"),
    "S": Localized("S석", "S"),
    "A": Localized("A석", "A"),
}


@dataclass(frozen=True, slots=True)
class SampleShow:
    """A show to be entered: its house, how to draw its plan, and the event of a plan version."""

    venue: NewVenue
    plan: Callable[[], SeatPlan]
    event: Callable[[str], NewEvent]


def sample_shows(now_ms: int) -> tuple[SampleShow, ...]:
    """Four shows as seen from an instant: two on sale since yesterday, one that goes on sale in three days, and one
    with a waiting line that opens in three minutes.
    """
    return (
        SampleShow(ARENA, arena, lambda version: _concert(version, now_ms)),
        SampleShow(THEATRE, theatre, lambda version: _musical(version, now_ms)),
        SampleShow(THEATRE, theatre, lambda version: _play(version, now_ms)),
        SampleShow(THEATRE, theatre, lambda version: _recital(version, now_ms)),
    )


async def add_sample_shows(db: Database, clock: Clock) -> list[Event]:
    """Enter the sample shows, unless one of the stored events is on sale; the events that are there then.

    Raises:
        DatabaseAway: some or none may have been entered.
    """
    now = clock.now_ms()
    async with db.read() as conn:
        present = await sql.find_events(conn, starts_after=now, limit=100)
    if any(event.status(now) is SaleStatus.ON_SALE for event in present):
        return present
    entered: list[Event] = []
    houses: dict[NewVenue, str] = {}
    for show in sample_shows(now):
        saved = await save_plan(db, clock, show.plan())
        event = await create_event(db, clock, houses.get(show.venue, show.venue), show.event(saved.version))
        houses[show.venue] = event.venue.id
        entered.append(event)
    return entered


def _evening(now_ms: int, days: int, hour: int, minute: int = 0) -> int:
    """That time of day in Seoul, some days from now."""
    day = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(_SEOUL) + timedelta(days=days)
    return int(day.replace(hour=hour, minute=minute, second=0, microsecond=0).timestamp() * 1000)


def _prices(**amounts: int) -> tuple[NewPrice, ...]:
    return tuple(NewPrice(grade, amount, _GRADES[grade]) for grade, amount in amounts.items())


def _concert(version: str, now_ms: int) -> NewEvent:
    starts = _evening(now_ms, 40, 18)
    return NewEvent(
        plan_version=version,
        name=Localized("미드나잇 오빗 월드투어 〈첫 궤도〉 서울", "Midnight Orbit World Tour “First Orbit” in Seoul"),
        description=Localized(
            "다섯 멤버가 처음으로 한강 아레나에 섭니다.\n스탠딩 구역은 입장 번호순으로 입장합니다. 만 7세 이상 관람가.",
            "The five of them play Hangang Arena for the first time.\n"
            "Standing areas are admitted by number. Ages 7 and over.",
        ),
        starts_at=starts,
        doors_at=starts - 120 * _MINUTE,
        on_sale_at=now_ms - _DAY,
        off_sale_at=starts - 60 * _MINUTE,
        prices=_prices(VIP=198_000, STANDING=176_000, R=165_000, S=143_000, A=121_000),
        max_per_person=4,
    )


def _recital(version: str, now_ms: int) -> NewEvent:
    starts = _evening(now_ms, 20, 17)
    return NewEvent(
        plan_version=version,
        name=Localized("첼리스트 한별 리사이틀 〈밤의 정원〉", "Han Byeol, Cello: “Night Garden”"),
        description=Localized(
            "바흐와 새 위촉곡. 예매는 대기열로 진행합니다. 판매 전에 줄을 선 분들의 순서는 추첨으로 정합니다.",
            "Bach and a new work. There is a waiting line: all who join it before the sale are drawn.",
        ),
        starts_at=starts,
        doors_at=starts - 30 * _MINUTE,
        on_sale_at=now_ms + 3 * _MINUTE,
        off_sale_at=starts - 60 * _MINUTE,
        prices=_prices(VIP=110_000, R=88_000, S=66_000, A=44_000),
        max_per_person=2,
        waiting_room=True,
    )


def _musical(version: str, now_ms: int) -> NewEvent:
    starts = _evening(now_ms, 55, 19, 30)
    return NewEvent(
        plan_version=version,
        name=Localized("뮤지컬 〈붉은 등대〉", "The Red Lighthouse, a Musical"),
        description=Localized(
            "섬마을 등대지기와 돌아온 선장의 하룻밤.\n공연 시간 150분, 인터미션 20분 포함.",
            "One night between a lighthouse keeper and a captain who came back.\n150 minutes, one interval.",
        ),
        starts_at=starts,
        doors_at=starts - 60 * _MINUTE,
        on_sale_at=_evening(now_ms, 3, 20),
        off_sale_at=starts - 30 * _MINUTE,
        prices=_prices(VIP=150_000, R=130_000, S=100_000, A=70_000),
        max_per_person=6,
    )


def _play(version: str, now_ms: int) -> NewEvent:
    starts = _evening(now_ms, 20, 19, 30)
    return NewEvent(
        plan_version=version,
        name=Localized("연극 〈네 번째 계절〉", "The Fourth Season, a Play"),
        description=Localized(
            "겨울에 멈춘 마을, 봄을 기다리는 네 사람의 이야기.\n공연 시간 110분.",
            "A village where winter stayed, and four people who wait for spring.\n110 minutes.",
        ),
        starts_at=starts,
        doors_at=starts - 40 * _MINUTE,
        on_sale_at=now_ms - _DAY,
        off_sale_at=starts - 30 * _MINUTE,
        prices=_prices(VIP=77_000, R=66_000, S=55_000, A=44_000),
        max_per_person=4,
    )
