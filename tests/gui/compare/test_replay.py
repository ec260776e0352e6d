"""The one clock that both replies are replayed on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from helix_app.gui.compare.replay import SPEEDS, ReplayClock
from tests.gui.fake import record


class Replay:
    """A clock of ten seconds, and the time that passes when it is told."""

    def __init__(self) -> None:
        self.now = 100.0
        self.clock = ReplayClock(now=lambda: self.now)
        self.clock.set_duration(10.0)

    def wait(self, seconds: float) -> float:
        """Where the replay is then."""
        self.now += seconds
        self.clock.on_tick()
        return self.clock.seconds


@pytest.fixture
def replay(qapp: QApplication) -> Iterator[Replay]:
    """One that stands at its end."""
    made = Replay()
    yield made
    made.clock.pause()


def test_what_is_over_plays_from_the_beginning(replay: Replay) -> None:
    assert replay.clock.seconds == 10.0
    told = record(replay.clock.playing_changed)
    replay.clock.play()
    assert replay.clock.seconds == 0.0
    assert replay.wait(2.5) == 2.5
    replay.clock.play()  # it does
    assert told == [True]


@pytest.mark.parametrize("speed", SPEEDS)
def test_it_may_be_slower_or_faster(replay: Replay, speed: float) -> None:
    replay.clock.speed = speed
    replay.clock.play()
    assert replay.wait(1.0) == speed


def test_it_stops_at_the_end(replay: Replay) -> None:
    told = record(replay.clock.playing_changed)
    replay.clock.play()
    assert replay.wait(99.0) == 10.0
    assert not replay.clock.playing
    assert told == [True, False]


def test_it_plays_on_from_where_it_is_set(replay: Replay) -> None:
    moved = record(replay.clock.moved)
    replay.clock.play()
    replay.now += 3.0  # nobody looked
    replay.clock.seek(5.0)
    assert replay.wait(1.0) == 6.0
    assert moved == [0.0, 5.0, 6.0]


def test_time_stands_still_in_a_pause(replay: Replay) -> None:
    replay.clock.toggle()
    replay.wait(4.0)
    replay.clock.toggle()
    replay.now += 50.0
    replay.clock.toggle()
    assert replay.wait(1.0) == 5.0


@pytest.mark.parametrize(("wanted", "place"), [(-3.0, 0.0), (4.0, 4.0), (30.0, 10.0)])
def test_it_stays_between_its_ends(replay: Replay, wanted: float, place: float) -> None:
    replay.clock.seek(wanted)
    assert replay.clock.seconds == place


def test_nothing_cannot_be_played(replay: Replay) -> None:
    replay.clock.play()
    replay.clock.set_duration(0.0)
    assert not replay.clock.playing  # another comparison
    replay.clock.play()
    assert not replay.clock.playing
