"""The command: exit codes, words for people, JSON for machines."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from tests.rooms.admin.house import House, order_id
from ticketing.base.valkey_server import ValkeyServer


class Command:
    """`ticketing fsck` over the stores of a house; there is no provider."""

    def __init__(self, house: House, server: ValkeyServer, folder: Path) -> None:
        values = {
            "DATABASE_URL": house.db.engine.url.render_as_string(hide_password=False),
            "VALKEY_URL": server.url,
            "QUEUE_URL": server.url,
            "SIGNING_KEYS": f"k1:{bytes(32).hex()}",
            "TICKET_SEED": bytes(32).hex(),
            "BLOBS_URL": f"file://{folder}",
            "MAIL_URL": f"mailbox://{folder}",
            "PAYMENT_URL": "http://127.0.0.1:9",
            "PAYMENT_SECRET": "only a test, and long enough to be taken",
            "PUBLIC_URL": "http://localhost:8000",
        }
        self._environ = os.environ | {f"TICKETING_{name}": value for name, value in values.items()} | {"COLUMNS": "250"}

    async def __call__(self, *options: str, timeout: float = 60.0) -> tuple[int | None, str, str]:
        """Exit code, standard output, standard error."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ticketing", "fsck", *options),
            env=self._environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), timeout)
        return process.returncode, out.decode(), err.decode()


@pytest.fixture
def command(sqlite_house: House, valkey_server: ValkeyServer, tmp_path: Path) -> Command:
    return Command(sqlite_house, valkey_server, tmp_path)


async def test_people_are_told_what_is_wrong_and_what_was_done(sqlite_house: House, command: Command) -> None:
    code, said, _ = await command("--no-provider")
    assert (code, said.splitlines()[-1]) == (0, "clean")
    assert "under way  awaiting payment: 2, 300,000 KRW" in said
    assert "left out on request: provider" in said

    await sqlite_house.sql("UPDATE event_people SET seats = 1 WHERE account_id = 'acc_seated'")
    await sqlite_house.sql("DELETE FROM tickets WHERE order_id = :o", o=order_id("inside"))
    code, said, _ = await command("--no-provider", "--fix")
    assert code == 1
    assert "fixed  people: counted anew: 2 seats" in said
    assert "I1 ticket_missing" in said
    assert f"order_id={order_id('inside')}" in said
    assert said.splitlines()[-1] == "3 breaches"


async def test_machines_get_one_document(sqlite_house: House, command: Command) -> None:
    await sqlite_house.sql("DELETE FROM tickets WHERE order_id = :o", o=order_id("inside"))
    code, said, err = await command("--no-provider", "--json", "--event", sqlite_house.event.id)
    report = json.loads(said)
    assert (code, report["exit_code"], report["clean"], err) == (1, 1, False, "")
    assert report["skipped"] == ["provider"]
    ((breach, *_),) = [[b for b in report["breaches"] if b["code"] == "ticket_missing"]]
    assert breach["invariant"] == "I1"
    assert breach["seat_id"] == sqlite_house.seats[sqlite_house.ordinals["inside"][0]]


async def test_wrong_usage_and_a_provider_that_is_away_are_2(command: Command) -> None:
    for options, words in ((("--event", "evt_nowhere", "--no-provider"), "no event"), (("--revive",), "--fix")):
        code, _, err = await command(*options)
        assert (code, words in err) == (2, True), err
    code, said, _ = await command("--json")
    assert code == 2
    assert [gap["subject"] for gap in json.loads(said)["unchecked"]] == ["provider"]
