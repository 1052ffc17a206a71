"""A person at a browser: sees what a page shows and does what one can do there. No test ids of internals, no API."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field

from playwright.async_api import Browser, Locator, Page, StorageState, ViewportSize, expect

from tests.browser.house import House
from tests.browser.watch import Watch
from tests.stack import PASSWORD

PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 860}


@dataclass
class Visitor:
    """One browser profile: own cookies, own storage, one window."""

    house: House
    page: Page
    watch: Watch
    lang: str
    email: str = field(default_factory=lambda: f"visitor-{uuid.uuid4().hex[:8]}@example.com")

    @classmethod
    async def arrive(
        cls,
        house: House,
        browser: Browser,
        *,
        lang: str = "ko",
        size: ViewportSize = DESKTOP,
        dark: bool = False,
        touch: bool = False,
        motion: bool = False,
        known: StorageState | None = None,
    ) -> Visitor:
        """A new visitor. Korean is what everybody sees first; whoever wants English presses the switch.

        `known`: cookies and storage of somebody who was here before.
        """
        context = await browser.new_context(
            base_url=house.origin,
            viewport=size,
            color_scheme="dark" if dark else "light",
            has_touch=touch,
            locale="ko-KR",
            timezone_id="America/New_York",  # Shows are told in the venue's time, wherever the visitor sits.
            reduced_motion="no-preference" if motion else "reduce",
            storage_state=known,
        )
        context.set_default_timeout(15_000)
        visitor = cls(house, await context.new_page(), Watch(context, house.origin), lang)
        if lang != "ko":
            await visitor.page.goto("/")
            await visitor.see(f"language-{lang}").click()
            await expect(visitor.page.locator("html")).to_have_attribute("lang", lang)
        return visitor

    async def leave(self) -> None:
        """Close the window; nothing may have been amiss."""
        await self.page.context.close()
        self.watch.check()

    def see(self, test_id: str, **attributes: str) -> Locator:
        """What the page calls `test_id`, narrowed by data attributes."""
        narrow = "".join(f'[data-{name}="{value}"]' for name, value in attributes.items())
        return self.page.locator(f'[data-testid="{test_id}"]{narrow}')

    async def go(self, path: str) -> None:
        await self.page.goto(path)

    async def at(self, path: str) -> None:
        """Wait until the address bar shows a path that matches, with or without a query."""
        await self.page.wait_for_url(re.compile(re.escape(self.house.origin) + path + r"(\?.*)?(#.*)?$"))

    # Signing in.

    async def fill_sign_up(self) -> None:
        """On the sign-in page: make an account."""
        await self.see("sign-in-mode").click()
        await self.see("name").fill("김하늘")
        await self.see("email").fill(self.email)
        await self.see("password").fill(PASSWORD)
        await self.see("submit").click()

    async def fill_sign_in(self, email: str | None = None) -> None:
        """On the sign-in page: with an account that exists."""
        await self.see("email").fill(email or self.email)
        await self.see("password").fill(PASSWORD)
        await self.see("submit").click()

    async def sign_up(self) -> None:
        await self.go("/sign-in")
        await self.fill_sign_up()
        await self.at("/")

    async def sign_in(self, email: str, next_path: str = "/") -> None:
        await self.go(f"/sign-in?next={next_path}")
        await self.fill_sign_in(email)
        await self.at(next_path)

    # Choosing and buying.

    async def choose_in_list(self, event_id: str, *seats: str) -> None:
        """Open the seats page and press seats `section-row-number` in the list."""
        await self.go(f"/events/{event_id}/seats")
        await self.see("tab-list").click()
        for seat in seats:
            await self.press_in_list(seat)

    async def press_in_list(self, seat: str) -> None:
        section, row, _ = seat.split("-")
        if not await self.see("row", row=row).is_visible():
            await self.see("section", section=section).click()
        if await self.see("row", row=row).get_attribute("aria-expanded") == "false":
            await self.see("row", row=row).click()
        await self.see("seat", seat=seat).click()

    async def hold_in_list(self, event_id: str, *seats: str) -> None:
        """From the seats page to checkout."""
        await self.choose_in_list(event_id, *seats)
        await self.see("hold").click()
        await self.at("/checkout")

    async def pay(self, card: str = "tok_ok") -> None:
        """In checkout: pay with a test card; ends at the order's page."""
        await self.choose_card(card)
        await self.see("pay").click()
        await self.at("/orders/[^/?]+")

    async def choose_card(self, card: str) -> None:
        choice = self.see(f"card-{card}")
        await choice.wait_for(state="attached")
        if not await choice.is_visible():
            await self.see("more-cards").click()
        await choice.check()

    @property
    def order_id(self) -> str:
        """The order whose page is open."""
        found = re.search(r"/orders/([^/?#]+)", self.page.url)
        assert found, self.page.url
        return found[1]

    async def order_becomes(self, status: str, timeout_ms: float = 20_000) -> None:
        await expect(self.see("order-status", status=status)).to_be_visible(timeout=timeout_ms)

    async def seconds_left(self) -> int:
        """What the timer shows."""
        minutes, seconds = (await self.see("timer").inner_text()).split(":")
        return int(minutes) * 60 + int(seconds)

    async def chosen(self) -> list[str]:
        """Seats in the sheet of the seats page."""
        seats = await self.see("selected-seat").all()
        return sorted([await seat.get_attribute("data-seat") or "" for seat in seats])

    async def too_wide(self) -> list[str]:
        """Whether something makes the page wider than the screen: nobody should have to scroll sideways."""
        wide, room = await self.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        return [f"{self.page.url} is {wide} px wide on a screen of {room} px"] if wide > room else []
