"""The window times its own frames while something is written."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from helix_app.gui.help import frames
from helix_app.gui.help.frames import FrameMeter
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from tests.gui.driver import Driver
from tests.gui.fake import record


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def meter(qapp: QApplication, clock: Clock) -> FrameMeter:
    return FrameMeter(clock=clock)


def beat(meter: FrameMeter, clock: Clock, *milliseconds_: float) -> None:
    for value in milliseconds_:
        meter.on_batch()
        clock.now += value / 1000
        meter.on_paint(0.002)


def test_report(meter: FrameMeter, clock: Clock) -> None:
    assert meter.last() is None
    assert meter.ever() is None
    meter.start()
    beat(meter, clock, *[16.0] * 98, 40.0, 90.0)
    meter.on_paint(0.012)  # nothing came: painted, but no frame
    report = meter.last()
    assert report is not None
    assert report.frames == 100
    assert report.seconds == pytest.approx(98 * 0.016 + 0.13)
    assert (report.median, report.p95, report.worst) == pytest.approx((16, 16, 90))
    assert report.p99 == pytest.approx(np.percentile([16.0] * 98 + [40.0, 90.0], 99))
    assert report.slow == pytest.approx(0.02)
    assert (report.paints, report.paint_median, report.paint_p95) == (101, pytest.approx(2), pytest.approx(2))


def test_batches_that_are_painted_together_are_one_frame(meter: FrameMeter, clock: Clock) -> None:
    meter.start()
    for _ in range(3):
        meter.on_batch()
        clock.now += 0.01
    meter.on_paint(0.001)
    meter.on_paint(0.001)
    report = meter.last()
    assert report is not None
    assert (report.frames, report.worst, report.paints) == (1, pytest.approx(30), 2)


def test_stretches(meter: FrameMeter, clock: Clock) -> None:
    meter.start()
    beat(meter, clock, 16, 16)
    meter.on_batch()  # never painted
    meter.stop()
    clock.now += 60  # nothing is written for a minute: that is no frame
    meter.on_paint(1.0)
    meter.on_batch()
    meter.start()
    beat(meter, clock, 20)
    last, ever = meter.last(), meter.ever()
    assert last is not None
    assert ever is not None
    assert (last.frames, last.worst) == (1, pytest.approx(20))
    assert (ever.frames, ever.worst, ever.paints) == (3, pytest.approx(20), 3)


def test_only_the_newest_are_kept(meter: FrameMeter, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "KEPT", 5)
    meter = FrameMeter(clock=clock)
    meter.start()
    beat(meter, clock, 1, 2, 3, 4, 5, 6, 7)
    assert meter.recent(3) == pytest.approx([5, 6, 7])
    assert meter.recent(100) == pytest.approx([3, 4, 5, 6, 7])
    report = meter.last()
    assert report is not None
    assert (report.frames, report.worst) == (5, pytest.approx(7))


def test_times_while_a_reply_is_written(window: MainWindow, chat: Driver, qtbot) -> None:
    meter = window.help.frames
    assert not meter.running
    chat.ask("Hello")
    assert meter.running
    for text in ("Hello ", "to ", "you."):
        window.on_events([events.TextDelta(chat.requests[-1].request_id, text)])
        window.chat.flush()
        window.repaint()
        qtbot.waitUntil(lambda: meter._began is None)
    assert (report := meter.last()) is not None
    assert report.frames == 3
    chat.finish("Hello to you.")
    assert not meter.running
    report = meter.last()
    assert report is not None
    assert report.paint_p95 is not None
    assert report.paint_p95 > 0
    window.repaint()
    assert meter.last() == report  # nothing is timed between replies


def test_times_a_comparison(window: MainWindow) -> None:
    window.state.begin("compare")
    assert window.help.frames.running
    window.state.end("compare")
    assert not window.help.frames.running


def test_the_end_of_a_stretch_is_told_once(meter: FrameMeter) -> None:
    ended = record(meter.ended)
    meter.stop()  # nothing was timed
    meter.start()
    meter.stop()
    meter.stop()
    assert len(ended) == 1
