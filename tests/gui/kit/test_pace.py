"""Parts of the window draw together, each no more often than it wants; labels of figures stand still."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget

from helix_app.gui.kit import pace as pace_module
from helix_app.gui.kit.controls.steady import SPARE, SteadyLabel
from helix_app.gui.kit.pace import Pace, by_cores
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from tests.gui import fake
from tests.gui.driver import Driver

pytestmark = pytest.mark.styled


class Part(QObject):
    """Something that draws, at a time that is told."""

    def __init__(self, interval: int) -> None:
        super().__init__()
        self.now, self.drawn = 50.0, 0
        self.pace = Pace(self.draw, interval, self, clock=lambda: self.now)

    def draw(self) -> None:
        self.drawn += 1


@pytest.fixture
def part(qapp: QApplication) -> Part:
    return Part(100)


@pytest.mark.parametrize(("cores", "milliseconds"), [(1, 240), (4, 240), (5, 120), (32, 120)])
def test_drawing_is_rarer_where_it_costs_tokens(cores: int, milliseconds: int) -> None:
    assert by_cores(120, 240, cores) == milliseconds


def test_draws_with_the_batch_that_changed_it(part: Part) -> None:
    part.pace.pulse()
    assert part.drawn == 0  # nothing has changed
    part.pace.ask()
    part.pace.ask()
    part.pace.pulse()
    assert (part.drawn, part.pace.waiting) == (1, False)
    part.pace.pulse()
    assert part.drawn == 1


@pytest.mark.parametrize(("milliseconds", "drawn"), [(50, 1), (91, 1), (93, 2), (500, 2)])
def test_draws_no_more_often_than_it_wants(part: Part, milliseconds: int, drawn: int) -> None:
    part.pace.ask()
    part.pace.pulse()
    part.now += milliseconds / 1000
    part.pace.ask()
    part.pace.pulse()
    assert part.drawn == drawn
    assert part.pace.waiting == (drawn == 1)


def test_draws_alone_when_no_more_events_come(part: Part, qtbot) -> None:
    part.pace.interval = 1
    part.pace.ask()
    qtbot.waitUntil(lambda: part.drawn == 1)
    assert not part.pace.waiting


def test_waits_as_long_as_is_left(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace_module, "LATE_MS", 7)
    part.pace.draw()
    part.now += 0.03
    part.pace.ask()
    assert part.pace._timer.interval() == 100 - 30 + 7
    part.pace.stop()
    part.now += 10
    part.pace.ask()
    assert part.pace._timer.interval() == 7


def test_a_batch_is_drawn_at_once(window: MainWindow, chat: Driver) -> None:
    request = chat.ask("Hello").request_id
    plots, grid = window.live.plots, window.live.blocks.maps["target"].grid
    plots.pace._last = grid.pace._last = window.chat.feed.pace._last = float("-inf")
    cells = fake.pool_cells(64)
    window.on_events([events.TextDelta(request, "Hi there"), fake.round_done(request, 0), fake.snapshot(cells)])
    assert chat.reply.text_blocks()[0].text() == "Hi there"
    assert not window.chat.feed.pace.waiting
    assert not plots.pace.waiting
    assert not grid.pace.waiting
    assert plots.k_plot.value.text() != "–"
    assert len(grid.pixels())
    chat.finish("Hi there")


class Layouts(QObject):
    """Counts how often a widget is laid out anew."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__()
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.LayoutRequest
        return False


def test_a_label_lays_nothing_out_for_a_digit(qtbot) -> None:
    box = QWidget()
    qtbot.addWidget(box)
    label = SteadyLabel("context 1,234", box)
    row = QHBoxLayout(box)
    row.addWidget(label)
    box.show()
    QApplication.processEvents()
    layouts = Layouts(box)
    for text in ("context 1,235", "context 1,111", "context 999"):
        label.setText(text)
        QApplication.processEvents()
    assert layouts.count == 0
    width = label.width()
    label.setText("context 1,234,567 of very many")
    QApplication.processEvents()
    assert layouts.count > 0
    assert label.width() > width


def test_a_label_shows_all_of_its_text(qtbot) -> None:
    label = SteadyLabel()
    qtbot.addWidget(label)
    for text in ("1", "a longer text than that", "wide " * 8, "narrow", ""):
        label.setText(text)
        needed = label.fontMetrics().horizontalAdvance(text)
        assert needed <= label.minimumWidth() <= needed + SPARE + 1
        assert label.minimumHeight() >= label.fontMetrics().height()
    font = label.font()
    label.setText("figures")
    font.setPixelSize(40)
    label.setFont(font)
    assert label.minimumWidth() >= label.fontMetrics().horizontalAdvance("figures")
