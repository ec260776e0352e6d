"""The figures of both arms, and the break-even gauge."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.base.language import number
from helix_app.gui.compare.arms import LETTERS
from helix_app.gui.glossary import terms
from helix_app.gui.kit import figures
from helix_app.gui.look.theme import Theme
from helix_app.protocol.events import RunMetrics
from helix_app.protocol.requests import ArmChoice
from helix_app.runs.break_even import QUIET, BreakEven, Noise, break_even, cost_text, faster_text, gain_text
from helix_app.runs.comparison import ArmRecord, two_models


def sides(arms: tuple[ArmChoice, ArmChoice]) -> tuple[int, int]:
    """Which arm is over which in the speedup: the speculative one over the plain, otherwise A over B."""
    return (1, 0) if (arms[0].mode, arms[1].mode) == ("autoregressive", "speculative") else (0, 1)


class FigureTable(QWidget):
    """A row a figure, a column an arm; every figure is the engine's own."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Figures of both configurations"))
        self._rows: list[tuple[str, str, Callable[[RunMetrics], str]]] = [
            (terms.name("speed"), "speed", _decode),
            (self.tr("Time to first token"), "ttft", _first),
            (self.tr("Time in all"), "", lambda m: figures.seconds(m.time_seconds)),
            (self.tr("Tokens"), "token", lambda m: figures.count(m.tokens_generated)),
            (terms.name("acceptance"), "acceptance", lambda m: figures.percent(m.acceptance_rate)),
            (terms.name("tokens_per_pass"), "tokens_per_pass", _length),
            (self.tr("k, fewest to most"), "k", _k),
        ]
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 8, 12, 4)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        for column, letter in enumerate(LETTERS, 1):
            head = QLabel(letter)
            head.setFont(theme.fonts.strong)
            grid.addWidget(head, 0, column, Qt.AlignmentFlag.AlignRight)
        self.cells: list[tuple[QLabel, QLabel]] = []
        for row, (name, term, _) in enumerate(self._rows, 1):
            label = QLabel(name)
            label.setProperty("tone", "muted")
            label.setFont(theme.fonts.small)
            grid.addWidget(label, row, 0)
            cells = (QLabel(figures.UNKNOWN), QLabel(figures.UNKNOWN))
            for column, cell in enumerate(cells, 1):
                cell.setFont(theme.fonts.mono_small)
                cell.setAccessibleName(f"{name}, {LETTERS[column - 1]}")
                cell.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                grid.addWidget(cell, row, column, Qt.AlignmentFlag.AlignRight)
            for widget in (label, *cells):
                if term:
                    terms.give(widget, term)
                else:
                    widget.setToolTip(self.tr("From the request to the end"))
            self.cells.append(cells)
        grid.setRowStretch(len(self._rows) + 1, 1)
        for column in (1, 2):
            grid.setColumnMinimumWidth(column, 64)

    def show_records(self, records: tuple[ArmRecord, ArmRecord]) -> None:
        """Fill in what is known."""
        for (_, _, text), cells in zip(self._rows, self.cells):
            for cell, record in zip(cells, records):
                cell.setText(figures.UNKNOWN if record.metrics is None else text(record.metrics))

    def texts(self) -> dict[str, tuple[str, str]]:
        """What it shows, by the name of the row."""
        return {name: (a.text(), b.text()) for (name, _, _), (a, b) in zip(self._rows, self.cells)}


