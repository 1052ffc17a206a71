"""argon2id off the event loop, bounded in number."""

from __future__ import annotations

import asyncio

from ticketing.accounts.passwords import Passwords
from ticketing.base.errors import Unavailable


async def test_hash_and_verify(passwords: Passwords) -> None:
    encoded = await passwords.hash("correct horse 9")
    assert encoded.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.verify(encoded, "correct horse 9")
    assert not await passwords.verify(encoded, "correct horse 8")
    assert not await passwords.verify(None, "correct horse 9")
    assert not await passwords.verify("not a hash", "correct horse 9")
    assert await passwords.hash("correct horse 9") != encoded, "salted"
    assert not passwords.outdated(encoded)


async def test_the_loop_goes_on_while_hashes_are_made() -> None:
    passwords, turns, done = Passwords(concurrency=1), 0, asyncio.Event()

    async def spin() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            await asyncio.sleep(0)

    spinning = asyncio.create_task(spin())
    await asyncio.gather(*(passwords.hash("correct horse 9") for _ in range(3)))
    done.set()
    await spinning
    assert turns > 50


async def test_too_many_at_once_are_told_to_come_back() -> None:
    passwords = Passwords(concurrency=1, queue=3)
    answers = await asyncio.gather(*(passwords.hash("correct horse 9") for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(answer, str) for answer in answers) == 3
    refused = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert len(refused) == 5
    assert refused[0].extra["retry_after"] == 5
    assert await passwords.hash("correct horse 9"), "and it serves again"
