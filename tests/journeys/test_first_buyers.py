"""The first buyers of a new event, at several processes at once, are served: nobody is told to come back."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx

from tests.people import sign_up
from tests.stack import Stack


async def test_sixteen_first_buyers_at_once(stack: Stack, client: httpx.AsyncClient) -> None:
    people = [await sign_up(client, f"First{n}") for n in range(4)]
    for _ in range(5):
        event = await stack.add_event_async()
        answers = await asyncio.gather(
            *(people[n % 4].hold(event.id, f"1C-{'ABCDE'[n // 4]}-{1 + n % 4}") for n in range(16))
        )
        assert Counter(answer.status_code for answer in answers) == {201: 16}, [
            a.text for a in answers if a.status_code != 201
        ]
