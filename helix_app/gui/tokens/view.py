"""A reply as its tokens, each marked by where it came from. One widget that paints the lines in sight."""

from __future__ import annotations

import math
from collections.abc import Collection

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFontMetricsF,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolTip, QWidget

from helix_app.gui.kit import pictures
from helix_app.gui.look.focus import RINGED
from helix_app.gui.look.theme import Theme
from helix_app.gui.tokens import words
from helix_app.gui.tokens.flow import TokenFlow
from helix_app.runs.trace import Trace

LEADING = 10  # pixels between two lines, for the underlines
TINT = 46  # of 255: how strong the colour lies behind a token
WAVE = 2.0  # half the height of a wavy underline


def draw_underline(painter: QPainter, provenance: str, left: float, right: float, y: float, colour: QColor) -> None:
    """The mark of an origin that needs no colour: accepted solid, corrected wavy, bonus dotted, plain none."""
    if provenance == "plain" or right <= left:
        return
    pen = QPen(colour, 1.6)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    if provenance == "corrected":
        painter.setPen(QPen(colour, 1.2))
        steps = max(2, int((right - left) / 2))
        points = [
            QPointF(left + (right - left) * n / steps, y + WAVE * math.sin(n * math.pi / 2)) for n in range(steps + 1)
        ]
        painter.drawPolyline(QPolygonF(points))
        return
    if provenance == "bonus":
        pen.setDashPattern([1.2, 1.6])
    painter.setPen(pen)
    painter.drawLine(QPointF(left, y), QPointF(right, y))


