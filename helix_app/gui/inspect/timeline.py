"""The rounds of a run over their number: what was drafted and accepted above, where the time went below.

It is the scrubber, too: click or drag to go to a round. A run of many rounds is drawn with one bar a pixel column.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPaintEngine,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from helix_app.base import messages
from helix_app.base.language import number
from helix_app.gui.glossary.term import PROPERTY
from helix_app.gui.kit import figures
from helix_app.gui.look.theme import Theme
from helix_app.gui.tokens import words
from helix_app.runs.trace import Trace

RIGHT, TOP, GAP, BOTTOM = 12, 26, 14, 20
WIDEST = "k = 16.0"  # label at the left
FEWEST = 12  # rounds in sight when zoomed in all the way
SERIES = ("k", "accepted", "draft", "verify", "overhead")
Series = NDArray[np.float64]


def time_text(ms: float) -> str:
    """A time for an axis, at most seven characters: ``4.2 ms``, ``420 ms``, ``4.2 s``, ``4,200 s``."""
    if ms >= 999.5:
        return number(f"{ms / 1000:.1f} s" if ms < 99_950 else f"{ms / 1000:,.0f} s")
    return number(f"{ms:.0f} ms" if ms >= 10 else f"{ms:.1f} ms")


class Timeline(QWidget):
    """Bars of every round.

    Signals:
        round_picked: a person went to this round.
    """

    round_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._trace = Trace()
        self._values: dict[str, list[float]] = {name: [] for name in SERIES}
        self._range: tuple[int, int] | None = None  # rounds in sight; None: all
        self._selected = -1
        self._cached: tuple[tuple[object, ...], QPixmap] | None = None
        self.setFont(theme.fonts.small)
        self._left = self.fontMetrics().horizontalAdvance(WIDEST) + 10.0  # pixels left of the plot
        self.setMinimumHeight(132)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Rounds over time"))
        self.setProperty(PROPERTY, "round")
        self.setAccessibleDescription(self.tr("Left and right go from round to round, Home and End to the ends"))
        theme.changed.connect(self.update)

    # ------------------------------------------------------------------ what it shows

    def show_trace(self, trace: Trace) -> None:
        """Show the rounds of another run."""
        self._trace = trace
        self._values = {name: [] for name in SERIES}
        self._range, self._selected, self._cached = None, -1, None
        self.refresh()

    def refresh(self) -> None:
        """More rounds came."""
        values = self._values
        for event in self._trace.rounds[len(values["k"]) :]:
            values["k"].append(event.k)
            values["accepted"].append(event.accepted)
            values["draft"].append(event.draft_seconds * 1000)
            values["verify"].append(event.verify_seconds * 1000)
            values["overhead"].append(event.overhead_seconds * 1000)
        self.update()

    def select(self, number: int) -> None:
        """Mark a round; it comes into sight."""
        self._selected = number
        if self._range is not None and not self._range[0] <= number < self._range[1]:
            span = self._range[1] - self._range[0]
            low = min(max(0, number - span // 2), max(0, self.count - span))
            self._range = (low, low + span)
        self.update()

    @property
    def count(self) -> int:
        """How many rounds there are."""
        return len(self._values["k"])

    def visible_rounds(self) -> tuple[int, int]:
        """First round in sight, and the one after the last."""
        return self._range or (0, max(1, self.count))

    def values(self, name: str) -> Series:
        """One of SERIES for every round; times in milliseconds."""
        return np.array(self._values[name], np.float64)

    # ------------------------------------------------------------------ geometry

    def sizeHint(self) -> QSize:
        return QSize(600, 170)

    def _plot(self) -> QRectF:
        left = self._left
        return QRectF(left, TOP, max(10, self.width() - left - RIGHT), max(10, self.height() - TOP - BOTTOM))

    def round_at(self, x: float) -> int:
        """The round at a place, the nearest one beside the plot."""
        low, high = self.visible_rounds()
        plot = self._plot()
        at = low + int((x - plot.left()) / plot.width() * (high - low))
        return min(max(low, at), max(0, min(high, self.count) - 1))

    def x_of(self, number: int) -> float:
        """Left edge of a round's bar."""
        low, high = self.visible_rounds()
        plot = self._plot()
        return plot.left() + (number - low) / (high - low) * plot.width()

    # ------------------------------------------------------------------ painting

    def bars(self) -> tuple[dict[str, Series], float, int]:
        """(means a bar, width of a bar in pixels, rounds a bar) of what is in sight."""
        low, high = self.visible_rounds()
        plot = self._plot()
        group = max(1, -(-(high - low) // max(1, int(plot.width()))))
        out: dict[str, Series] = {}
        for name in SERIES:
            part = np.array(self._values[name][low:high], np.float64)
            if group > 1 and len(part):
                edges = np.arange(0, len(part), group)
                sizes = np.diff(np.append(edges, len(part)))
                part = np.add.reduceat(part, edges) / sizes
            out[name] = part
        return out, plot.width() * group / (high - low), group

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if painter.paintEngine().type() == QPaintEngine.Type.SVG:
            self._paint_rounds(painter)
        else:
            painter.drawPixmap(0, 0, self._picture())
        if 0 <= self._selected < self.count:
            self._selection(painter, self._plot())
        painter.end()

    def _picture(self) -> QPixmap:
        """The rounds without the selection, drawn anew only when they are others."""
        scale = self.devicePixelRatioF()
        key = (self.size(), scale, self.visible_rounds(), self.count, self._theme.palette.name)
        if self._cached is None or self._cached[0] != key:
            picture = QPixmap(self.size() * scale)
            picture.setDevicePixelRatio(scale)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            self._paint_rounds(painter)
            painter.end()
            self._cached = (key, picture)
        return self._cached[1]

    def _paint_rounds(self, painter: QPainter) -> None:
        p = self._theme.palette
        painter.setFont(self.font())
        plot = self._plot()
        means, wide, group = self.bars()
        upper = QRectF(plot.left(), plot.top(), plot.width(), (plot.height() - GAP) * 0.5)
        lower = QRectF(plot.left(), upper.bottom() + GAP, plot.width(), plot.bottom() - upper.bottom() - GAP)
        most_k = max(1.0, float(means["k"].max(initial=0)))
        total = means["draft"] + means["verify"] + means["overhead"]
        most_ms = float(np.percentile(total, 99.5)) * 1.1 if len(total) else 1.0  # one hiccup must not flatten the rest
        most_ms = max(most_ms, 1e-3)
        self._axis(
            painter, upper, self.tr("k = {n}").format(n=number(f"{most_k:.0f}" if group == 1 else f"{most_k:.1f}"))
        )
        self._axis(painter, lower, time_text(most_ms))
        hatched = Qt.BrushStyle.BDiagPattern if wide >= 4 else Qt.BrushStyle.SolidPattern
        accepted, rejected = means["accepted"], means["k"] - means["accepted"]
        corrected = QColor(p.corrected)
        if wide >= 4:
            faint = QColor(p.corrected)
            faint.setAlpha(70)
            self._stack(painter, upper, wide, accepted, rejected, most_k, QBrush(faint))
        self._stack(painter, upper, wide, accepted, rejected, most_k, QBrush(corrected, hatched))
        self._stack(painter, upper, wide, np.zeros_like(accepted), accepted, most_k, QBrush(QColor(p.accepted)))
        base = np.zeros_like(total)
        for name, colour in (("draft", p.accent_text), ("verify", p.plain), ("overhead", p.border)):
            self._stack(painter, lower, wide, base, means[name], most_ms, QBrush(QColor(colour)))
            base = base + means[name]
        self._bottom_labels(painter, plot, group)
        self._legend(painter)

    def _axis(self, painter: QPainter, area: QRectF, most: str) -> None:
        p = self._theme.palette
        line = QColor(p.grid)
        line.setAlpha(70)
        painter.setPen(QPen(line, 1))
        for y in (area.top(), area.bottom()):
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        painter.setPen(QColor(p.muted))
        flags = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(QRectF(0, area.top() - 8, self._left - 6, 16), flags, most)
        painter.drawText(QRectF(0, area.bottom() - 8, self._left - 6, 16), flags, "0")

    def _stack(
        self, painter: QPainter, area: QRectF, wide: float, base: Series, height: Series, most: float, brush: QBrush
    ) -> None:
        scale = area.height() / most
        low = np.minimum(base, most) * scale
        tall = np.minimum(base + height, most) * scale - low
        drawn = np.flatnonzero(tall > 0)
        lefts = (area.left() + drawn * wide).tolist()
        tops = (area.bottom() - low - tall)[drawn].tolist()
        thick = max(1.0, wide - (1.0 if wide >= 3 else 0.0))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(brush)
        painter.drawRects([QRectF(x, y, thick, high) for x, y, high in zip(lefts, tops, tall[drawn].tolist())])

    def _bottom_labels(self, painter: QPainter, plot: QRectF, group: int) -> None:
        low, high = self.visible_rounds()
        last = min(high, self.count) - 1
        painter.setPen(QColor(self._theme.palette.muted))
        row = QRectF(plot.left(), plot.bottom() + 4, plot.width(), BOTTOM - 4)
        centre = Qt.AlignmentFlag.AlignVCenter
        if self.count:
            first_text = self.tr("round {n}").format(n=figures.count(self._trace.rounds[low].index + 1))
            painter.drawText(row, int(Qt.AlignmentFlag.AlignLeft | centre), first_text)
            last_text = figures.count(self._trace.rounds[last].index + 1)
            painter.drawText(row, int(Qt.AlignmentFlag.AlignRight | centre), last_text)
        if group > 1:
            text = messages.fill(
                self.tr("each bar is the mean of {n:round|rounds}; turn the wheel to zoom in"), n=group
            )
            painter.drawText(row, int(Qt.AlignmentFlag.AlignHCenter | centre), text)

    def _legend(self, painter: QPainter) -> None:
        p = self._theme.palette
        x = self._left
        entries = (
            (self.tr("accepted"), QBrush(QColor(p.accepted))),
            (self.tr("rejected"), QBrush(QColor(p.corrected), Qt.BrushStyle.BDiagPattern)),
            (self.tr("draft time"), QBrush(QColor(p.accent_text))),
            (self.tr("verify time"), QBrush(QColor(p.plain))),
            (self.tr("overhead"), QBrush(QColor(p.border))),
        )
        for text, brush in entries:
            painter.setPen(QPen(QColor(p.border_strong), 1))
            painter.setBrush(brush)
            painter.drawRect(QRectF(x + 0.5, 4.5, 10, 10))
            painter.setPen(QColor(p.muted))
            wide = painter.fontMetrics().horizontalAdvance(text)
            painter.drawText(QRectF(x + 16, 0, wide + 4, 19), int(Qt.AlignmentFlag.AlignVCenter), text)
            x += 16 + wide + 16

    def _selection(self, painter: QPainter, plot: QRectF) -> None:
        low, high = self.visible_rounds()
        if not low <= self._selected < high:
            return
        colour = QColor(self._theme.palette.accent_text)
        wide = max(2.0, plot.width() / (high - low))
        band = QRectF(self.x_of(self._selected) - 0.5, plot.top() - 3, wide, plot.height() + 6)
        soft = QColor(colour)
        soft.setAlpha(40)
        painter.fillRect(band, soft)
        painter.setPen(QPen(colour, 2 if self.hasFocus() else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(band)
        middle = band.center().x()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        tip = plot.top() - 3
        painter.drawPolygon(
            QPolygonF([QPointF(middle - 5, tip - 6), QPointF(middle + 5, tip - 6), QPointF(middle, tip)])
        )

    # ------------------------------------------------------------------ mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.count:
            self.round_picked.emit(self.round_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self.count:
            number = self.round_at(event.position().x())
            if number != self._selected:
                self.round_picked.emit(number)

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        self._range = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta()
        if not self.count or not (turn.y() or turn.x()):
            return
        if turn.x() or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._pan(-(turn.x() or turn.y()) / 1200)
        else:
            self.zoom(0.8 ** (turn.y() / 120), self.round_at(event.position().x()))
        event.accept()

    def zoom(self, factor: float, around: int) -> None:
        """Show more or fewer rounds; ``around`` stays where it is."""
        low, high = self.visible_rounds()
        span = min(max(FEWEST, round((high - low) * factor)), self.count)
        if span >= self.count:
            self._range = None
        else:
            share = (around - low) / (high - low)
            start = min(max(0, round(around - share * span)), self.count - span)
            self._range = (start, start + span)
        self.update()

    def _pan(self, share: float) -> None:
        if self._range is not None:
            low, high = self._range
            by = round(share * (high - low)) or (1 if share > 0 else -1)
            start = min(max(0, low + by), max(0, self.count - (high - low)))
            self._range = (start, start + high - low)
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key
        steps = {key.Key_Left: -1, key.Key_Right: 1, key.Key_PageUp: -20, key.Key_PageDown: 20}
        pressed = Qt.Key(event.key())
        if not self.count:
            super().keyPressEvent(event)
        elif pressed in steps:
            self.round_picked.emit(min(max(0, self._selected + steps[pressed]), self.count - 1))
        elif pressed == key.Key_Home:
            self.round_picked.emit(0)
        elif pressed == key.Key_End:
            self.round_picked.emit(self.count - 1)
        elif pressed in (key.Key_Plus, key.Key_Minus):
            self.zoom(0.8 if pressed == key.Key_Plus else 1.25, max(0, self._selected))
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            if self.count and self._plot().contains(QPointF(event.pos())):
                QToolTip.showText(event.globalPos(), self.describe(self.round_at(event.pos().x())), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def describe(self, number: int) -> str:
        """A round in words."""
        event = self._trace.rounds[number]
        return "\n".join(
            (
                self.tr("Round {n}: {k} proposed, {a} accepted").format(
                    n=figures.count(event.index + 1), k=event.k, a=event.accepted
                ),
                self.tr("draft {d}, verify {v}, overhead {o}").format(
                    d=words.milliseconds(event.draft_seconds),
                    v=words.milliseconds(event.verify_seconds),
                    o=words.milliseconds(event.overhead_seconds),
                ),
                words.reason(self._trace, number),
            )
        )

    def point_of(self, number: int) -> QPoint:
        """The middle of a round's bar, for tests and tooltips."""
        low, high = self.visible_rounds()
        half = self._plot().width() / (high - low) / 2
        return QPoint(int(self.x_of(number) + half), int(self._plot().center().y()))
