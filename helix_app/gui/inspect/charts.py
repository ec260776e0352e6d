"""Two small charts of a run: how far drafts survive, and what another k might have given."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from helix_app.gui.kit import figures
from helix_app.gui.look.theme import Theme
from helix_app.runs.what_if import Estimate, Position

MOST_BARS = 24
AXIS = 18  # pixels below the bars


class _Bars(QWidget):
    """Bars side by side with a label below and a figure above each; words while there are none."""

    def __init__(self, theme: Theme, height: int, empty: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._high = height
        self._empty = empty
        self.setFont(theme.fonts.small)
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(240, self._high)

    def count(self) -> int:
        """How many bars there are."""
        return 0

    def describe(self, index: int) -> str:
        """A bar in words."""
        return ""

    def area(self) -> QRectF:
        """Where the bars stand."""
        return QRectF(0, 18, self.width(), self.height() - 18 - AXIS)

    def bar(self, index: int, share: float) -> QRectF:
        """A bar of this share of the height."""
        area = self.area()
        wide = min(44.0, area.width() / max(1, self.count()))
        high = max(1.0, area.height() * share)
        return QRectF(area.left() + index * wide + 2, area.bottom() - high, wide - 4, high)

    def paint_empty(self, painter: QPainter) -> None:
        """Words in place of bars."""
        painter.setPen(QColor(self._theme.palette.muted))
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)
        painter.drawText(QRectF(self.rect()).adjusted(0, 4, 0, 0), flags, self._empty)

    def paint_labels(
        self, painter: QPainter, index: int, box: QRectF, above: str, below: str, *, alone: bool = False
    ) -> None:
        """The figure above a bar, if there is room or it stands ``alone``, and what it is below."""
        p = self._theme.palette
        area = self.area()
        slot = QRectF(box.left() - 2, 0, box.width() + 4, 0)
        painter.setPen(QColor(p.text))
        wide = painter.fontMetrics().horizontalAdvance(above)
        if above and (alone or wide <= slot.width() + 2):
            left = min(max(0.0, box.center().x() - wide / 2 - 2), self.width() - wide - 4.0)
            place = QRectF(left, box.top() - 17, wide + 4, 15)
            painter.fillRect(place, QColor(p.canvas))  # a line may run behind it
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, above)
        painter.setPen(QColor(p.muted))
        painter.drawText(
            slot.adjusted(-4, area.bottom() + 2, 4, area.bottom() + AXIS), Qt.AlignmentFlag.AlignCenter, below
        )

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            wide = self.bar(0, 1).width() + 4
            index = int(event.pos().x() / wide)
            if 0 <= index < self.count():
                QToolTip.showText(event.globalPos(), self.describe(index), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)


class SurvivalChart(_Bars):
    """The share of drafts whose first n tokens were all accepted."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, 96, "", parent)
        self._empty = self.tr("No speculative round yet")
        self._positions: list[Position] = []
        self._alive: list[float] = []
        self.setAccessibleName(self.tr("Acceptance rate by position"))

    def show_positions(self, positions: list[Position]) -> None:
        """Show how each position fared."""
        self._positions = positions[:MOST_BARS]
        self._alive, alive = [], 1.0
        for position in self._positions:
            alive *= position.rate or 0.0
            self._alive.append(alive)
        self.update()

    def count(self) -> int:
        return len(self._positions)

    def alive(self) -> list[float]:
        """Height of each bar, 0..1."""
        return self._alive

    def describe(self, index: int) -> str:
        position = self._positions[index]
        return "\n".join(
            (
                self.tr("Draft token {n}").format(n=index + 1),
                self.tr("{a} of {r} accepted when all before it were: {p}").format(
                    a=figures.count(position.accepted),
                    r=figures.count(position.reached),
                    p=figures.percent(position.rate),
                ),
                self.tr("{p} of drafts so long stand up to here").format(p=figures.percent(self._alive[index])),
            )
        )

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self._positions:
            self.paint_empty(painter)
        for index, alive in enumerate(self._alive):
            box = self.bar(index, alive)
            painter.fillRect(box, QColor(self._theme.palette.accepted))
            self.paint_labels(painter, index, box, figures.percent(alive).replace(" %", ""), str(index + 1))
        painter.end()


def policy_name(estimate: Estimate) -> str:
    """A policy of the chart in words."""
    if estimate.policy == "additive":
        return QCoreApplication.translate("charts", "the additive policy")
    if estimate.k == 0:
        return QCoreApplication.translate("charts", "plain decoding")
    return QCoreApplication.translate("charts", "always k = {k}").format(k=estimate.k)


class WhatIfChart(_Bars):
    """Estimated tokens per second of each fixed k and of the additive policy, with what was measured as a line; hatched
    beyond what was tried."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, 112, "", parent)
        self._empty = self.tr(
            "Nothing to estimate from yet: it takes drafted rounds, and rounds with more than one k or a plain one"
        )
        self._bars: list[Estimate] = []
        self._measured = self._perfect = 0.0
        self.setAccessibleName(self.tr("Estimated speed by k"))

    def show_estimates(self, found: list[Estimate]) -> None:
        """Show estimates; none shows words."""
        additive = [e for e in found if e.policy == "additive"]
        self._bars = [*[e for e in found if e.policy == "fixed"][: MOST_BARS - 1], *additive]
        self._measured = next((e.tokens_per_second for e in found if e.policy == "measured"), 0.0)
        self._perfect = next((e.tokens_per_second for e in found if e.policy == "perfect"), 0.0)
        self.update()

    def count(self) -> int:
        return len(self._bars)

    def bars(self) -> list[Estimate]:
        """What the bars show."""
        return self._bars

    def _top(self) -> float:
        return max([e.tokens_per_second for e in self._bars] + [self._measured, self._perfect, 1e-9])

    def describe(self, index: int) -> str:
        bar = self._bars[index]
        lines = [
            self.tr("{what}: about {n} tok/s").format(what=policy_name(bar), n=figures.rate(bar.tokens_per_second))
        ]
        if not bar.observed:
            lines.append(self.tr("This run never drafted so many: the last acceptance is taken to go on"))
        return "\n".join(lines)

    def paintEvent(self, _event: QPaintEvent) -> None:
        p = self._theme.palette
        painter = QPainter(self)
        if not self._bars:
            self.paint_empty(painter)
            painter.end()
            return
        top = self._top()
        self._lines(painter, top)
        best = max(self._bars, key=lambda e: e.tokens_per_second)
        for index, estimate in enumerate(self._bars):
            box = self.bar(index, estimate.tokens_per_second / top)
            plain = estimate.policy == "fixed" and estimate.k == 0
            colour = QColor(p.plain if plain else p.accent_text)
            if estimate.observed:
                painter.fillRect(box, colour)
            else:
                painter.fillRect(box, QBrush(colour, Qt.BrushStyle.BDiagPattern))
                painter.setPen(QPen(colour, 1))
                painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
            figure = figures.rate(estimate.tokens_per_second)
            name = str(estimate.k) if estimate.policy == "fixed" else self.tr("add.")
            self.paint_labels(painter, index, box, figure if estimate is best or plain else "", name, alone=True)
        painter.end()

    def _lines(self, painter: QPainter, top: float) -> None:
        p, area = self._theme.palette, self.area()
        for value, style in ((self._measured, Qt.PenStyle.SolidLine), (self._perfect, Qt.PenStyle.DashLine)):
            if value:
                y = area.bottom() - area.height() * value / top
                painter.setPen(QPen(QColor(p.text), 1.4, style))
                painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
