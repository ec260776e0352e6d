"""The prompt as the engine would be given it, token by token."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.gui.chat.composing.counting import Counting
from helix_app.gui.chats.prompting import Prompting
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.dialog import Dialog
from helix_app.gui.look.theme import Theme
from helix_app.gui.prompting.sheet import UNDERLINES, PromptSheet, part_colour, part_name
from helix_app.gui.tokens.view import TINT, draw_underline
from helix_app.protocol.conversations.prompts import PARTS, Part, PromptCounted

MOST_TOKENS = 20_000  # that are laid out; of longer prompts the beginning and the end
SWATCH = 20


class _Swatch(QWidget):
    """A sample of how the tokens of a part are marked."""

    def __init__(self, theme: Theme, part: Part) -> None:
        super().__init__()
        self._theme, self._part = theme, part
        self.setFixedSize(SWATCH, 18)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(SWATCH, 18)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour = QColor(part_colour(self._theme.palette, self._part))
        tint = QColor(colour)
        tint.setAlpha(TINT)
        box = QRectF(0, 2, self.width(), self.height() - 7)
        painter.fillRect(box, tint)
        draw_underline(painter, UNDERLINES[self._part], box.left(), box.right(), box.bottom() + 2, colour)
        painter.end()


class PromptPreview(Dialog):
    """Shows the prompt of the message that is being written, or of the last one while nothing is.

    Attributes:
        sheet: the tokens.
        said: how many there are and what they leave, or why there are none.
        parts: how many of each part, by its name.
        about: what is known of the token that is picked.
    """

    def __init__(self, theme: Theme, counting: Counting, own: Prompting, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._counting = theme, counting
        self.setWindowTitle(self.tr("The prompt as tokens"))
        self.said = QLabel(self.tr("Counting the tokens…"))
        self.said.setWordWrap(True)
        self.parts: dict[Part, QLabel] = {part: QLabel() for part in PARTS}
        self.sheet = PromptSheet(theme)
        self.about = QLabel(" ")
        self.about.setProperty("tone", "muted")
        for label in (*self.parts.values(), self.about):
            label.setFont(theme.fonts.small)
        self.sheet.token_picked.connect(self._on_token_picked)
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(self.sheet)
        self._area.setAccessibleName(self.sheet.accessibleName())
        self._lay_out()
        counting.tokens_told.connect(self.on_told)
        self._number = 0
        counting.look(own, self._on_begun)

    def _lay_out(self) -> None:
        legend = QHBoxLayout()
        legend.setSpacing(6)
        self._legend: dict[Part, QWidget] = {}
        for part, label in self.parts.items():
            entry = QWidget()
            row = QHBoxLayout(entry)
            row.setContentsMargins(0, 0, 10, 0)
            row.setSpacing(6)
            row.addWidget(_Swatch(self._theme, part))
            row.addWidget(label)
            entry.hide()
            self._legend[part] = entry
            legend.addWidget(entry)
        legend.addStretch()
        close = ThemedButton(self._theme, self.tr("Close"))
        close.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        close.clicked.connect(self.accept)
        bottom = QHBoxLayout()
        bottom.addWidget(self.about, 1)
        bottom.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.setSpacing(12)
        column.addWidget(self.said)
        column.addLayout(legend)
        column.addWidget(self._area, 1)
        column.addLayout(bottom)
        self.resize(760, 560)

    def _on_begun(self, number: int) -> None:
        self._number = number
        if not number:
            self.said.setText(self.tr("Load a model first: its tokenizer makes the tokens."))

    def on_told(self, news: PromptCounted) -> None:
        """The tokens are there, or why they are not."""
        if news.number != self._number:
            return
        if news.failed is not None:
            self.said.setText(messages.error_text(news.failed.code, news.failed.fields))
            return
        sentences = [
            self.tr("{n:token|tokens} of prompt; {room:token is|tokens are} left of the context."),
        ]
        if news.raw and (news.left_out or news.cut):
            sentences.append(self.tr("The beginning of the text is not in it: the context is full."))
        elif news.left_out:
            sentences.append(self.tr("The {out:oldest message is|oldest messages are} not in it: the context is full."))
        if news.raw:
            sentences.append(self.tr("They are the text as it stands: no chat template, no system prompt."))
        elif not news.of("message"):
            sentences.append(self.tr("Nothing is typed: your message will stand before the end."))
        tokens = news.tokens
        if len(tokens) > MOST_TOKENS:
            half = MOST_TOKENS // 2
            sentences.append(self.tr("Shown are its first and last {half:token|tokens}."))
            tokens = tokens[:half] + tokens[-half:]
        text = " ".join(sentences)
        self.said.setText(messages.fill(text, n=news.total, room=news.room, out=news.left_out, half=MOST_TOKENS // 2))
        for part, label in self.parts.items():
            label.setText(f"{part_name(part, raw=news.raw)} {figures.count(news.of(part))}")
            self._legend[part].setVisible(news.of(part) > 0)
        self.sheet.show_tokens(tokens, raw=news.raw)
        self._area.verticalScrollBar().setValue(0)
        self.sheet.setFocus()

    def _on_token_picked(self, token: int) -> None:
        self.about.setText("   ".join(self.sheet.describe(token)))
        place = self.sheet.rect_of(token).center().toPoint()
        self._area.ensureVisible(place.x(), place.y(), 0, 40)
