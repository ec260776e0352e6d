"""What the model answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QWidget

from helix_app.base.replies.thinking import Parted, ThoughtSplitter, part
from helix_app.gui.chat.column import Column
from helix_app.gui.chat.message import verdict
from helix_app.gui.chat.message.additions import ContextOffer, WaitingLine
from helix_app.gui.chat.message.edit_box import EditBox
from helix_app.gui.chat.message.footer import Footer
from helix_app.gui.chat.message.thought import Thought, heading
from helix_app.gui.chat.message.token_body import TokenBody
from helix_app.gui.chat.refusals import larger_action
from helix_app.gui.chat.text.blocks import BlockStack
from helix_app.gui.chat.text.markdown import MarkdownStream
from helix_app.gui.chat.text.plain import PlainStream
from helix_app.gui.chat.text.text_block import TextBlock
from helix_app.gui.chats.asking import MARKS as MARKS
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.notices import ErrorBox, OfferBox
from helix_app.gui.look.theme import Theme
from helix_app.protocol import events
from helix_app.protocol.requests import GenerateRequest
from helix_app.runs.trace import Trace

BLINK_MS = 530  # of the caret


class Reply(Column):
    """An answer of the model, streaming or finished.

    Attributes:
        request_id: of the request it answers.
        plain: it continues a text, and is shown as it stands.
        renders: how often its body was brought up to date.
        tokens: what stands in place of its text while that is shown as tokens.
        thought: what the model thought before it answered; None where it did not.
        offer: what can be done where it ended for want of context.
        box: its text while that is written anew.
        request: what it answers, None while nobody said; with it the figures below it are judged.
        exact_rows: as in ``ModelReady`` of the model that wrote it.
        message_id: of the message that it shows; empty where it stands alone.
        continued: it was written in several goes, of which the last one has a run.

    Signals:
        again_requested: write this reply again, as another version.
        edited: the text that is to stand beside this one as another version.
        continue_requested: go on where it ended.
        branch_requested: open a copy of the conversation that ends here.
        delete_requested: take it out, and all that follows.
        stepped: show the version before (-1) or after (1).
        race_requested: write it again beside plain decoding; the GenerateRequest with the seed and length that it had.
        context_requested: load the model with a context of so many tokens.
        new_chat_requested: begin a new conversation.
        tokens_toggled: show it as tokens, or as text.
        inspect_requested, save_requested: look into its run, or save it.
    """

    again_requested = Signal()
    edited = Signal(str)
    continue_requested = Signal()
    branch_requested = Signal()
    delete_requested = Signal()
    stepped = Signal(int)
    race_requested = Signal(object)
    context_requested = Signal(int)
    new_chat_requested = Signal()
    tokens_toggled = Signal(bool)
    inspect_requested = Signal()
    save_requested = Signal()

    def __init__(self, theme: Theme, request_id: str, author: str, message_id: str = "", plain: bool = False) -> None:
        super().__init__()
        self._theme, self.request_id, self.message_id, self.plain = theme, request_id, message_id, plain
        self._version = (1, 1)
        self.continued = self._more_offered = self._verbatim = False
        self.request: GenerateRequest | None = None
        self.exact_rows = False
        self._written: events.RunMetrics | None = None
        self._plain_rounds: list[float] = []  # seconds of those that drafted nothing
        self.renders = 0
        self._source: list[str] = []
        self._stream = self._new_stream()
        self._marks, self._opens = MARKS, False
        self._splitter = ThoughtSplitter(MARKS)
        self.thought: Thought | None = None
        self._streaming = self._caret = True
        self.author = QLabel(author)
        self.author.setProperty("tone", "muted")
        self.author.setFont(theme.fonts.small)
        self._waiting = WaitingLine()
        self.body = BlockStack(theme)
        self.tokens: TokenBody | None = None
        self.box: EditBox | None = None
        self._recorded = False
        self._footer: Footer | None = None
        self._error: ErrorBox | None = None
        self.offer: OfferBox | None = None
        self._blink = QTimer(self)
        self._blink.timeout.connect(self.on_blink)
        self.add(self.author)
        self.add(self._waiting, 8)
        self.add(self.body, 8)
        self._blink.start(BLINK_MS)

    def _new_stream(self) -> MarkdownStream | PlainStream:
        return PlainStream() if self.plain or self._verbatim else MarkdownStream()

    def set_verbatim(self) -> None:
        """Nothing in its answer is Markdown; before any text."""
        self._verbatim, self._stream = True, PlainStream()

    @property
    def streaming(self) -> bool:
        """Whether more text may come."""
        return self._streaming

    def source(self) -> str:
        """The Markdown so far."""
        self._source = ["".join(self._source)]
        return self._source[0]

    def answer(self) -> str:
        """The Markdown so far, without what the model thought before."""
        return part(self.source(), self._marks, self._opens).answer

    def set_thinking(self, marks: tuple[str, str], opens: bool) -> None:
        """What stands around a thought of this model, and whether its prompt has opened one; before any text."""
        self._marks, self._opens = marks, opens
        self._splitter = ThoughtSplitter(marks, opens)

    def tell_thought(self, seconds: float, tokens: int) -> None:
        """How long it thought, and how many tokens that took."""
        if self.thought is not None:
            self.thought.tell(self._streaming and self._splitter.open, seconds, tokens)

    def text_blocks(self) -> list[TextBlock]:
        """Its text."""
        return self.body.text_blocks()

    def show_reading(self, event: events.PrefillProgress) -> None:
        """How much of the prompt is read, until there is text."""
        self._waiting.show_reading(event)

    def append(self, text: str) -> None:
        """Add text and show it."""
        if not text:
            return
        self._drop_waiting()
        self._source.append(text)
        self._take(self._splitter.feed(text))

    def _take(self, parted: Parted) -> None:
        if parted.thought:
            if self.thought is None:
                self.thought = Thought(self._theme)
                self.insert(1, self.thought, 4)
            self.thought.append(parted.thought)
        if parted.answer:
            self._stream.feed(parted.answer)
        self._show()

    def replace_text(self, text: str) -> None:
        """Show another text than what was streamed."""
        self._source = []
        self._stream = self._new_stream()
        self._splitter = ThoughtSplitter(self._marks, self._opens)
        if self.thought is not None:
            self.remove(self.thought)
            self.thought = None
        self._drop_waiting()
        if self.tokens is None:
            self._put_body()
        self.append(text)

    def show_tokens(self, trace: Trace, ghosts: bool) -> None:
        """Show it as the tokens of its run."""
        self.end_edit()
        if self.tokens is None:
            self.tokens = TokenBody(self._theme, trace, ghosts)
            self._put(self.tokens)
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
            self._footer.set_recorded(recorded, tokens=not self.continued)

    def _check_tokens(self) -> None:
        if self._footer:
            self._footer.tokens.setChecked(self.tokens is not None)

    def begin_edit(self) -> None:
        """Let its answer be written anew, in its place."""
        if self.box is None:
            self.show_text()
            self.box = EditBox(self._theme, self.answer(), reply=True, exact=self.plain)
            self.box.sent.connect(self._on_sent)
            self.box.cancelled.connect(self.end_edit)
            self._put(self.box)
            self.box.take_cursor()

    def end_edit(self) -> None:
        """It stays as it was."""
        if self.box is not None:
            self._put_body()
            self._show()
            if self._footer:
                self._footer.edit.setFocus()

    def _on_sent(self, text: str) -> None:
        self.end_edit()
        if text != (self.answer() if self.plain else self.answer().strip()):
            self.edited.emit(text)

    def _put(self, shown: QWidget) -> None:
        self.replace(self.body, shown)
        self.body = BlockStack(self._theme)  # nobody sees it

    def _put_body(self) -> None:
        body = BlockStack(self._theme)
        self.replace(self.box or self.tokens or self.body, body)
        self.body, self.box, self.tokens = body, None, None

    def resume(self, request_id: str) -> None:
        """More of it is written, at the end of what there is."""
        self.end_edit()
        self.show_text()
        self.replace_text(self.source())
        self.request_id, self._streaming, self.continued, self._more_offered = request_id, True, True, False
        self._plain_rounds.clear()
        for shown in (self._footer, self._error, self.offer):
            if shown is not None:
                self.remove(shown)
        self._footer = self._error = self.offer = None
        self._waiting = WaitingLine()
        self.add(self._waiting, 8)
        self._blink.start(BLINK_MS)

    def finish(self, event: events.Finished) -> None:
        """The reply is complete: no caret, the figures below it."""
        self._end()
        footer = self._add_footer()
        self._written = event.metrics
        footer.show_figures(figures.reply_stats(event))
        if self.request is not None:
            footer.show_verdict(verdict.sentence(event, self.request, self.exact_rows, self._plain_rounds))
            m = event.metrics
            can_race = self.request.mode == "speculative" and bool(m.tokens_generated) and m.target_passes is not None
            footer.race.setVisible(can_race and not self.continued)
        self.relayout(0)

    def finish_bare(self) -> None:
        """The reply is complete, and nothing more is known of it."""
        self._end()
        self._add_footer()

    def set_plain_rounds(self, seconds: Sequence[float]) -> None:
        """What its rounds without a draft took, each."""
        self._plain_rounds = list(seconds)

    def offer_more(self, sentence: str = "") -> None:
        """Let it be continued; with a sentence that says why it ended."""
        self._more_offered = not sentence
        if self._footer:
            self._footer.go_on.setVisible(not sentence)
            self.relayout(0)
        if sentence:
            self.offer = OfferBox(self._theme, sentence, self.tr("Continue"))
            self.offer.acted.connect(self.continue_requested)
            self.add(self.offer, 12)

    def show_version(self, number: int, count: int) -> None:
        """Which version of the reply this is."""
        self._version = (number, count)
        if self._footer:
            self._footer.versions.show_version(number, count)

    def offer_context(self, sentence: str, larger: int) -> None:
        """Say that the context is full and offer one of ``larger`` tokens (0 for none) and a new conversation."""
        offer = self.offer = ContextOffer(self._theme, sentence, larger)
        offer.context_requested.connect(self.context_requested)
        offer.new_chat_requested.connect(self.new_chat_requested)
        offer.taken.connect(self._drop_offer)
        self.add(offer, 12)

    def _drop_offer(self) -> None:
        if self.offer is not None:
            self.remove(self.offer)
            self.offer = None

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
        """Only at the end can be gone on."""
        if self._footer:
            self._footer.go_on.setVisible(last and self._more_offered)
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
            tokens = self._written.tokens_generated or self.request.max_tokens
            self.race_requested.emit(replace(self.request, sampling=sampling, max_tokens=tokens))

    def on_copy_clicked(self) -> None:
        """Copy the Markdown of the reply, without what was thought before it."""
        QGuiApplication.clipboard().setText(self.answer())
        if self._footer:
            self._footer.show_copied()

    def _show(self) -> None:
        if self.tokens is not None:
            self.tokens.refresh()
            return
        self.renders += 1
        self.body.show_stream(self._stream)
        self.body.set_caret(self._streaming and self._caret)

    def _drop_waiting(self) -> None:
        if self._waiting in self.widgets():
            self.remove(self._waiting)

    def _end(self) -> None:
        self._streaming = False
        rest = self._splitter.end()
        if rest.thought or rest.answer:
            self._take(rest)
        if self.thought is not None and self.thought.line.text() == heading(True, 0.0, 0):
            self.tell_thought(0.0, 0)
        self._blink.stop()
        self.body.set_caret(False)
        self._drop_waiting()
        self.setAccessibleName(self.tr("{who}: {text}").format(who=self.author.text(), text=self.answer()[:5000]))

    def _add_footer(self) -> Footer:
        footer = self._footer = Footer(self._theme, kept=bool(self.message_id))
        footer.copy.clicked.connect(self.on_copy_clicked)
        footer.again.clicked.connect(self.again_requested)
        footer.edit.clicked.connect(self.begin_edit)
        footer.race.clicked.connect(self.on_race_clicked)
        footer.go_on.clicked.connect(self.continue_requested)
        footer.tokens.triggered.connect(self.tokens_toggled)
        footer.inspect.triggered.connect(self.inspect_requested)
        footer.save.triggered.connect(self.save_requested)
        footer.branch.triggered.connect(self.branch_requested)
        footer.delete.triggered.connect(self.delete_requested)
        footer.versions.stepped.connect(self.stepped)
        footer.versions.show_version(*self._version)
        footer.copy.setVisible(bool(self.answer()))
        self.set_recorded(self._recorded)
        self._check_tokens()
        self.add(footer, 8)
        return footer
