"""Token buckets: shared by all processes through Valkey, per process while it is away."""

from __future__ import annotations

import pytest
from litestar.datastructures import Address

from ticketing.base.clock import ManualClock
from ticketing.base.errors import RateLimited
from ticketing.base.rate import Limit, RateLimiter, origin_of
from ticketing.base.valkey import Valkey, ValkeyAway
from ticketing.base.valkey_server import ValkeyServer

THREE = Limit("test", capacity=3, per_second=0.5)


async def allowed(limiter: RateLimiter, subject: str, tries: int) -> int:
    """How many of `tries` calls at one moment are let through."""
    passed = 0
    for _ in range(tries):
        try:
            await limiter.check(THREE, subject)
            passed += 1
        except RateLimited:
            continue
    return passed


async def test_capacity_at_once_then_one_per_refill(valkey: Valkey, clock: ManualClock) -> None:
    limiter = RateLimiter(valkey, clock)
    assert await allowed(limiter, "alice", 10) == 3
    with pytest.raises(RateLimited) as refused:
        await limiter.check(THREE, "alice")
    assert refused.value.extra["retry_after"] == 2, "half a token per second: two seconds for one"
    clock.advance(1.9)
    assert await allowed(limiter, "alice", 1) == 0
    clock.advance(0.1)
    assert await allowed(limiter, "alice", 10) == 1, "who waits as told is let through"
    clock.advance(3600)
    assert await allowed(limiter, "alice", 10) == 3, "an idle bucket is full, never fuller"


async def test_subjects_and_limits_are_apart(valkey: Valkey, clock: ManualClock) -> None:
    limiter = RateLimiter(valkey, clock)
    assert await allowed(limiter, "alice", 5) == 3
    assert await allowed(limiter, "bob", 5) == 3
    await limiter.check(Limit("another", 3, 0.5), "alice")


async def test_all_processes_share_one_bucket(valkey: Valkey, clock: ManualClock) -> None:
    one, other = RateLimiter(valkey, clock), RateLimiter(valkey, clock)
    assert await allowed(one, "alice", 2) + await allowed(other, "alice", 5) == 3


async def test_two_clocks_that_differ_count_no_time_twice(valkey: Valkey, clock: ManualClock) -> None:
    """A process whose clock is behind, in turn with one whose clock is right."""
    behind = ManualClock(clock.now_ms())
    behind.advance(-10)
    right, other = RateLimiter(valkey, clock), RateLimiter(valkey, behind)
    passed = 0
    for _ in range(10):
        passed += await allowed(right, "alice", 1) + await allowed(other, "alice", 1)
    assert passed == 3


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9%eth0", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
        (None, "unknown"),
    ],
)
def test_a_customers_whole_ipv6_network_counts_as_one(host: str | None, counted: str) -> None:
    assert origin_of(Address(host, 4711) if host else None) == counted


async def test_a_clock_that_goes_back_takes_nothing_away(valkey: Valkey, clock: ManualClock) -> None:
    limiter = RateLimiter(valkey, clock)
    assert await allowed(limiter, "alice", 2) == 2
    clock.advance(-3600)
    assert await allowed(limiter, "alice", 5) == 1


async def test_what_turned_out_fine_is_given_back(valkey: Valkey, clock: ManualClock) -> None:
    limiter = RateLimiter(valkey, clock)
    assert await allowed(limiter, "alice", 5) == 3
    await limiter.give_back(THREE, "alice")
    assert await allowed(limiter, "alice", 5) == 3


async def test_while_valkey_is_away_each_process_counts_by_itself(
    base_valkey: ValkeyServer, valkey: Valkey, clock: ManualClock
) -> None:
    one, other = RateLimiter(valkey, clock), RateLimiter(valkey, clock)
    base_valkey.stop()
    with pytest.raises(ValkeyAway):
        await valkey.ping()
    assert await allowed(one, "alice", 10) == 3, "still a limit"
    assert await allowed(other, "alice", 10) == 3
    clock.advance(2)
    assert await allowed(one, "alice", 10) == 1, "and it is refilled in the same way"
    await one.give_back(THREE, "alice")
    assert await allowed(one, "alice", 10) == 3
    await base_valkey.start_async()
    assert await allowed(one, "carol", 10) == 3
    assert await allowed(other, "carol", 10) == 0, "shared again as soon as it is back"


async def test_a_bucket_forgets_itself_when_it_is_full_again(valkey: Valkey, clock: ManualClock) -> None:
    limiter = RateLimiter(valkey, clock)
    await limiter.check(THREE, "alice")
    left = await valkey.execute("PTTL", "rate:test:alice")
    assert 0 < left <= 3000, "one token of half a token per second, and a second of grace"
