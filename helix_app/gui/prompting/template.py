"""The chat template of one conversation: the model's own to begin with, checked while another one is written."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtGui import QColor, QTextCursor, QTextFormat
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from helix_app.base import messages
from helix_app.gui.chat.composing.counting import Counting
from helix_app.gui.chats.prompting import LONGEST_TEMPLATE, Prompting
from helix_app.gui.look.theme import Theme
from helix_app.gui.prompting.text_dialog import TextDialog
from helix_app.protocol.conversations.prompts import PromptCounted

PAUSE_MS = 300  # from a change to the check
FAULTS = ("template_own_failed", "template_endless")  # of the template itself: nothing could be sent with it


def tr(text: str) -> str:
    """Translate in the context of this dialog, before it is one."""
    return QCoreApplication.translate("TemplateDialog", text)


class TemplateDialog(TextDialog):
    """Edits a copy; ``template()`` says what was chosen."""

    def __init__(self, theme: Theme, counting: Counting, own: Prompting, parent: QWidget | None = None) -> None:
        super().__init__(theme, own.template, tr("Chat template"), "chat_template", tr("The model's own"), parent)
        self._counting, self._own = counting, own
        self._models: str | None = None  # the model's own template, once it is known
        self._line = 0  # where the fault is
        self.setWindowTitle(self.tr("Chat template of this conversation"))
        self.editor.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.editor.setEnabled(bool(own.template))
        self.said.setText(self.tr("Reading the model's template…"))
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self.check)
        self.editor.textChanged.connect(self._on_text_changed)
        theme.changed.connect(self._mark)
        counting.tokens_told.connect(self.on_told)
        self.resize(720, 560)
        self._number = 0
        self.check()

    def template(self) -> str:
        """The template; empty for the model's own."""
        text = self.editor.toPlainText()
        return "" if not text.strip() or text == self._models else text[:LONGEST_TEMPLATE]

    def put_back(self) -> None:
        """Have the model's own."""
        self.editor.setPlainText(self._models or "")

    def _on_text_changed(self) -> None:
        self.save.setEnabled(False)  # until it is checked
        self._pause.start()

    def check(self) -> None:
        """Have the template make the prompt."""
        self._counting.look(replace(self._own, template=self.template()), self._on_begun)

    def _on_begun(self, number: int) -> None:
        self._number = number
        if not number:
            self.say(self.tr("Load a model first: a template is checked with its tokenizer."), wrong=True)
            self.save.setEnabled(False)

    def on_told(self, news: PromptCounted) -> None:
        """The check is through."""
        if news.number != self._number:
            return
        none = news.raw  # the model has no template; one can be written all the same
        if self._models is None and (none or news.own_template or news.failed is None):
            self._models = news.own_template
            if not self.editor.isEnabled():
                self.editor.setEnabled(True)
                self.editor.setPlainText(self._models)
                self.editor.moveCursor(QTextCursor.MoveOperation.Start)
                self.editor.setFocus()
                self._pause.stop()
        failed = news.failed
        self._line = news.line if failed is not None and failed.code in FAULTS else 0
        self.save.setEnabled(failed is None or failed.code not in FAULTS)
        if none and failed is None:
            self.say(
                self.tr("This model has none, and continues the text. With one written here it chats."), wrong=False
            )
        elif failed is None:
            own = self.tr("This is the model's own.") if not self.template() else self.tr("It works here.")
            count = self.tr("With it the prompt has {n:token|tokens}.")
            self.say(messages.fill(f"{own} {count}", n=news.total), wrong=False)
        else:
            reason = messages.reason_text(failed.fields)
            at = self.tr("Line {line}: {reason}").format(line=self._line, reason=reason)
            sentence = messages.error_text(failed.code, failed.fields)
            self.say(at if self._line and reason else sentence, wrong=True)
        self._mark()

    def _mark(self) -> None:
        """Show the line with the fault."""
        block = self.editor.document().findBlockByNumber(self._line - 1) if self._line else None
        if block is None or not block.isValid():
            self.editor.setExtraSelections([])
            return
        found = QTextEdit.ExtraSelection()
        found.cursor = QTextCursor(block)
        found.format.setBackground(QColor(self._theme.palette.danger_soft))
        found.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
        self.editor.setExtraSelections([found])
