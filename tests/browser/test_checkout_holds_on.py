"""Between hold and order: reloads, the back button, double clicks, lost answers, a store that is away, a second tab."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.house import House
from tests.browser.posts import Posts, lose_first_answers, noted
from tests.browser.visitor import Visitor
from tests.people import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SEATS = ("1C-H-8", "1C-H-9")


async def in_checkout(house: House, arrive: Arrive, lang: str = "ko") -> tuple[Visitor, str]:
    """Alice, who holds two seats; and the event's id."""
    event = await house.show("놓치지 않는 좌석", "Seats that stay")
    alice = await arrive(at=house, lang=lang)
    await alice.sign_up()
    await alice.hold_in_list(event.id, *SEATS)
    await expect(alice.see("pay")).to_be_enabled()
    return alice, event.id


async def orders_of(house: House, alice: Visitor) -> list[dict[str, Any]]:
    person = await sign_in(house.client, alice.email)
    return list((await person.get("/api/orders")).json()["orders"])


async def bought_once(house: House, alice: Visitor) -> None:
    """The order on the page is the only one, and the provider took the money once."""
    await alice.order_becomes("ticketed", 30_000)
    (order,) = await orders_of(house, alice)
    assert order["order_id"] == alice.order_id
    assert house.captures(alice.order_id) == [("capture", order["amount"])]
    await expect(alice.see("ticket", status="valid")).to_have_count(2)


async def test_reload_and_back_button_keep_the_hold(house: House, arrive: Arrive) -> None:
    alice, event_id = await in_checkout(house, arrive)
    before = await alice.seconds_left()

    await alice.page.reload()
    await expect(alice.see("item")).to_have_count(2)
    assert await alice.seconds_left() <= before

    await alice.page.go_back()
    await alice.at(f"/events/{event_id}/seats")
    await expect(alice.see("held")).to_contain_text("2석을 잡아 두었습니다")
    assert await alice.chosen() == []
    await alice.see("held").get_by_text("결제 이어 하기").click()
    await alice.at("/checkout")
    await expect(alice.see("item")).to_have_count(2)
    assert await alice.seconds_left() <= before

    alice_by_api = await sign_in(house.client, alice.email)
    (hold,) = (await alice_by_api.get(f"/api/events/{event_id}/holds")).json()["holds"]
    assert sorted(hold["seats"]) == sorted(SEATS)
    await alice.pay()
    await bought_once(house, alice)


async def test_back_after_paying_leads_to_the_order_and_not_to_a_second_payment(house: House, arrive: Arrive) -> None:
    alice, _ = await in_checkout(house, arrive)
    await alice.pay()
    order_id = alice.order_id
    await alice.order_becomes("ticketed")
    await alice.page.go_back()
    await expect(alice.see("pay")).to_have_count(0)
    (order,) = await orders_of(house, alice)
    assert order["order_id"] == order_id


async def test_letting_go_frees_the_seats(house: House, arrive: Arrive) -> None:
    alice, event_id = await in_checkout(house, arrive)
    await alice.see("release").click()
    await alice.at(f"/events/{event_id}/seats")
    bob = await house.fan("Bob")
    assert (await bob.hold(event_id, *SEATS)).status_code == 201


async def test_a_double_click_pays_once(house: House, arrive: Arrive) -> None:
    alice, _ = await in_checkout(house, arrive)
    posts = await noted(alice.page)
    await alice.see("pay").dblclick()
    await alice.at("/orders/[^/?]+")
    await bought_once(house, alice)
    posts.are_one_order()


async def test_two_tabs_pay_once(house: House, arrive: Arrive) -> None:
    """Each tab has a key of its own: here the server is the one who says that it is the same hold."""
    alice, event_id = await in_checkout(house, arrive)
    alice.watch.allow(409)
    twin = Visitor(house, await alice.page.context.new_page(), alice.watch, "ko", alice.email)
    await twin.go(f"/checkout?event={event_id}")
    await expect(twin.see("item")).to_have_count(2)
    await asyncio.gather(alice.see("pay").click(), twin.see("pay").click())
    await asyncio.gather(alice.at("/orders/[^/?]+"), twin.at("/orders/[^/?]+"))
    assert alice.order_id == twin.order_id
    await bought_once(house, alice)


async def test_a_second_tab_that_comes_late_is_led_to_the_order(house: House, arrive: Arrive) -> None:
    """Its hold is gone because it was bought: to say that the time ran out and nothing was charged would be untrue."""
    alice, event_id = await in_checkout(house, arrive)
    alice.watch.allow(409)
    twin = Visitor(house, await alice.page.context.new_page(), alice.watch, "ko", alice.email)
    await twin.go(f"/checkout?event={event_id}")
    await expect(twin.see("pay")).to_be_enabled()
    await alice.pay()
    await alice.order_becomes("ticketed")
    await twin.see("pay").click()
    await twin.at("/orders/[^/?]+")
    assert twin.order_id == alice.order_id
    await bought_once(house, alice)


