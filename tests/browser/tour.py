"""Every page in every state worth looking at, and somebody for whom each of them is full of life."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from playwright.async_api import Browser, StorageState, ViewportSize, expect

from tests.browser.house import DAY, MINUTE, STAFF, House, chamber
from tests.browser.visitor import Visitor
from tests.people import Person, sign_in
from ticketing.accounts.model import Role
from ticketing.catalog.arena import arena

HOUR = 60 * MINUTE
Act = Callable[[Visitor], Awaitable[None]]


async def _nothing(visitor: Visitor) -> None:
    del visitor


async def _list(visitor: Visitor) -> None:
    await visitor.see("tab-list").click()


async def _row(visitor: Visitor) -> None:
    await visitor.see("tab-list").click()
    await visitor.press_in_list("A-3-5")
    await visitor.press_in_list("A-3-6")


async def _best(visitor: Visitor) -> None:
    await visitor.see("tab-best").click()


async def _near(visitor: Visitor) -> None:
    for _ in range(5):
        await visitor.see("zoom-in").click()


async def _sign_up(visitor: Visitor) -> None:
    await visitor.see("sign-in-mode").click()


async def _wrong_password(visitor: Visitor) -> None:
    visitor.watch.allow(401)
    await visitor.fill_sign_in("nobody@example.com")
    await expect(visitor.see("sign-in-error")).to_be_visible()


async def _more_cards(visitor: Visitor) -> None:
    await visitor.see("more-cards").click()


async def _cancel(visitor: Visitor) -> None:
    await visitor.see("cancel-order").click()


async def _letter(visitor: Visitor) -> None:
    await visitor.see("mail").first.locator("summary").click()


async def _lost(visitor: Visitor) -> None:
    await visitor.see("tab-list").click()
    await visitor.press_in_list("A-3-5")
    await visitor.press_in_list("A-3-6")
    visitor.watch.allow(409)
    await visitor.page.route(
        "**/holds",
        lambda route: (
            route.fulfill(status=409, json={"code": "seats_taken", "seats": ["A-3-5"]})
            if route.request.method == "POST"
            else route.fallback()
        ),
    )
    await visitor.see("hold").click()
    await expect(visitor.see("conflict")).to_be_visible()


async def _in_lobby(visitor: Visitor) -> None:
    await expect(visitor.see("line", scene="lobby")).to_be_visible()


async def _at_the_desk(visitor: Visitor) -> None:
    await expect(visitor.see("desk")).to_be_visible()


def _checked(code: str, light: str) -> Act:
    async def check(visitor: Visitor) -> None:
        visitor.watch.allow(409, 422)
        await visitor.see("gate-code").fill(code)
        await visitor.see("gate-check").click()
        await expect(visitor.see("gate-result", result=light)).to_be_visible()

    return check


@dataclass(frozen=True)
class Look:
    """Language, screen and theme."""

    lang: str
    size: ViewportSize
    dark: bool = False

    def __str__(self) -> str:
        """As a test's name has it."""
        return f"{self.lang}-{self.size['width']}-{'dark' if self.dark else 'light'}"


@dataclass(frozen=True)
class Stop:
    """A page to look at: who looks, where, and what that person does first."""

    name: str
    path: str
    who: str = "fan"
    act: Act = _nothing


@dataclass
class Tour:
    """The stops, and what each kind of person brings: cookies and storage, in Korean."""

    stops: list[Stop] = field(default_factory=list)
    known: dict[str, StorageState | None] = field(default_factory=dict)


async def _buy(fan: Person, event_id: str, *seats: str, card: str = "tok_ok") -> str:
    return str((await fan.buy(event_id, *seats, card=card))["order_id"])


async def _known(house: House, browser: Browser, email: str | None) -> tuple[StorageState, str]:
    visitor = await Visitor.arrive(house, browser)
    if email:
        await visitor.sign_in(email)
    else:
        await visitor.sign_up()
    state = await visitor.page.context.storage_state()
    await visitor.leave()
    return state, visitor.email


