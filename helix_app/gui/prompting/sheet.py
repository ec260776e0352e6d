"""The tokens of a prompt as chips, marked by what each is of. One widget that paints the lines in sight."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from helix_app.gui.look.focus import RINGED
from helix_app.gui.look.palette import Palette
from helix_app.gui.look.theme import Theme
from helix_app.gui.tokens.flow import TokenFlow
from helix_app.gui.tokens.view import LEADING, TINT, draw_underline
from helix_app.gui.tokens.words import quoted
from helix_app.protocol.conversations.prompts import Part, PromptToken
from helix_app.protocol.events import EmittedToken, PrefillDone, Provenance
from helix_app.runs.run import RunItem
from helix_app.runs.trace import Trace

INSET = 8  # pixels between the tokens and the frame of what has the focus
# the marks that need no colour, as ``draw_underline`` calls them: dotted, none, solid, wavy, none
UNDERLINES: dict[Part, Provenance] = {
    "system": "bonus",
    "history": "plain",
    "message": "accepted",
    "reply": "corrected",
    "template": "plain",
}


def tr(text: str) -> str:
    """Translate in the context of prompts."""
    return QCoreApplication.translate("prompt", text)


def part_name(part: Part, *, raw: bool = False) -> str:
    """What a part is called; ``raw``, of a text that is continued as it stands."""
    if raw:
        return {
            "message": tr("Your addition"),
            "reply": tr("Last continuation"),
            "template": tr("Begin of text"),
        }.get(part, tr("Text so far"))
    return {
        "system": tr("System prompt"),
        "history": tr("History"),
        "message": tr("Message"),
        "reply": tr("Begun reply"),
        "template": tr("Chat template"),
    }[part]


def part_colour(palette: Palette, part: Part) -> str:
    """The colour of a part."""
    return {
        "system": palette.sequences[1],
        "history": palette.sequences[0],
        "message": palette.accent,
        "reply": palette.sequences[2],
        "template": palette.plain,
    }[part]


class PromptSheet(QWidget):
    """Shows the tokens of a prompt. Its height follows from its width.

    Signals:
        token_picked: a person clicked or moved to this token.
    """

    token_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._trace = Trace()
        self.tokens: tuple[PromptToken, ...] = ()
        self._raw = False
        self.picked: int | None = None
        metrics = QFontMetricsF(theme.fonts.chat)
        self._ascent, self._text_height = metrics.ascent(), math.ceil(metrics.height())
        self._line = self._text_height + LEADING
        self.flow = TokenFlow(metrics.horizontalAdvance)
        self.setFont(theme.fonts.chat)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty(RINGED, True)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(self.tr("Tokens of the prompt"))
        theme.changed.connect(self.update)

    def show_tokens(self, tokens: Sequence[PromptToken], *, raw: bool = False) -> None:
        """Show the tokens of another prompt; ``raw`` as in ``part_name``."""
        self.tokens, self.picked, self._raw = tuple(tokens), None, raw
        emitted = tuple(EmittedToken(token.token_id, token.text, "plain", 0.0) for token in tokens)
        self._trace = Trace([RunItem(0.0, PrefillDone("", len(emitted), 0, 0.0, emitted))])
        self.flow.clear()
        if self.width() > 1:
            self._lay_out(self.width())
        self.updateGeometry()
        self.update()

    def describe(self, token: int) -> list[str]:
        """What is known about a token."""
        shown = self.tokens[token]
        lines = [
            f"{quoted(shown.text)}  #{token + 1}",
            self.tr("Token id {id}").format(id=shown.token_id),
            part_name(shown.part, raw=self._raw),
        ]
        return [*lines, self.tr("A special token: no text, but a sign for the model")] if shown.special else lines

    # ------------------------------------------------------------------ geometry

    def hasHeightForWidth(self) -> bool:
        return True

    def _lay_out(self, width: int) -> None:
        self.flow.lay_out(self._trace, max(40, width - 2 * INSET), ghosts=False)

    def _height(self) -> int:
        return max(1, self.flow.lines) * self._line + 2 * INSET

    def heightForWidth(self, width: int) -> int:
        self._lay_out(width)
        return self._height()

    def sizeHint(self) -> QSize:
        return QSize(400, self._height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out(self.width())
        self.updateGeometry()

    def token_at(self, point: QPoint) -> int | None:
        """The token under a point."""
        piece = self.flow.piece_at((point.y() - INSET) // self._line, point.x() - INSET)
        return None if piece is None else self.flow.tokens[piece]

    def rect_of(self, token: int) -> QRectF:
        """Where a token stands."""
        piece = self.flow.piece_of(token)
        x, y = self.flow.xs[piece] + INSET, self.flow.line_of(piece) * self._line + INSET
        return QRectF(x, y, self.flow.widths[piece], self._line)

    # ------------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.flow.tokens:
            return
        painter = QPainter(self)
        painter.setFont(self.font())
        painter.translate(INSET, INSET)
        first = max(0, (event.rect().top() - INSET) // self._line)
        last = min(self.flow.lines - 1, (event.rect().bottom() - INSET) // self._line)
        for line in range(first, last + 1):
            self._paint_line(painter, line)
        painter.end()

    def _paint_line(self, painter: QPainter, line: int) -> None:
        p, flow = self._theme.palette, self.flow
        top = line * self._line + LEADING // 2
        for piece in flow.pieces(line):
            x, wide, token = flow.xs[piece], flow.widths[piece], flow.tokens[piece]
            shown, text = self.tokens[token], flow.texts[piece]
            box = QRectF(x + 0.5, top - 1, wide - 1, self._text_height + 2)
            colour = QColor(part_colour(p, shown.part))
            tint = QColor(colour)
            tint.setAlpha(TINT)
            painter.fillRect(box, tint)
            if shown.special:
                painter.setPen(QPen(QColor(p.border_strong), 1))
                painter.drawRect(box.adjusted(0, 0, -0.5, 0))
            faint = shown.part == "template" or text == "↵"
            painter.setPen(QColor(p.muted if faint else p.text))
            painter.drawText(QPointF(x, top + self._ascent), text)
            draw_underline(painter, UNDERLINES[shown.part], x + 1, x + wide - 1, top + self._text_height + 2, colour)
            if token == self.picked:
                painter.setPen(QPen(QColor(p.accent_text), 2))
                painter.drawRect(box.adjusted(0, -1, 0, 3))

    # ------------------------------------------------------------------ mouse, keys

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            token = self.token_at(event.pos())
            if token is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), "\n".join(self.describe(token)), self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        token = self.token_at(event.position().toPoint())
        if token is not None:
            self.pick(token)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText("".join(token.text for token in self.tokens))
        elif step and self.tokens:
            start = -1 if self.picked is None else self.picked
            self.pick(min(max(0, start + step), len(self.tokens) - 1))
        else:
            super().keyPressEvent(event)

    def pick(self, token: int) -> None:
        """Frame a token and tell of it."""
        self.picked = token
        self.setAccessibleDescription("\n".join(self.describe(token)))
        self.update()
        self.token_picked.emit(token)
