"""The widgets of one message: what the person wrote, and what the model answered."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget

from helix_app.base import messages
from helix_app.gui.chat import verdict
from helix_app.gui.chat.column import Column
from helix_app.gui.chat.footer import Footer
from helix_app.gui.chat.refusals import larger_action
from helix_app.gui.chat.text.blocks import BlockStack
from helix_app.gui.chat.text.markdown import MarkdownStream
from helix_app.gui.chat.text.text_block import TextBlock
from helix_app.gui.chat.token_body import TokenBody
from helix_app.gui.kit import figures
from helix_app.gui.kit.buttons import ThemedButton
from helix_app.gui.kit.notices import ErrorBox, OfferBox
from helix_app.gui.look.theme import Theme
from helix_app.protocol import events
from helix_app.protocol.requests import GenerateRequest
from helix_app.runs.trace import Trace

PADDING = 12
SHOWN_AT_FIRST = 1200  # characters of a long message that are shown until the person asks for all
PIECE = 4000  # characters laid out at a time
BUBBLE_CHARACTERS = 72
SAMPLE = "The quick brown fox jumps over the lazy dog and runs away from it, again and again. "


def text_width(theme: Theme, characters: int) -> int:
    """Width of that many characters of ordinary text."""
    metrics = QFontMetricsF(theme.fonts.chat)
    return round(metrics.horizontalAdvance(SAMPLE) / len(SAMPLE) * characters)


class UserBubble(QWidget):
    """A message of the person, to the right.

    Signals:
        height_changed: it needs another height.
    """

    height_changed = Signal()

    def __init__(self, theme: Theme, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text = text
        self._rest = ""
        self._blocks: list[TextBlock] = []
        self._box = (0, 0, 0, 0)
        self._more = ThemedButton(theme, "", kind="link", parent=self)
        self._more.hide()
        self._more.clicked.connect(self.on_more_clicked)
        self._grow = QTimer(self)
        self._grow.setInterval(0)
        self._grow.timeout.connect(self.on_grow)
        shown = text
        if len(text) > SHOWN_AT_FIRST + 1000:
            shown, self._rest = text[:SHOWN_AT_FIRST], text[SHOWN_AT_FIRST:]
            self._more.setText(self.tr("Show all {n} characters").format(n=figures.count(len(text))))
            self._more.setAccessibleName(self._more.text())
            self._more.show()
        self._append(shown)
        self.setAccessibleName(self.tr("You: {text}").format(text=text[:2000]))
        theme.changed.connect(self.update)

    def text(self) -> str:
        """The whole message."""
        return self._text

    def text_blocks(self) -> list[TextBlock]:
        """Its text."""
        return self._blocks

    def on_more_clicked(self) -> None:
        """Show the rest, a piece at a time so that the window stays alive."""
        self._more.hide()
        self._grow.start()

    def on_grow(self) -> None:
        """Add one more piece."""
        piece, self._rest = self._rest[:PIECE], self._rest[PIECE:]
        if piece:
            self._append(piece)
        if not self._rest:
            self._grow.stop()
        self.height_changed.emit()

    def _append(self, text: str) -> None:
        block = TextBlock(self._theme, self)
        block.show_plain(text)
        self._blocks.append(block)
        block.show()

    def height_for(self, width: int) -> int:
        """Height at a width; places the text inside the bubble."""
        most = min(width, text_width(self._theme, BUBBLE_CHARACTERS) + 2 * PADDING) - 2 * PADDING
        for block in self._blocks:
            block.height_for(most)
        inner = min(most, max(block.ideal_width() for block in self._blocks) + 1)
        inner = max(inner, min(most, self._more.sizeHint().width() if self._more.isVisibleTo(self) else 0))
        left = width - inner - PADDING
        top = 8
        for block in self._blocks:
            high = block.height_for(inner)
            block.setGeometry(left, top, inner, high)
            top += high
        if self._more.isVisibleTo(self):
            self._more.setGeometry(left - 4, top + 4, self._more.sizeHint().width(), 24)
            top += 28
        self._box = (left - PADDING, 0, inner + 2 * PADDING, top + 8)
        return top + 8

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.palette.bubble))
        painter.drawRoundedRect(*self._box, 10, 10)
        painter.end()


class Reply(Column):
    """An answer of the model, streaming or finished.

    Attributes:
        request_id: of the request it answers.
        renders: how often its body was brought up to date.
        tokens: what stands in place of its text while that is shown as tokens.
        offer: what can be done where it ended for want of context.
        request: what it answers, None while nobody said; with it the figures below it are judged.
        exact_rows: as in ``ModelReady`` of the model that wrote it.

    Signals:
        again_requested: write this reply again.
        race_requested: write it again beside plain decoding; the GenerateRequest with the seed and length that it had.
        context_requested: load the model with a context of so many tokens.
        new_chat_requested: begin a new conversation.
        tokens_toggled: show it as tokens, or as text.
        inspect_requested, save_requested: look into its run, or save it.
    """

    again_requested = Signal()
    race_requested = Signal(object)
    context_requested = Signal(int)
    new_chat_requested = Signal()
    tokens_toggled = Signal(bool)
    inspect_requested = Signal()
    save_requested = Signal()

    def __init__(self, theme: Theme, request_id: str, author: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.request_id = request_id
        self.request: GenerateRequest | None = None
        self.exact_rows = False
        self._written: events.RunMetrics | None = None
        self._plain_rounds: list[float] = []  # seconds of those that drafted nothing
        self.renders = 0
        self._source: list[str] = []
        self._stream = MarkdownStream()
        self._streaming = True
        self._author = QLabel(author)
        self._author.setProperty("tone", "muted")
        self._author.setFont(theme.fonts.small)
        self._waiting = QLabel(self.tr("Reading the prompt…"))
        self._waiting.setProperty("tone", "muted")
        self.body = BlockStack(theme)
        self.tokens: TokenBody | None = None
        self._recorded = False
        self._footer: Footer | None = None
        self._error: ErrorBox | None = None
        self.offer: OfferBox | None = None
        self._blink = QTimer(self)
        self._blink.setInterval(530)
        self._blink.timeout.connect(self.on_blink)
        self._caret = True
        self.add(self._author)
        self.add(self._waiting, 8)
        self.add(self.body, 8)
        self._blink.start()

    @property
    def streaming(self) -> bool:
        """Whether more text may come."""
        return self._streaming

    def source(self) -> str:
        """The Markdown so far."""
        if len(self._source) > 1:
            self._source = ["".join(self._source)]
        return self._source[0] if self._source else ""

    def text_blocks(self) -> list[TextBlock]:
        """Its text."""
        return self.body.text_blocks()

    def show_reading(self, event: events.PrefillProgress) -> None:
        """How much of the prompt is read, until there is text."""
        text = self.tr("Reading the prompt: {done} of {all:token|tokens}")
        self._waiting.setText(messages.fill(text, done=figures.count(event.done_tokens), all=event.prompt_tokens))

    def append(self, text: str) -> None:
        """Add text and show it."""
        if not text:
            return
        self._drop_waiting()
        self._source.append(text)
        self._stream.feed(text)
        self._show()

    def on_round(self, event: events.RoundDone) -> None:
        """A round of it is over."""
        if event.k == 0:
            self._plain_rounds.append(event.draft_seconds + event.verify_seconds + event.overhead_seconds)

    def replace_text(self, text: str) -> None:
        """Show another text than what was streamed."""
        self._source = []
        self._stream = MarkdownStream()
        self._drop_waiting()
        if self.tokens is None:
            self._put_body()
        self.append(text)

    def show_tokens(self, trace: Trace, ghosts: bool) -> None:
        """Show it as the tokens of its run."""
        if self.tokens is None:
            at = self.index_of(self.body)
            self.remove(self.body)
            self.body = BlockStack(self._theme)  # nobody sees it
            self.tokens = TokenBody(self._theme, trace, ghosts)
            self.insert(at, self.tokens, 8)
        self._check_tokens()

    def show_text(self) -> None:
        """Show it as text again."""
        if self.tokens is not None:
            self._put_body()
            self._show()
        self._check_tokens()

    def set_recorded(self, recorded: bool) -> None:
        """Whether there is a run of it to look into."""
        self._recorded = recorded
        if self._footer:
            for button in self._footer.of_run:
                button.setVisible(recorded)

    def _check_tokens(self) -> None:
        if self._footer:
            self._footer.tokens.setChecked(self.tokens is not None)

    def _put_body(self) -> None:
        before = self.body if self.tokens is None else self.tokens
        at = self.index_of(before)
        self.remove(before)
        self.tokens = None
        self.body = BlockStack(self._theme)
        self.insert(at, self.body, 8)

    def finish(self, event: events.Finished) -> None:
        """The reply is complete: no caret, the figures below it."""
        self._end()
        footer = self._add_footer()
        self._written = event.metrics
        footer.show_figures(figures.reply_stats(event))
        if self.request is not None:
            footer.show_verdict(verdict.sentence(event, self.request, self.exact_rows, self._plain_rounds))
            footer.race.setVisible(self.request.mode == "speculative" and bool(event.metrics.tokens_generated))
        self.relayout(0)

    def offer_context(self, sentence: str, larger: int) -> None:
        """Say that the context is full and offer one of ``larger`` tokens (0 for none) and a new conversation."""
        new_chat = self.tr("New conversation")
        more = larger_action(larger)
        self.offer = OfferBox(self._theme, sentence, more or new_chat, new_chat if more else "")
        self.offer.acted.connect(lambda: self._take_offer(larger))
        self.offer.other_chosen.connect(lambda: self._take_offer(0))
        self.add(self.offer, 12)

    def _take_offer(self, larger: int) -> None:
        if self.offer is not None:
            self.remove(self.offer)
            self.offer = None
        if larger:
            self.context_requested.emit(larger)
        else:
            self.new_chat_requested.emit()

    def fail(self, event: events.Failed, larger: int = 0) -> None:
        """The reply ended with an error; what was written stays. ``larger`` is a context that helps, 0 for none."""
        self._end()
        if self.source():
            self._add_footer()
        self._error = ErrorBox(self._theme)
        self._error.close_button.hide()
        asked = (lambda: self.context_requested.emit(larger)) if larger else self.again_requested
        self._error.acted.connect(asked)
        self._error.show_failure(event, larger_action(larger) or self.tr("Try again"))
        self.add(self._error, 12)

    def error_sentence(self) -> str:
        """The error shown below it, empty when there is none."""
        return self._error.sentence.text() if self._error else ""

    def verdict_text(self) -> str:
        """The sentence below it that comes before the figures."""
        return self._footer.verdict.text() if self._footer else ""

    def stats_text(self) -> str:
        """The figures shown below it."""
        return self._footer.stats.text().replace("\u00a0", " ") if self._footer else ""

    def set_last(self, last: bool) -> None:
        """Only the last reply can be written again."""
        if self._footer:
            self._footer.again.setVisible(last)
        if self._error:
            self._error.action.setVisible(last)
        if self.offer:
            self.offer.setVisible(last)

    def on_blink(self) -> None:
        """The caret blinks."""
        self._caret = not self._caret
        self.body.set_caret(self._caret)

    def on_race_clicked(self) -> None:
        """Ask for the race: with what this reply was written with, as long as it came to be."""
        if self.request is not None and self._written is not None:
            sampling = replace(self.request.sampling, seed=self._written.seed)
            tokens = self._written.tokens_generated
            self.race_requested.emit(replace(self.request, sampling=sampling, max_tokens=tokens))

    def on_copy_clicked(self) -> None:
        """Copy the Markdown of the reply."""
        QGuiApplication.clipboard().setText(self.source())
        if self._footer:
            self._footer.copy.set_symbol("check")
            QTimer.singleShot(1500, self._footer.copy, lambda: self._restore_copy())

    def _restore_copy(self) -> None:
        if self._footer:
            self._footer.copy.set_symbol("copy")

    def _show(self) -> None:
        if self.tokens is not None:
            self.tokens.refresh()
            return
        self.renders += 1
        self.body.show_stream(self._stream)
        if self._streaming:
            self.body.set_caret(self._caret)

    def _drop_waiting(self) -> None:
        if self._waiting in self.widgets():
            self.remove(self._waiting)

    def _end(self) -> None:
        self._streaming = False
        self._blink.stop()
        self.body.set_caret(False)
        self._drop_waiting()
        self.setAccessibleName(self.tr("{who}: {text}").format(who=self._author.text(), text=self.source()[:5000]))

    def _add_footer(self) -> Footer:
        footer = Footer(self._theme)
        footer.copy.clicked.connect(self.on_copy_clicked)
        footer.again.clicked.connect(self.again_requested)
        footer.race.clicked.connect(self.on_race_clicked)
        footer.tokens.clicked.connect(self.tokens_toggled)
        footer.inspect.clicked.connect(self.inspect_requested)
        footer.save.clicked.connect(self.save_requested)
        footer.copy.setVisible(bool(self.source()))
        self._footer = footer
        self.set_recorded(self._recorded)
        self._check_tokens()
        self.add(footer, 8)
        return footer