async def prepare(house: House, browser: Browser) -> Tour:
    """Shows in every state, a fan with orders of many kinds and seats on hold, tickets at the gate."""
    show = await house.show("별이 빛나는 밤의 콘서트", "A night of stars", plan=arena(), max_per_person=8)
    announced = await house.show("봄을 기다리는 연극", "Waiting for spring", opens=3 * DAY)
    closed = await house.show("지난겨울의 무대", "Last winter", opens=-9 * DAY, closes=-DAY)
    sold_out = await house.show("작은 실내악의 밤", "An evening of chamber music", plan=chamber())
    # Its line is open: whoever comes stands in the lobby until the sale opens, long after this tour.
    in_lobby = await house.show("줄을 서는 공연", "A show with a line", opens=HOUR - MINUTE, waiting_room=True)
    fan_state, email = await _known(house, browser, None)
    empty_state, _ = await _known(house, browser, None)
    fan, bob = await sign_in(house.client, email), await house.fan("Bob")
    await bob.buy(sold_out.id, "C-A-1", "C-A-2")
    await bob.buy(show.id, "B-1-3", "B-1-4")
    ticketed = await _buy(fan, show.id, "A-1-3", "A-1-4")
    unused = await _buy(fan, show.id, "A-4-3")
    declined = await _buy(fan, show.id, "A-2-3", card="tok_declined")
    refunded = await _buy(fan, show.id, "A-2-5")
    await fan.post(f"/api/orders/{refunded}/cancel")
    await fan.follow(refunded, until={"refunded"})
    assert (await fan.hold(show.id, "A-1-8", "A-1-9")).status_code == 201
    link = (await fan.get(f"/api/orders/{ticketed}")).json()["tickets"][0]["url"]
    code = (await fan.get(link)).json()["code"]
    await (await house.staff(Role.GATE)).post("/api/checkins", {"code": code})
    event, seats = f"/events/{show.id}", f"/events/{show.id}/seats"
    return Tour(
        stops=[
            Stop("events", "/", "nobody"),
            Stop("event", event),
            Stop("event-announced", f"/events/{announced.id}", "nobody"),
            Stop("event-sold-out", f"/events/{sold_out.id}"),
            Stop("event-closed", f"/events/{closed.id}"),
            Stop("event-missing", "/events/evt_none"),
            Stop("event-line", f"/events/{in_lobby.id}"),
            Stop("line-lobby", f"/events/{in_lobby.id}/line", act=_in_lobby),
            Stop("line-nobody", f"/events/{in_lobby.id}/line", "nobody"),
            Stop("seats-map", seats, "nobody"),
            Stop("seats-near", seats, "nobody", _near),
            Stop("seats-list", seats, "nobody", _list),
            Stop("seats-row", seats, "newcomer", _row),
            Stop("seats-best", seats, "nobody", _best),
            Stop("seats-conflict", seats, "newcomer", _lost),
            Stop("seats-held", seats, "fan"),
            Stop("seats-too-early", f"/events/{announced.id}/seats"),
            Stop("sign-in", "/sign-in", "nobody"),
            Stop("sign-in-wrong", "/sign-in", "nobody", _wrong_password),
            Stop("sign-up", "/sign-in?next=/tickets", "nobody", _sign_up),
            Stop("checkout", f"/checkout?event={show.id}"),
            Stop("checkout-cards", f"/checkout?event={show.id}", act=_more_cards),
            Stop("checkout-nothing", "/checkout", "newcomer"),
            Stop("order-ticketed", f"/orders/{ticketed}"),
            Stop("order-cancel", f"/orders/{unused}", act=_cancel),
            Stop("order-declined", f"/orders/{declined}"),
            Stop("order-refunded", f"/orders/{refunded}"),
            Stop("tickets", "/tickets"),
            Stop("tickets-none", "/tickets", "newcomer"),
            Stop("gate", "/gate", "gate"),
            Stop("gate-already", "/gate", "gate", _checked(code, "amber")),
            Stop("gate-refused", "/gate", "gate", _checked("nonsense", "red")),
            Stop("sale", f"/sale/{show.id}", "promoter"),
            Stop("sale-line", f"/sale/{in_lobby.id}", "promoter", _at_the_desk),
            Stop("sale-forbidden", f"/sale/{show.id}", "fan"),
            Stop("mailbox", "/mailbox", "nobody", _letter),
        ],
        known={
            "nobody": None,
            "fan": fan_state,
            "newcomer": empty_state,
            "gate": (await _known(house, browser, STAFF[Role.GATE]))[0],
            "promoter": (await _known(house, browser, STAFF[Role.PROMOTER]))[0],
        },
    )


async def group(house: House, browser: Browser, tour: Tour, look: Look) -> AsyncIterator[tuple[Stop, Visitor]]:
    """Bring somebody to every stop; each time the page has settled. One window for each kind of person."""
    for who, state in tour.known.items():
        visitor = await Visitor.arrive(house, browser, lang=look.lang, size=look.size, dark=look.dark, known=state)
        visitor.watch.allow(403, 404)
        for stop in tour.stops:
            if stop.who != who:
                continue
            await visitor.go(stop.path)
            await expect(visitor.page.locator("main h1, main h2").first).to_be_attached()
            await expect(visitor.page.locator(".skeletons")).to_have_count(0)
            await stop.act(visitor)
            yield stop, visitor
            await visitor.page.evaluate("sessionStorage.clear()")
            await visitor.page.unroute_all()
        await visitor.leave()
