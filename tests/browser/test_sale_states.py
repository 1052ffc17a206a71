"""A show before, during and after its sale, and pages that only some people may see."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.house import DAY, STAFF, House, chamber
from tests.people import eventually
from ticketing.accounts.model import Role

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_the_countdown_turns_into_the_sale_by_itself(house: House, arrive: Arrive) -> None:
    event = await house.show("곧 열리는 공연", "Opens soon", opens=20_000)
    await asyncio.sleep(1.1)  # an API process knows of a new event within a second
    alice = await arrive()
    await alice.go("/")
    await expect(alice.see("event-card", event=event.id)).to_contain_text("오픈 예정")
    await alice.see("event-card", event=event.id).click()
    await expect(alice.see("countdown")).to_be_visible()
    await expect(alice.page.get_by_role("button", name="곧 열립니다")).to_be_disabled()
    await expect(alice.see("go-to-seats")).to_have_count(0)
    await alice.page.evaluate("window.sameDocument = true")
    await expect(alice.see("go-to-seats")).to_be_visible(timeout=40_000)
    assert await alice.page.evaluate("window.sameDocument"), "the page was loaded anew"
    await alice.see("go-to-seats").click()
    await expect(alice.see("seat-map")).to_be_visible()


async def test_too_early_at_the_seats_page_is_told_so(house: House, arrive: Arrive) -> None:
    event = await house.show("내일 열리는 공연", "Opens tomorrow", opens=DAY)
    alice = await arrive(lang="en")
    await alice.go(f"/events/{event.id}/seats")
    await expect(alice.page.get_by_role("heading", name="The sale has not opened yet.")).to_be_visible()
    await expect(alice.see("seat-map")).to_have_count(0)


async def test_sold_out(house: House, arrive: Arrive) -> None:
    event = await house.show("작은 음악회", "A small concert", plan=chamber())
    bob = await house.fan("Bob")
    order = await bob.buy(event.id, "C-A-1", "C-A-2")
    assert order["status"] == "ticketed"
    alice = await arrive(lang="en")
    await alice.go(f"/events/{event.id}")
    await expect(alice.see("event-status", status="sold_out")).to_have_text("Sold out")
    await expect(alice.see("go-to-seats")).to_have_count(0)
    await alice.page.get_by_text("Look at the seat map").click()
    await expect(alice.see("section", section="C")).to_contain_text("Sold out")
    await alice.go("/")
    await expect(alice.see("event-card", event=event.id)).to_contain_text("Sold out")


async def test_closed(house: House, arrive: Arrive) -> None:
    event = await house.show("지난 공연", "Gone", opens=-2 * DAY, closes=-DAY)
    alice = await arrive()
    await alice.go(f"/events/{event.id}")
    await expect(alice.see("event-status", status="closed")).to_have_text("예매 종료")
    await expect(alice.see("go-to-seats")).to_have_count(0)
    await alice.go(f"/events/{event.id}/seats")
    await expect(alice.page.get_by_role("heading", name="예매가 끝났습니다.")).to_be_visible()


async def test_a_session_that_ended_while_choosing_comes_back_with_the_choice(house: House, arrive: Arrive) -> None:
    event = await house.show("로그인과 좌석", "Signing in again")
    alice = await arrive()
    alice.watch.allow(401)
    await alice.sign_up()
    await alice.choose_in_list(event.id, "1C-L-8")
    await alice.page.context.clear_cookies()
    await alice.see("hold").click()
    await alice.at("/sign-in")
    alice.watch.allow(401)
    await alice.see("email").fill(alice.email)
    await alice.see("password").fill("not her password")
    await alice.see("submit").click()
    await expect(alice.see("sign-in-error")).to_contain_text("이메일이나 비밀번호가 맞지 않습니다")
    await alice.fill_sign_in()
    await alice.at(f"/events/{event.id}/seats")
    await expect(alice.see("selected-seat", seat="1C-L-8")).to_have_count(1)


async def test_signing_in_leads_nowhere_else(house: House, arrive: Arrive) -> None:
    alice = await arrive()
    await alice.sign_up()
    await alice.go("/sign-in?next=https://evil.example/")
    await alice.fill_sign_in()
    await alice.at("/")


@pytest.mark.parametrize(
    ("lang", "title", "subject"), [("ko", "편지가 오는 공연", "예매 완료"), ("en", "With a letter", "Your tickets for")]
)
async def test_the_mail_arrives_in_her_language_and_its_link_opens_the_ticket(
    house: House, arrive: Arrive, lang: str, title: str, subject: str
) -> None:
    event = await house.show("편지가 오는 공연", "With a letter")
    alice = await arrive(lang=lang)
    await alice.sign_up()
    await alice.hold_in_list(event.id, "1C-M-8")
    await alice.pay()
    await alice.order_becomes("ticketed")
    ticket_id = await alice.see("ticket").get_attribute("data-ticket")
    mail = alice.see("mail").filter(has_text=alice.email)

    async def has_come() -> bool:
        await alice.go("/mailbox")
        await expect(alice.see("mail").first).to_be_visible()
        return bool(await mail.count())

    await eventually(has_come)
    await expect(mail.locator("summary")).to_contain_text(subject)
    await mail.locator("summary").click()
    await expect(mail.locator("pre")).to_contain_text(title)
    await mail.locator("pre a").first.click()
    await expect(alice.page.locator(f"#{ticket_id}")).to_be_in_viewport()


async def test_the_promoter_sees_the_sale_and_the_fan_does_not(house: House, arrive: Arrive) -> None:
    event = await house.show("판매 현황", "The sale")
    bob = await house.fan("Bob")
    order = await bob.buy(event.id, "1C-A-5", "1C-A-6")
    promoter = await arrive(lang="en")
    await promoter.sign_in(STAFF[Role.PROMOTER], f"/events/{event.id}")
    await promoter.page.get_by_text("Live sale").click()
    sale = promoter.see("sale")
    await expect(sale).to_contain_text("₩308,000")
    await expect(sale).to_contain_text(order["order_id"])
    assert (await bob.hold(event.id, "1C-A-7")).status_code == 201
    await expect(sale.get_by_text("Held").locator("..")).to_contain_text("1", timeout=10_000)

    fan = await arrive(lang="en")
    fan.watch.allow(403, 401)
    await fan.go(f"/sale/{event.id}")
    await fan.at("/sign-in")
    await fan.sign_up()
    await fan.go(f"/sale/{event.id}")
    await expect(fan.see("error")).to_contain_text("This account may not do that")
    await expect(fan.page.get_by_text("Try again")).to_have_count(0)
    await expect(fan.see("sale")).to_have_count(0)


async def test_the_gate_is_not_for_fans(house: House, arrive: Arrive) -> None:
    fan = await arrive(lang="en")
    fan.watch.allow(403)
    await fan.sign_up()
    await fan.go("/gate")
    await fan.see("gate-code").fill("T1.no.code")
    await fan.see("gate-check").click()
    await expect(fan.see("gate-result", result="red")).to_contain_text("This account may not do that")


async def test_the_gate_says_why_it_refuses(house: House, arrive: Arrive) -> None:
    gate = await arrive(lang="en")
    gate.watch.allow(422, 400)
    await gate.sign_in(STAFF[Role.GATE], "/gate")
    await gate.see("gate-code").fill("this is no ticket")
    await gate.see("gate-check").click()
    await expect(gate.see("gate-result", result="red")).to_contain_text("Do not admit")
