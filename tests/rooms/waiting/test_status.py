"""The public status: small whatever it says, the same bytes wherever it is read, and never older than it must be."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from tests.rooms.waiting.line_bench import LOBBY_MS, Bench, step
from ticketing.base.errors import Conflict, NotFound
from ticketing.waiting.book import LineBook
from ticketing.waiting.model import MAX_RATE, Census, Line, Phase, Stock
from ticketing.waiting.status import MAX_STATUS_BYTES, about_key, event_of, status_document, status_key

MOST = 99_999_999
"""Places: more than there are people in the country."""


def worst(**more: object) -> bytes:
    """As long as a status can be."""
    line = Line(
        event_id="evt_" + "x" * 16, epoch=99, salt=b"", secret=b"", commitment="", lobby_at=0,
        opens_at=1_800_000_000_000, cap=0, rate=0, phase=Phase.ANNOUNCED, n=MOST, seed=b"\xff" * 32, closed_at=0,
        serving=MOST, paused=True, about=9_999, open_until=4_000_000_000_000,
    )  # fmt: skip
    line = replace(line, phase=Phase.SOLD_OUT, **more)
    census = Census("sold_out", MOST, MOST, MOST, 0, 0, 0, 0, 0, 0, 0, MAX_RATE, 1.0)
    return status_document(line, census, Stock((1,) * 40, 0, (1,) * 40), 1_800_000_000_000)


def test_the_longest_status_fits() -> None:
    for paused in (False, True):
        for open_until in (0, 4_000_000_000_000):
            assert len(worst(paused=paused, open_until=open_until)) <= MAX_STATUS_BYTES


async def opened(bench: Bench) -> None:
    """Three people, drawn."""
    await step(bench.candidate())
    for number in range(3):
        await bench.join(f"acc_{number}")
    bench.clock.advance(LOBBY_MS / 1000)
    await step(bench.leader)


async def test_store_blob_and_route_have_the_same_bytes(bench: Bench) -> None:
    await opened(bench)
    for _ in range(3):
        bench.clock.advance(1)
        await step(bench.leader)
        posted = await bench.api.board.status(bench.event.id)
        assert posted.body == await bench.blobs.get(status_key(bench.event.id))
        assert posted.body == await bench.api.store.status(bench.event.id)
        assert (await bench.api.board.status(bench.event.id)).etag == posted.etag


async def test_it_says_what_is(bench: Bench) -> None:
    await opened(bench)
    bench.clock.advance(1)
    await step(bench.leader)
    said = msgspec.json.decode((await bench.api.board.status(bench.event.id)).body)
    line = await bench.line()
    assert list(said)[:13] == [
        "event", "epoch", "phase", "t0", "at", "n", "last", "seed", "serving", "rate", "poll", "stock", "about",
    ]  # fmt: skip
    assert (said["phase"], said["n"], said["last"], said["stock"]) == ("open", 3, 3, "2")
    assert said["serving"] == min(line.serving, 3)
    assert "paused" not in said
    assert "open_until" not in said


async def test_before_the_leaders_first_word_the_books_speak(bench: Bench) -> None:
    said = msgspec.json.decode((await bench.api.board.status(bench.event.id)).body)
    assert (said["phase"], said["serving"], said["seed"]) == ("announced", 0, None)


async def test_the_last_word_stays_while_valkey_is_empty(bench: Bench) -> None:
    await opened(bench)
    before = await bench.api.board.status(bench.event.id)
    keys = await bench.valkey.execute("KEYS", f"w:{{{bench.event.id}}}:*")
    await bench.valkey.execute("DEL", *keys)
    assert (await bench.api.board.status(bench.event.id)).body == before.body
    # A process that is new to it reads the blob.
    fresh = bench.process()
    assert (await fresh.board.status(bench.event.id)).body == before.body
    await fresh.close()


async def test_about_is_written_anew_when_its_version_changes(bench: Bench) -> None:
    await opened(bench)
    about = msgspec.json.decode((await bench.api.board.about(bench.event.id)).body)
    assert (about["version"], about["message"]) == (1, None)
    from ticketing.waiting.controls import Change, Message

    await bench.controls.change(bench.event.id, "acc_p", Change(message=Message("안녕", "hello")))
    bench.clock.advance(1)
    await step(bench.leader)
    about = msgspec.json.decode((await bench.api.board.about(bench.event.id)).body)
    assert (about["version"], about["message"]) == (2, {"ko": "안녕", "en": "hello"})
    assert await bench.blobs.get(about_key(bench.event.id)) == (await bench.api.board.about(bench.event.id)).body
    assert msgspec.json.decode((await bench.api.board.status(bench.event.id)).body)["about"] == 2


async def test_no_status_for_what_has_no_line(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound):
        await bench.api.board.status("evt_nothing")

    async def without(*_: object) -> Line:
        raise Conflict("no_waiting_room", "none")

    monkeypatch.setattr(LineBook, "get", without)
    with pytest.raises(Conflict):
        await bench.api.board.status("evt_other")


@pytest.mark.parametrize("name", ["", "evt_a", ".json", "evt_a.txt"])
def test_other_names_are_no_files(name: str) -> None:
    with pytest.raises(NotFound):
        event_of(name)


def test_names_of_files() -> None:
    assert event_of("evt_a.json") == ("evt_a", False)
    assert event_of("evt_a.about.json") == ("evt_a", True)


async def test_what_a_replica_remembers_of_an_earlier_status_is_not_shown(bench: Bench) -> None:
    await opened(bench)
    newest = await bench.api.board.status(bench.event.id)
    # A replica took over: the state that it has is of another server, and its status an old one.
    prefix = f"w:{{{bench.event.id}}}:"
    await bench.valkey.execute("HSET", prefix + "meta", "run", "of-another-server")
    await bench.valkey.execute("SET", prefix + "status", '{"serving":0}')
    fresh = bench.process()
    assert (await fresh.board.status(bench.event.id)).body == newest.body
    assert (await bench.api.board.status(bench.event.id)).body == newest.body
    await fresh.close()
