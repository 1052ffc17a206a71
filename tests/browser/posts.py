"""What a page sent to place an order: every POST with its key and body, and how the answer can go missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.async_api import Page, Request, Route

ORDERS = "**/api/orders"


@dataclass
class Posts:
    """POSTs to /api/orders in the order they left the page."""

    keys: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)

    def note(self, request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/api/orders"):
            self.keys.append(request.headers["idempotency-key"])
            self.bodies.append(request.post_data or "")

    def are_one_order(self) -> None:
        """However often it was sent, it was always the same: one key, one body."""
        assert self.keys, "nothing was sent"
        assert len(set(self.keys)) == 1, f"{len(set(self.keys))} keys in {len(self.keys)} tries"
        assert len(set(self.bodies)) == 1, "the tries differ in their body"


async def noted(page: Page) -> Posts:
    """Take note of every order that the page sends from now on."""
    posts = Posts()
    page.on("request", posts.note)
    return posts


async def lose_first_answers(page: Page, posts: Posts, times: int, key: Callable[[str], str] = lambda key: key) -> None:
    """The first `times` orders reach the server, but what comes back is a 503 of something in between.

    `posts` notes what reaches the server; `key` may tamper with the Idempotency-Key on the way.
    """
    lost = 0

    async def pass_on(route: Route) -> None:
        nonlocal lost
        if route.request.method != "POST":
            await route.fallback()
            return
        sent = key(route.request.headers["idempotency-key"])
        posts.keys.append(sent)
        posts.bodies.append(route.request.post_data or "")
        answer = await route.fetch(headers=route.request.headers | {"idempotency-key": sent})
        lost += 1
        if lost <= times:
            await route.fulfill(status=503, headers={"Retry-After": "1"}, body="")
        else:
            await route.fulfill(response=answer)

    await page.route(ORDERS, pass_on)
