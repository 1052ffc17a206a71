"""The promoter's hands on a line: what is pressed happens, is asked about first, and is written down."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser import axe, line
from tests.browser.conftest import Arrive
from tests.browser.house import STAFF, House
from tests.browser.visitor import PHONE, Visitor
from tests.people import eventually
from ticketing.accounts.model import Role

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SOON = 30_000


async def at_the_desk(arrive: Arrive, event_id: str, role: Role, **how: object) -> Visitor:
    staff = await arrive(**how)
    await staff.sign_in(STAFF[role], f"/sale/{event_id}")
    await expect(staff.see("desk")).to_be_visible()
    return staff


async def confirm(staff: Visitor, words: str) -> None:
    """Read what is asked, and say yes."""
    dialog = staff.page.locator("dialog[open]")
    await expect(dialog).to_contain_text(words)
    await staff.see("desk-confirm").click()
    await expect(dialog).to_have_count(0)


async def test_cap_pause_message_and_drain(house: House, arrive: Arrive) -> None:
    event = await line.show_with_line(house, "손잡이가 있는 줄", "A line with handles", cap=5)
    bob = await house.fan("Bob")
    assert (await bob.join(event.id)).json()["pass"]
    desk = await at_the_desk(arrive, event.id, Role.PROMOTER, lang="en")
    await expect(desk.see("desk-phase", phase="open")).to_have_text("Admitting")
    await expect(desk.see("desk").get_by_text("% of a cap of 5")).to_be_visible()
    assert await desk.see("glass-open").count() == 0, "break-glass is for operators"

    await desk.see("desk-cap").fill("7")
    await desk.see("desk-pace").click()
    await expect(desk.page.locator("dialog[open]")).to_contain_text("5 → 7")
    await desk.page.locator("dialog[open]").get_by_text("Leave as it is").click()
    assert (await state(house, event.id))["cap"] == 5, "nothing happens before it is confirmed"
    await desk.see("desk-pace").click()
    await confirm(desk, "5 → 7")
    await expect(desk.see("desk").get_by_text("% of a cap of 7")).to_be_visible()

    await desk.see("desk-pause").click()
    await confirm(desk, "Nobody new goes in")
    await expect(desk.see("desk-pause")).to_have_text("Resume admission")
    await desk.see("desk-drain").click()
    await confirm(desk, "Newcomers cannot join")
    await desk.see("desk-message-ko").fill("곧 다시 시작합니다.")
    await desk.see("desk-message-en").fill("We will be back soon.")
    await desk.see("desk-publish").click()
    await confirm(desk, "We will be back soon.")
    await expect(desk.see("desk-actions").locator("li")).to_have_count(5)
    assert await axe.grave(desk.page) == []
    now = await state(house, event.id)
    assert (now["cap"], now["paused"], now["draining"]) == (7, True, True)
    assert now["message"] == {"ko": "곧 다시 시작합니다.", "en": "We will be back soon."}

    # Who comes now is told both: that the line is closed, and what the promoter says.
    late = await arrive(lang="en", size=PHONE)
    late.watch.allow(409)
    await late.sign_up()
    await late.go(f"/events/{event.id}/line")
    await expect(late.see("line", scene="draining")).to_contain_text("closed to newcomers", timeout=SOON)
    await expect(late.see("message")).to_contain_text("We will be back soon.", timeout=SOON)
    assert await late.too_wide() == []

    await desk.see("desk-unpublish").click()
    await confirm(desk, "disappears")
    assert (await state(house, event.id))["message"] is None


@pytest.mark.parametrize("number", ["-1", "1000000000", "1.5", "many", ""])
async def test_a_number_that_cannot_be_is_not_sent(house: House, arrive: Arrive, number: str) -> None:
    event = await line.show_with_line(house, "숫자가 이상한 줄", "An odd number", cap=3)
    desk = await at_the_desk(arrive, event.id, Role.PROMOTER, lang="en")
    await desk.see("desk-cap").fill(number)
    await expect(desk.see("desk").get_by_role("alert")).to_contain_text("whole number from 0 to 100,000")
    await expect(desk.see("desk-pace")).to_be_disabled()
    # The control: a number that can be.
    await desk.see("desk-cap").fill("0")
    await desk.see("desk-pace").click()
    await confirm(desk, "nobody can go in")
    assert (await state(house, event.id))["cap"] == 0


async def test_break_glass_wants_a_reason_opens_the_door_and_ends(house: House, arrive: Arrive) -> None:
    event = await line.show_with_line(house, "비상구", "The emergency exit", cap=0)
    alice = await arrive(lang="en")
    await alice.sign_up()
    await line.wait_in_line(alice, event.id)
    desk = await at_the_desk(arrive, event.id, Role.OPERATOR, lang="en")
    await desk.see("glass-minutes").fill("61")
    await desk.see("glass-reason").fill("too short")
    await expect(desk.see("glass-open")).to_be_disabled()
    await desk.see("glass-minutes").fill("5")
    await desk.see("glass-reason").fill("The line does not move for anybody")
    await desk.see("glass-open").click()
    await confirm(desk, "without cap or order")
    await expect(desk.see("glass-left")).to_have_text(re.compile(r"Open to all [45]:\d\d"))
    await expect(alice.see("line", scene="open_house")).to_be_visible(timeout=SOON)
    # Each API process reads the line anew every two seconds: wait until this one asks for no pass.
    carol = await house.fan("Carol")

    async def asks_for_no_pass() -> bool:
        return (await carol.hold(event.id, "1C-C-9")).status_code == 201

    await eventually(asks_for_no_pass, 30)
    await alice.see("line-go").click()
    await alice.at(f"/events/{event.id}/seats")
    await expect(alice.see("outside")).to_have_count(0)
    await alice.see("tab-list").click()
    await alice.press_in_list("1C-C-8")
    await alice.see("hold").click()
    await alice.at("/checkout")
    await desk.see("glass-close").click()
    await confirm(desk, "Only those whose turn it is")
    await expect(desk.see("glass-left")).to_have_count(0)
    await expect(desk.see("desk-actions")).to_contain_text("The line does not move for anybody")


async def test_a_show_without_a_line_has_no_desk(house: House, arrive: Arrive) -> None:
    event = await house.show("줄 없는 공연", "No line")
    promoter = await arrive(lang="en")
    await promoter.sign_in(STAFF[Role.PROMOTER], f"/sale/{event.id}")
    await expect(promoter.see("sale")).to_contain_text("Live")
    await expect(promoter.see("desk")).to_have_count(0)


async def state(house: House, event_id: str) -> dict[str, object]:
    operator = await house.staff(Role.OPERATOR)
    return dict((await operator.get(f"/api/admin/events/{event_id}/line")).json())