@pytest.mark.slow
async def test_an_order_whose_answer_was_lost_is_found_again_after_the_time_is_over(
    hasty_house: House, arrive: Arrive
) -> None:
    alice, event_id = await in_checkout(hasty_house, arrive, lang="en")
    alice.watch.allow(503)
    posts = Posts()
    await lose_first_answers(alice.page, posts, 1)
    await alice.see("pay").click()
    await expect(alice.see("retrying")).to_be_visible()
    await alice.go("/tickets")  # She leaves before the page has heard of her order,
    await alice.page.wait_for_timeout(9_000)  # and comes back when the seats would not be kept any more.
    await alice.go(f"/checkout?event={event_id}")
    await expect(alice.page.get_by_text("Already sent with this payment method")).to_be_visible()
    await expect(alice.see("expired")).to_have_count(0)
    await alice.see("pay").click()
    await alice.at("/orders/[^/?]+")
    await bought_once(hasty_house, alice)
    posts.are_one_order()


async def test_lost_answers_end_in_one_order(house: House, arrive: Arrive) -> None:
    """The server took the order each time, the browser heard 503 twice: it says so, repeats, and all is one order."""
    alice, _ = await in_checkout(house, arrive, lang="en")
    alice.watch.allow(503)
    posts = Posts()
    await lose_first_answers(alice.page, posts, 2)
    await alice.see("pay").click()
    await expect(alice.see("retrying")).to_contain_text("Your seats are kept")
    await alice.at("/orders/[^/?]+")
    await bought_once(house, alice)
    assert len(posts.keys) == 3
    posts.are_one_order()


async def test_control_a_new_key_for_each_try_is_noticed(house: House, arrive: Arrive) -> None:
    """The control of the tests above. The server still makes one order of it: a hold is ordered once."""
    alice, _ = await in_checkout(house, arrive)
    alice.watch.allow(503, 409)
    posts = Posts()
    await lose_first_answers(alice.page, posts, 2, key=lambda _: uuid.uuid4().hex)
    await alice.see("pay").click()
    await alice.at("/orders/[^/?]+")
    await bought_once(house, alice)
    with pytest.raises(AssertionError, match=r"\d keys in \d tries"):
        posts.are_one_order()


async def test_a_queue_that_is_away_keeps_nobody_from_buying(house: House, arrive: Arrive) -> None:
    """The order is stored in the books instead: one try, no word of it to the buyer."""
    alice, _ = await in_checkout(house, arrive, lang="en")
    posts = await noted(alice.page)
    house.stack.queue.kill()
    try:
        await alice.see("pay").click()
        await alice.at("/orders/[^/?]+")
    finally:
        await house.stack.queue.start_async()
    await bought_once(house, alice)
    assert len(posts.keys) == 1


async def test_no_order_can_be_accepted_for_a_while(house: House, arrive: Arrive) -> None:
    """The page says that the seats are kept, and finishes by itself."""
    alice, _ = await in_checkout(house, arrive, lang="en")
    alice.watch.allow(503)
    posts = await noted(alice.page)
    await alice.page.route("**/api/orders", lambda route: route.fulfill(status=503))
    await alice.see("pay").click()
    await expect(alice.see("retrying")).to_contain_text("Your seats are kept")
    assert await orders_of(house, alice) == []
    await alice.page.unroute("**/api/orders")
    await alice.at("/orders/[^/?]+")
    await bought_once(house, alice)
    assert len(posts.keys) > 1
    posts.are_one_order()


async def test_giving_up_keeps_key_and_card_over_a_reload(house: House, arrive: Arrive) -> None:
    """After the last try in vain the button comes back; a reload and another press are still the same order."""
    alice, _ = await in_checkout(house, arrive, lang="en")
    alice.watch.allow(503)
    await alice.page.clock.install()
    posts = await noted(alice.page)
    await alice.page.route("**/api/orders", lambda route: route.fulfill(status=503))
    await alice.see("pay").click()
    while not await alice.see("checkout-error").count():
        await alice.page.clock.run_for(1_000)
    await expect(alice.see("checkout-error")).to_contain_text("Your seats are kept: press again")
    assert len(posts.keys) == 6

    await alice.page.unroute("**/api/orders")
    await alice.page.reload()
    await expect(alice.page.get_by_text("Already sent with this payment method")).to_be_visible()
    await expect(alice.see("card-tok_declined")).to_be_disabled()
    await alice.see("pay").click()
    await alice.at("/orders/[^/?]+")
    await bought_once(house, alice)
    posts.are_one_order()


async def test_a_session_that_ended_in_checkout_comes_back_to_it(house: House, arrive: Arrive) -> None:
    alice, _ = await in_checkout(house, arrive)
    alice.watch.allow(401)
    await alice.page.context.clear_cookies()
    await alice.see("pay").click()
    await alice.at("/sign-in")
    await alice.fill_sign_in()
    await alice.at("/checkout")
    await expect(alice.see("item")).to_have_count(2)
    await alice.pay()
    await bought_once(house, alice)
