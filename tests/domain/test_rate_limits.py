"""A bucket a peer, refilled by time."""

from __future__ import annotations

import pytest

from inspector.domain.rate_limits import MAX_PEERS, RateLimit, name_peer


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_then_so_many_a_second(clock: Clock) -> None:
    limit = RateLimit(2, 3, clock=clock)
    assert [limit.take("a") for _ in range(5)] == [0, 0, 0, 0.5, 0.5]
    clock.now += 0.5
    assert [limit.take("a"), limit.take("a")] == [0, 0.5]
    clock.now += 1000
    assert [limit.take("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_each_peer_has_its_own(clock: Clock) -> None:
    limit = RateLimit(1, 1, clock=clock)
    assert [limit.take("a"), limit.take("b"), limit.take("a")] == [0, 0, 1]


def test_looking_takes_nothing(clock: Clock) -> None:
    limit = RateLimit(1, 1, clock=clock)
    assert [limit.wait_s("a"), limit.wait_s("a"), limit.take("a"), limit.wait_s("a")] == [
        0,
        0,
        0,
        1,
    ]


def test_a_peer_with_a_network_of_addresses_is_one_peer(clock: Clock) -> None:
    limit = RateLimit(1, 1, clock=clock)
    assert limit.take("2001:db8:0:1::1") == 0
    assert limit.take("2001:db8:0:1:ffff::2") == 1
    assert limit.take("2001:db8:0:2::1") == 0
    assert name_peer("::ffff:10.0.0.1") == name_peer("::ffff:10.0.0.1")


def test_millions_of_peers_take_no_more_memory_than_some(clock: Clock) -> None:
    limit = RateLimit(1, 5, clock=clock)
    for number in range(MAX_PEERS + 500):
        limit.take(f"peer {number}")
    assert len(limit._left) == MAX_PEERS
