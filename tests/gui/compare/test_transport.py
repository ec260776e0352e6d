"""Play, pause and scrub: the controls of the replay."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from helix_app.gui.compare.replay import SPEEDS, ReplayClock
from helix_app.gui.compare.transport import STEPS, Transport
from helix_app.gui.look.theme import Theme
from tests.gui.compare.instruments.person import TEXT, CompareDriver, compared
from tests.gui.fake import record


@pytest.fixture
def clock(theme: Theme) -> ReplayClock:
    """A clock of four seconds, at its end."""
    made = ReplayClock(theme)
    made.set_duration(4.0)
    return made


@pytest.fixture
def transport(theme: Theme, clock: ReplayClock, qtbot: QtBot) -> Transport:
    """Its controls."""
    made = Transport(theme, clock)
    qtbot.addWidget(made)
    made.on_moved(clock.seconds)
    return made


def test_both_replay_on_one_clock(driver: CompareDriver) -> None:
    compared(driver)
    clock = driver.page.clock
    assert clock.duration == pytest.approx(0.2 + 59 * 0.02)
    assert driver.texts() == [TEXT, TEXT]
    clock.seek(0.305)
    a, b = driver.page.records
    assert driver.texts() == [TEXT[: a.characters[a.step_at(0.305)]], TEXT[: b.characters[b.step_at(0.305)]]]
    assert len(driver.texts()[0]) > len(driver.texts()[1]) > 0
    assert driver.page.panes[1].figures.text().startswith("6 tokens")
    assert driver.page.plots.tokens.line.value() == 0.305
    clock.seek(0.1)
    assert driver.texts() == ["", ""]
    driver.page.transport.slider.setValue(driver.page.transport.slider.maximum())
    assert driver.texts() == [TEXT, TEXT]


def test_playing(driver: CompareDriver) -> None:
    compared(driver)
    page, now = driver.page, [0.0]
    page.clock._now = lambda: now[0]
    page.transport.play.click()
    assert page.clock.playing
    assert page.clock.seconds == 0.0
    assert page.transport.play.accessibleName() == "Pause the replay"
    for speed, seconds in (("1", 0.5), ("0.25", 0.5 + 0.5 / 4), ("4", 1.38)):
        page.transport.speed.pick(speed)
        now[0] += 0.5
        page.clock.on_tick()
        assert page.clock.seconds == pytest.approx(seconds)
    assert not page.clock.playing
    assert driver.texts() == [TEXT, TEXT]


def test_the_keyboard_moves_the_replay(driver: CompareDriver) -> None:
    compared(driver)
    before = driver.page.clock.seconds
    QTest.keyClick(driver.page.transport.slider, Qt.Key.Key_Left)
    assert driver.page.clock.seconds < before


def test_the_slider_shows_the_clock_and_does_not_move_it(transport: Transport, clock: ReplayClock) -> None:
    assert transport.slider.value() == STEPS
    moved = record(clock.moved)
    clock.seek(1.0)
    assert transport.slider.value() == STEPS // 4
    assert moved == [1.0]


def test_the_clock_follows_the_slider(transport: Transport, clock: ReplayClock) -> None:
    transport.slider.setValue(STEPS // 2)
    assert clock.seconds == 2.0
    assert transport.time.text() == "2.00 / 4.00 s"


@pytest.mark.parametrize(
    ("duration", "seconds", "words"),
    [(0.0, 0.0, "–"), (9.5, 1.25, "1.25 / 9.50 s"), (75.0, 1.25, "1 / 75 s")],
)
def test_the_time_in_words(
    transport: Transport, clock: ReplayClock, duration: float, seconds: float, words: str
) -> None:
    clock.set_duration(duration)
    clock.seek(seconds)
    assert transport.time.text() == words


def test_every_speed_can_be_picked(transport: Transport, clock: ReplayClock) -> None:
    assert [choice.label for choice in transport.speed.choices()] == ["0.25x", "0.5x", "1x", "2x", "4x"]
    for choice, speed in zip(transport.speed.choices(), SPEEDS):
        transport.speed.pick(choice.value)
        assert clock.speed == speed
        assert transport.speed.shown() == choice.label


def test_the_button_says_what_a_click_does(transport: Transport, clock: ReplayClock) -> None:
    for name in ("Play the replay", "Pause the replay", "Play the replay"):
        assert transport.play.accessibleName() == transport.play.toolTip() == name
        transport.play.click()
    clock.pause()