class TokenView(QWidget):
    """Shows the tokens of a trace. Its height follows from its width.

    Attributes:
        flow: where every token stands.

    Signals:
        height_changed: the tokens need another height.
        token_picked: a person clicked or moved to this token.
    """

    height_changed = Signal()
    token_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._trace = Trace()
        self._ghosts = False
        self._lit: frozenset[int] = frozenset()
        self._picked: int | None = None
        self._marked: tuple[int, int] | None = None  # pieces
        self._anchor: int | None = None
        metrics = QFontMetricsF(theme.fonts.chat)
        self._ascent, self._line = metrics.ascent(), math.ceil(metrics.height()) + LEADING
        self._text_height = math.ceil(metrics.height())
        self.flow = TokenFlow(metrics.horizontalAdvance)
        self.setFont(theme.fonts.chat)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty(RINGED, True)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(self.tr("Tokens of the reply"))
        theme.changed.connect(self.update)

    # ------------------------------------------------------------------ what it shows

    def show_trace(self, trace: Trace) -> None:
        """Show the tokens of another run."""
        self._trace = trace
        self._lit, self._picked, self._marked, self._anchor = frozenset(), None, None, None
        self.flow.clear()
        self.refresh()

    def refresh(self) -> None:
        """More tokens came."""
        before = self.flow.lines
        if self.width() > 1:
            self.flow.lay_out(self._trace, self.width(), self._ghosts)
        if self.flow.lines != before:
            self.height_changed.emit()
            self.updateGeometry()
        self.update()

    def set_ghosts(self, shown: bool) -> None:
        """Show rejected draft tokens in place, or do not."""
        if shown != self._ghosts:
            self._ghosts = shown
            self._marked = self._anchor = None
            self.refresh()

    def light(self, tokens: Collection[int], picked: int | None = None) -> None:
        """Frame some tokens, and one of them twice."""
        self._lit, self._picked = frozenset(tokens), picked
        self.update()

    def lit(self) -> frozenset[int]:
        """The tokens that are framed."""
        return self._lit

    @property
    def trace(self) -> Trace:
        """What it shows."""
        return self._trace

    # ------------------------------------------------------------------ geometry

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self.height_for(width)

    def height_for(self, width: int) -> int:
        """Height at a width."""
        self.flow.lay_out(self._trace, max(40, width), self._ghosts)
        return max(1, self.flow.lines) * self._line

    def sizeHint(self) -> QSize:
        return QSize(400, max(1, self.flow.lines) * self._line)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._marked = self._anchor = None
            self.refresh()

    def rect_of(self, token: int) -> QRectF:
        """Where a token stands."""
        if not self.flow.tokens:
            return QRectF()
        piece = self.flow.piece_of(token)
        return QRectF(self.flow.xs[piece], self.flow.line_of(piece) * self._line, self.flow.widths[piece], self._line)

    def piece_at(self, point: QPoint, *, nearest: bool = False) -> int | None:
        """The piece under a point."""
        line = point.y() // self._line
        if nearest:
            line = min(max(0, line), self.flow.lines - 1)
        return self.flow.piece_at(line, point.x(), nearest=nearest)

    # ------------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.flow.tokens:
            return
        painter = QPainter(self)
        painter.setFont(self.font())
        first = max(0, event.rect().top() // self._line)
        last = min(self.flow.lines - 1, event.rect().bottom() // self._line)
        for line in range(first, last + 1):
            self._paint_line(painter, line)
        painter.end()

    def _paint_line(self, painter: QPainter, line: int) -> None:
        p, flow, tokens = self._theme.palette, self.flow, self._trace.tokens
        top = line * self._line + LEADING // 2
        colours = {name: QColor(getattr(p, name)) for name in ("accepted", "corrected", "bonus", "plain")}
        text, muted, mark = QColor(p.text), QColor(p.muted), QColor(p.selection)
        baseline = top + self._ascent
        for piece in flow.pieces(line):
            x, wide, token = flow.xs[piece], flow.widths[piece], flow.tokens[piece]
            box = QRectF(x, top - 1, wide, self._text_height + 2)
            shown = flow.texts[piece]
            if self._marked is not None and self._marked[0] <= piece <= self._marked[1]:
                painter.fillRect(box, mark)
            if flow.ghosts[piece] >= 0:
                painter.setPen(muted)
                painter.drawText(QPointF(x, baseline), shown)
                painter.setPen(QPen(muted, 1))
                middle = top + self._text_height / 2 + 1
                painter.drawLine(QPointF(x + 1, middle), QPointF(x + wide - 1, middle))
                continue
            provenance = tokens[token].provenance
            colour = colours[provenance]
            if provenance != "plain":
                tint = QColor(colour)
                tint.setAlpha(TINT)
                painter.fillRect(box.adjusted(0.5, 0, -0.5, 0), tint)
            painter.setPen(muted if shown.endswith("↵") and len(shown) == 1 else text)
            painter.drawText(QPointF(x, baseline), shown)
            draw_underline(painter, provenance, x + 1, x + wide - 1, top + self._text_height + 2, colour)
        if self._lit:
            self._frame(painter, line, top)

    def _frame(self, painter: QPainter, line: int, top: int) -> None:
        """One frame around neighbours that are lit, a thicker one around the token that is picked."""
        flow = self.flow
        painter.setBrush(Qt.BrushStyle.NoBrush)
        colour = QColor(self._theme.palette.accent_text)

        def draw(left: float, right: float, thick: int) -> None:
            painter.setPen(QPen(colour, thick))
            painter.drawRect(QRectF(left + 0.5, top - 2.5, right - left - 1, self._text_height + 7))

        start = end = -1.0
        for piece in flow.pieces(line):
            x, wide = flow.xs[piece], flow.widths[piece]
            lit = flow.ghosts[piece] < 0 and flow.tokens[piece] in self._lit
            if lit and flow.tokens[piece] == self._picked:
                draw(x, x + wide, 2)
            if lit and start < 0:
                start = x
            if lit:
                end = x + wide
            elif start >= 0:
                draw(start, end, 1)
                start = -1.0
        if start >= 0:
            draw(start, end, 1)

    # ------------------------------------------------------------------ mouse, keys, words

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            piece = self.piece_at(event.pos())
            if piece is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), "\n".join(self.describe(piece)), self)
            return True
        return super().event(event)

    def describe(self, piece: int) -> list[str]:
        """What is known about a piece."""
        token, ghost = self.flow.tokens[piece], self.flow.ghosts[piece]
        if ghost >= 0:
            return words.ghost_lines(self._trace, token, ghost)
        return words.token_lines(self._trace, token)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not self.flow.tokens:
            super().mousePressEvent(event)
            return
        self._marked = None
        self._anchor = self.piece_at(event.position().toPoint(), nearest=True)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._anchor is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        end = self.piece_at(event.position().toPoint(), nearest=True)
        if end is not None and (end != self._anchor or self._marked is not None):
            self._marked = (min(self._anchor, end), max(self._anchor, end))
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._marked is not None:
            return
        piece = self.piece_at(event.position().toPoint())
        if piece is not None:
            self.token_picked.emit(self.flow.tokens[piece])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        count = len(self._trace.tokens)
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select_all()
        elif step and count:
            start = -1 if self._picked is None else self._picked
            self.token_picked.emit(min(max(0, start + step), count - 1))
        else:
            super().keyPressEvent(event)

    def select_all(self) -> None:
        """Mark every token."""
        self._marked = (0, len(self.flow.tokens) - 1) if self.flow.tokens else None
        self.update()

    def selected_text(self) -> str:
        """The marked tokens as text, without ghosts; all of them when none is marked."""
        tokens = self._trace.tokens
        if self._marked is None:
            return "".join(token.text for token in tokens)
        chosen = [
            self.flow.tokens[piece]
            for piece in range(self._marked[0], self._marked[1] + 1)
            if self.flow.ghosts[piece] < 0
        ]
        return "".join(tokens[token].text for token in dict.fromkeys(chosen))

    def copy(self) -> None:
        """Put what is marked, or everything, on the clipboard."""
        QGuiApplication.clipboard().setText(self.selected_text())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.addAction(self.tr("Copy all") if self._marked is None else self.tr("Copy"), self.copy)
        menu.addAction(self.tr("Select all"), self.select_all)
        menu.addSeparator()
        seen = self.parentWidget() or self  # in a scroll area: what is in sight
        menu.addAction(
            self.tr("Save picture…"),
            lambda: pictures.ask_and_save(seen if seen.height() < self.height() else self, "tokens"),
        )
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())
