"""How often progress is told, and its speed."""

from __future__ import annotations

from helix_app.hub.transfer.progress import Meter


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_at_most_ten_events_a_second() -> None:
    clock = Clock()
    meter = Meter("tiny", "download", 1_000_000, clock=clock)
    told = 0
    for _ in range(1000):
        clock.now += 0.001
        told += meter.advance(100) is not None
    assert 8 <= told <= 10


def test_speed_and_time_left() -> None:
    clock = Clock()
    meter = Meter("tiny", "download", 10_000, done_bytes=2_000, clock=clock)
    assert meter.event().bytes_per_second is None
    clock.now += 2.0
    event = meter.advance(4_000)
    assert event is not None
    assert (event.done_bytes, event.bytes_per_second, event.seconds_left) == (6_000, 2_000.0, 2.0)


def test_speed_is_that_of_the_last_seconds() -> None:
    clock = Clock()
    meter = Meter("tiny", "download", 1_000_000, clock=clock)
    for count in [100_000] * 10 + [0] * 10:
        clock.now += 1.0
        event = meter.advance(count)
    assert event is not None
    assert event.bytes_per_second == 0.0
    assert event.seconds_left is None