class GaugeBar(QWidget):
    """Acceptance from 0 to 100 %: a bar for what was measured, a line where drafting begins to pay."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._found: BreakEven | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(160)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(240, 36)

    def show_found(self, found: BreakEven | None) -> None:
        """What was measured."""
        self._found = found
        if found is not None:
            words = self.tr("{measured} accepted; drafting pays from {needed} on").format(
                measured=figures.percent(found.acceptance), needed=self.needed_text()
            )
            self.setAccessibleName(words)
            self.setToolTip(words)
            metrics = QFontMetrics(self._theme.fonts.small)
            self.setMinimumWidth(max(160, sum(metrics.horizontalAdvance(text) for text in self._texts(found)) + 16))
        self.update()

    def needed_text(self) -> str:
        """The acceptance that is needed, in words where no acceptance would do."""
        if self._found is None:
            return figures.UNKNOWN
        if self._found.needed > 1:
            return self.tr("no acceptance")
        return figures.percent(max(0.0, self._found.needed))

    def _texts(self, found: BreakEven) -> tuple[str, str]:
        """What was measured and what is needed, over the bar."""
        measured = self.tr("acceptance rate {p}").format(p=figures.percent(found.acceptance))
        return measured, self.tr("break-even {p}").format(p=self.needed_text())

    def paintEvent(self, _event: QPaintEvent) -> None:
        found, p = self._found, self._theme.palette
        if found is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.fonts.small)
        bar = QRectF(0, 22, self.width(), 10)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(p.track))
        painter.drawRoundedRect(bar, 3, 3)
        painter.setBrush(QColor(p.accepted))
        painter.drawRoundedRect(QRectF(bar.left(), bar.top(), max(3.0, bar.width() * found.acceptance), 10), 3, 3)
        metrics = painter.fontMetrics()
        measured, needed = self._texts(found)
        painter.setPen(QColor(p.text))
        at = min(1.0, max(0.0, found.needed))
        x = bar.left() + 1 + (bar.width() - 2) * at
        painter.fillRect(QRectF(x - 1, bar.top() - 4, 2, 18), QColor(p.text))
        line = QRectF(0, 0, self.width(), 18)
        if found.acceptance <= at:  # the smaller one stands at the left
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, measured)
            painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, needed)
        else:
            width = metrics.horizontalAdvance(measured)
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, needed)
            painter.drawText(line.adjusted(line.width() - width, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, measured)
        painter.end()


class Gauge(QWidget):
    """Whether speculation pays here: a sentence, the bar, and what it rests on.

    Attributes:
        noise: that the machine was not steady, where it was not; it comes first.
        sentence: the gain in words.
        cost: what a round costs, in words.
        bar: measured and needed acceptance.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentence = QLabel()
        self.sentence.setFont(theme.fonts.strong)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setWordWrap(True)
        self.noise = QLabel()
        self.noise.setFont(theme.fonts.strong)
        self.noise.setWordWrap(True)
        self.noise.hide()
        self.cost = QLabel()
        self.cost.setProperty("tone", "muted")
        self.cost.setFont(theme.fonts.small)
        self.cost.setTextFormat(Qt.TextFormat.PlainText)
        self.cost.setWordWrap(True)
        self.cost.setMinimumHeight(2 * self.cost.fontMetrics().lineSpacing())
        self.cost.setAlignment(Qt.AlignmentFlag.AlignTop)
        for label in (self.noise, self.sentence, self.cost):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = GaugeBar(theme)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.noise)
        words.addWidget(self.sentence)
        words.addWidget(self.cost)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 12, 4)
        row.setSpacing(16)
        row.addLayout(words, 3)
        row.addWidget(self.bar, 1)

    def show_records(
        self, records: tuple[ArmRecord, ArmRecord], arms: tuple[ArmChoice, ArmChoice], noise: Noise = QUIET
    ) -> None:
        """Judge two arms; only what is over can be judged. ``noise`` is how steady the machine was meanwhile."""
        one, other = sides(arms)
        first, second = records[one], records[other]
        found, of = None, one
        if not all(record.over for record in records):
            self.sentence.setText(messages.comparison_text("gain_waiting"))
        elif any(record.metrics is None for record in records):
            self.sentence.setText("")  # the badge says why
        elif arms[0].mode != arms[1].mode and not two_models(arms):
            found = break_even(first, second)
            self.sentence.setText(gain_text(first, second, noise))
        else:
            found = break_even(first, None)
            if found is None:
                found, of = break_even(second, None), other
            self.sentence.setText(faster_text(*records, noise))
        once = self.tr("One reply each; the benchmark repeats them and tells how sure that is.")
        self.sentence.setToolTip(f"{once}\n{noise.text()}")
        self.noise.setText(noise.warning())
        self.noise.setVisible(noise.noisy)
        self.cost.setText("" if found is None else cost_text(found, LETTERS[of]))
        self.bar.show_found(found)
        self.bar.setVisible(found is not None)


def _decode(m: RunMetrics) -> str:
    return figures.tr("{n} tok/s").format(n=figures.rate(m.decode_tokens_per_second))


def _first(m: RunMetrics) -> str:
    return figures.seconds(m.time_to_first_token)


def _length(m: RunMetrics) -> str:
    return figures.UNKNOWN if m.mean_accepted_length is None else number(f"{m.mean_accepted_length:.2f}")


def _k(m: RunMetrics) -> str:
    if not m.drafted_tokens or m.k_min is None or m.k_max is None:
        return figures.UNKNOWN
    return f"{m.k_min}" if m.k_min == m.k_max else f"{m.k_min}–{m.k_max}"
