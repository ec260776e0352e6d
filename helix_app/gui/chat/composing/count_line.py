"""Below the message field: the tokens of what is typed, and what the whole prompt takes of the context."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtWidgets import QLabel

from helix_app.base import messages
from helix_app.gui.chat.composing.composer import Composer
from helix_app.gui.chat.composing.counting import Counting
from helix_app.gui.kit import figures
from helix_app.gui.look.theme import Theme
from helix_app.gui.state import State
from helix_app.protocol.conversations.prompts import PromptCounted

INSET = 12  # pixels from the right edge of the field


def tr(text: str) -> str:
    """Translate in the context of the count."""
    return QCoreApplication.translate("count", text)


def sentence(counted: PromptCounted, context: int, max_tokens: int) -> str:
    """What is said of a prompt, on one line."""
    if counted.failed is not None:
        return messages.error_text(counted.failed.code, counted.failed.fields)
    n, total, all_ = counted.of("message"), figures.count(counted.total), figures.count(context)
    if counted.room < 1:
        text = tr("{n:token|tokens} · the prompt is too long: {total} of {all}")
        return messages.fill(text, n=n, total=total, all=all_)
    parts = [tr("{n:token|tokens}"), tr("prompt {total} of {all}"), tr("up to {room} for the reply")]
    if counted.raw and (counted.left_out or counted.cut):
        parts.append(tr("its beginning is not sent"))
    elif counted.left_out:
        parts.append(tr("{out:oldest message is|oldest messages are} not sent"))
    room = figures.count(min(counted.room, max_tokens))
    return messages.fill(" · ".join(parts), n=n, total=total, all=all_, room=room, out=counted.left_out)


def details(counted: PromptCounted) -> list[str]:
    """The parts of a prompt and what they leave, each on a line; nothing for one that could not be counted."""
    if counted.failed is not None:
        return []
    named: tuple[tuple[str, int], ...] = (
        (tr("System prompt: {n}"), counted.of("system")),
        (tr("History: {n}"), counted.of("history")),
        (tr("Message: {n}"), counted.of("message")),
        (tr("Chat template: {n}"), counted.of("template")),
        (tr("Left for the reply: {n}"), counted.room),
    )
    if counted.raw:
        named = (
            (tr("Text so far: {n}"), counted.of("history") + counted.of("reply")),
            (tr("Your addition: {n}"), counted.of("message")),
            (tr("Begin of text: {n}"), counted.of("template")),
            (tr("Left to write: {n}"), counted.room),
        )
    lines = [text.format(n=figures.count(n)) for text, n in named]
    if counted.raw and (counted.left_out or counted.cut):
        lines.append(tr("Not sent: the beginning of the text"))
    elif counted.left_out:
        lines.append(messages.fill(tr("Not sent: the {n:oldest message|oldest messages}"), n=counted.left_out))
    return lines


class CountLine(QLabel):
    """Stands in the margin below the field, so that nothing moves when it comes; hidden while nothing is typed."""

    def __init__(self, theme: Theme, state: State, counting: Counting, composer: Composer) -> None:
        place = composer.parentWidget()
        if place is None:
            raise ValueError("the field stands nowhere yet")
        super().__init__(place)
        self._state, self._counting, self._composer, self._place = state, counting, composer, place
        self.setFont(theme.fonts.small)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, False)
        self.hide()
        counting.changed.connect(self.show_count)
        composer.changed.connect(self.show_count)
        theme.resized.connect(self.show_count)
        place.installEventFilter(self)

    def show_count(self) -> None:
        """Say what is known; nothing while nothing is typed, or where nobody can count."""
        ready, counted = self._state.ready, self._counting.counted
        shown = ready is not None and counted is not None and not self._composer.is_empty()
        self.setVisible(shown)
        if ready is None or counted is None or not shown:
            return
        settings = self._counting.settings
        text = sentence(counted, ready.context_length, settings.max_tokens)
        tone = "danger" if counted.failed is not None or counted.room < 1 else "muted"
        if self._counting.late:
            text, tone = self.tr("Counting the tokens…"), "muted"
        if self.property("tone") != tone:
            self.setProperty("tone", tone)
            self.style().unpolish(self)
            self.style().polish(self)
        self.setText(text)
        self.setAccessibleName(self.tr("Tokens of the message: {text}").format(text=text))
        self.setToolTip("\n".join(details(counted)))
        self._put()

    def _put(self) -> None:
        room, field, layout = self._place.contentsRect(), self._composer.geometry(), self._place.layout()
        below = 0 if layout is None else layout.contentsMargins().bottom()
        height = self.fontMetrics().height()
        width = min(self.sizeHint().width(), field.width() - 2 * INSET)
        self.setGeometry(field.right() - INSET - width, room.bottom() + 1 - max(below, height), width, height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest) and not self.isHidden():
            self._put()
        return super().eventFilter(watched, event)
