"""The page that shows a run from inside: rounds over time, tokens, cache and figures, linked with each other."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from helix_app.base import messages
from helix_app.gui.inspect.details import RoundDetails, RunFacts
from helix_app.gui.inspect.pool_panel import PoolPanel
from helix_app.gui.inspect.timeline import Timeline
from helix_app.gui.kit import figures, pictures
from helix_app.gui.kit.controls.buttons import CheckBox, ThemedButton
from helix_app.gui.kit.controls.elided import Elided
from helix_app.gui.kit.controls.notices import ErrorBox
from helix_app.gui.look.theme import Theme
from helix_app.gui.tokens.legend import TokenLegend
from helix_app.gui.tokens.view import TokenView
from helix_app.protocol import events
from helix_app.runs.trace import PROMPT, Trace

REFRESH_MS = 150  # while a run grows
MOST_GROWING = 2000  # rounds up to which acceptance and what-if keep up with it


class InspectPage(QWidget):
    """Shows one run; a round or a token that is picked anywhere is shown everywhere.

    Attributes:
        trace: the run.
        timeline, tokens, pool, details, facts: the views of it.
        number: the round that is picked, PROMPT before the first one.

    Signals:
        open_requested: choose a run file.
        save_requested: write the run that is shown into a file.
        shown: the page came into sight.
    """

    open_requested = Signal()
    save_requested = Signal()
    shown = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.trace = Trace()
        self.number = PROMPT
        self._token: int | None = None
        self._following = True  # the newest round is picked as they come
        self._complete = True
        self._version = -1
        self._told = 0  # rounds that the facts are of
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self._facts_timer = QTimer(self)
        self._facts_timer.setSingleShot(True)
        self._facts_timer.setInterval(0)
        self._facts_timer.timeout.connect(self._show_facts)
        self.error = ErrorBox(theme)
        self.error.dismissed.connect(self.error.hide)
        self.error.hide()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty(theme))
        self._stack.addWidget(self._full(theme))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.error)
        column.addWidget(self._stack, 1)

    # ------------------------------------------------------------------ construction

    def _empty(self, theme: Theme) -> QWidget:
        page = QWidget()
        self.nothing = QLabel(
            self.tr("Nothing to look into yet. Ask something in the chat, or open a run that was saved.")
        )
        self.nothing.setProperty("tone", "muted")
        self.nothing.setFont(theme.fonts.chat)
        self.nothing.setWordWrap(True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        open_run = ThemedButton(theme, self.tr("Open run…"), symbol="folder")
        open_run.clicked.connect(self.open_requested)
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(16)
        column.addStretch(5)
        column.addWidget(self.nothing)
        column.addWidget(open_run, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(6)
        return page

    def _full(self, theme: Theme) -> QWidget:
        self.timeline = Timeline(theme)
        self.timeline.round_picked.connect(lambda number: self.pick(number))
        pictures.PictureMenu(self.timeline, "rounds")
        tops = QWidget()
        above = QVBoxLayout(tops)
        above.setContentsMargins(12, 8, 12, 0)
        above.setSpacing(8)
        above.addLayout(self._header(theme))
        above.addWidget(self.timeline, 1)
        self.pool = PoolPanel(theme)
        self.pool.block_picked.connect(self.on_block_picked)
        self.pool.pool_picked.connect(self._show_moment)
        lower = QSplitter(Qt.Orientation.Horizontal)
        for part, stretch in ((self._tokens(theme), 10), (self.pool, 9), (self._right(theme), 8)):
            lower.addWidget(part)
            lower.setStretchFactor(lower.count() - 1, stretch)
        lower.setSizes([430, 400, 350])
        split = QSplitter(Qt.Orientation.Vertical)
        for line in (lower, split):
            line.setChildrenCollapsible(False)
            line.setHandleWidth(1)
        split.addWidget(tops)
        split.addWidget(lower)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 5)
        split.setSizes([196, 484])
        return split

    def _header(self, theme: Theme) -> QHBoxLayout:
        self.title, self.about = Elided(), Elided()
        self.title.setFont(theme.fonts.strong)
        self.about.setFont(theme.fonts.small)
        self.about.setProperty("tone", "muted")
        lines = QVBoxLayout()
        lines.setSpacing(0)
        lines.addWidget(self.title)
        lines.addWidget(self.about)
        self.back = ThemedButton(theme, symbol="chevron-left", kind="smallicon", name=self.tr("Previous round"))
        self.forth = ThemedButton(theme, symbol="chevron-right", kind="smallicon", name=self.tr("Next round"))
        self.where = QLabel()
        self.where.setMinimumWidth(self.where.fontMetrics().horizontalAdvance("round 20,000 of 20,000"))
        self.where.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for button, step in ((self.back, -1), (self.forth, 1)):
            button.setToolTip(button.accessibleName())
            button.clicked.connect(lambda _=False, step=step: self.pick(self.number + step))
        open_run = ThemedButton(theme, self.tr("Open run…"), symbol="folder", kind="ghost")
        open_run.clicked.connect(self.open_requested)
        self.save = ThemedButton(theme, self.tr("Save run…"), symbol="save", kind="ghost")
        self.save.clicked.connect(self.save_requested)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addLayout(lines, 1)
        row.addSpacing(8)
        for widget in (self.back, self.where, self.forth, open_run, self.save):
            row.addWidget(widget)
        return row

    def _tokens(self, theme: Theme) -> QWidget:
        self.tokens = TokenView(theme)
        self.tokens.token_picked.connect(self.on_token_picked)
        self.legend = TokenLegend(theme)
        self.ghosts = CheckBox(theme, self.tr("rejected drafts"))
        self.ghosts.toggled.connect(self.tokens.set_ghosts)
        self.ghosts.toggled.connect(self.legend.set_ghosts)
        title = QLabel(self.tr("Tokens"))
        title.setFont(theme.fonts.strong)
        head = QHBoxLayout()
        head.addWidget(title)
        head.addStretch()
        head.addWidget(self.ghosts)
        self._token_scroll = self._scroll(self.tokens)
        # a bar that comes and goes would have all tokens laid out for both widths
        self._token_scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(12, 0, 4, 8)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.legend)
        column.addWidget(self._token_scroll, 1)
        return body

    def _right(self, theme: Theme) -> QWidget:
        self.details = RoundDetails(theme)
        self.facts = RunFacts(theme)
        inside = QWidget()
        inside.setObjectName("plainSurface")
        column = QVBoxLayout(inside)
        column.setContentsMargins(12, 8, 12, 12)
        column.setSpacing(12)
        column.addWidget(self.details)
        column.addWidget(self.facts)
        column.addStretch()
        return self._scroll(inside)

    def _scroll(self, inside: QWidget) -> QScrollArea:
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.viewport().setAutoFillBackground(False)
        area.setWidget(inside)
        inside.setAutoFillBackground(False)
        return area

    # ------------------------------------------------------------------ what it shows

    def show_trace(self, trace: Trace, *, complete: bool = True) -> None:
        """Show a run; one that is not ``complete`` still grows, and its newest round is picked as it does."""
        self.error.hide()
        self.trace = trace
        if trace.ready is not None and trace.ready.remote:
            self.show_nothing(messages.error_text("remote_no_rounds"))
            return
        self._complete = complete
        self._following = True
        self._version, self._told = -1, 0
        self.number, self._token = PROMPT, None
        self.timeline.show_trace(trace)
        self.tokens.show_trace(trace)
        self.pool.show_trace(trace)
        self._stack.setCurrentIndex(1)
        self.refresh()
        if complete and trace.rounds:
            self.pick(0)

    def show_nothing(self, words: str = "") -> None:
        """Words in place of a run."""
        if words:
            self.nothing.setText(words)
        self._stack.setCurrentIndex(0)

    def show_failure(self, failed: events.Failed) -> None:
        """A file could not be read or written."""
        self.error.show_failure(failed)

    @property
    def empty(self) -> bool:
        """Whether there is no run to see."""
        return self._stack.currentIndex() == 0

    def grow(self) -> None:
        """More items came; shown soon, if the page is in sight."""
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def end(self) -> None:
        """The run is complete."""
        self._complete = True
        self.refresh()

    def refresh(self) -> None:
        """Take over what came since the last time."""
        if self._version == self.trace.version or self.empty:
            return
        self._version = self.trace.version
        self.timeline.refresh()
        self.tokens.refresh()
        self.pool.refresh_pools()
        if self._complete:
            self._facts_timer.start()  # in a turn of their own: they look at every round
        elif self._told * 1.2 < len(self.trace.rounds) <= MOST_GROWING:
            self._show_facts()
        self._describe()
        if self._following and not self._complete and self.trace.rounds:
            self._go(len(self.trace.rounds) - 1, None)
        else:
            self._go(self.number, self._token)

    def _show_facts(self) -> None:
        self._told = len(self.trace.rounds)
        self.facts.show_trace(self.trace)

    def pick(self, number: int, token: int | None = None) -> None:
        """Show a round everywhere, and one token of it if there is one."""
        last = len(self.trace.rounds) - 1
        number = min(max(PROMPT, number), last)
        self._following = not self._complete and number == last
        self._go(number, token)

    def _go(self, number: int, token: int | None) -> None:
        self.number, self._token = number, token
        trace = self.trace
        count = len(trace.rounds)
        self.timeline.select(number)
        self.tokens.light(trace.tokens_of(number), token)
        self._reveal(token)
        self._show_moment()
        self.details.show_round(trace, number, token)
        self.back.setEnabled(number > PROMPT)
        self.forth.setEnabled(number < count - 1)
        if number == PROMPT:
            self.where.setText(self.tr("prompt") if count else self.tr("no round yet"))
        else:
            text = self.tr("round {n} of {all}")
            self.where.setText(text.format(n=figures.count(number + 1), all=figures.count(count)))

    def _reveal(self, token: int | None) -> None:
        tokens = self.trace.tokens_of(self.number)
        if token is None and not len(tokens):
            return
        box = self.tokens.rect_of(tokens[0] if token is None else token)
        self._token_scroll.ensureVisible(int(box.left()), int(box.center().y()), 0, int(box.height()) + 8)

    def _show_moment(self) -> None:
        """The cache after the round that is picked, with its blocks framed."""
        trace = self.trace
        view = self.pool.show_moment(self.number + 1)
        if view is None:
            return
        if self._token is None:
            self.pool.frame(trace.blocks_of_round(self.number, self.pool.pool))
            return
        block = trace.block_of(self._token, self.pool.pool)
        slot = trace.slot_of(self._token) % view.block_size
        self.pool.frame([] if block is None else [block], None if block is None else (block, slot))

    def _describe(self) -> None:
        trace = self.trace
        self.title.show_text(trace.question or self.tr("A run"))
        parts = [] if trace.ready is None else [trace.ready.target_name, figures.device(trace.ready.device)]
        parts.append(
            messages.fill(self.tr("{n:token|tokens} in {r:round|rounds}"), n=len(trace.tokens), r=len(trace.rounds))
        )
        if isinstance(trace.end, events.Finished):
            parts += [text for text, _tip in figures.reply_stats(trace.end)[:2]]
        elif not self._complete:
            parts.append(self.tr("still growing"))
        elif trace.end is None:
            parts.append(self.tr("its end is missing"))
        self.about.show_text(" · ".join(parts))

    # ------------------------------------------------------------------ what the person does

    def on_token_picked(self, token: int) -> None:
        """A token of the text: its round, its block and its slot."""
        self.pick(self.trace.round_of[token], token)

    def on_block_picked(self, block: int) -> None:
        """A block of the map: the tokens that it holds."""
        view = self.pool.show_moment(self.number + 1)
        if view is None:
            return
        first = view.first_slot(self.trace.name, block)
        held: list[int] = []
        if first is not None:
            found = [self.trace.token_at(slot) for slot in range(first, first + view.block_size)]
            held = [token for token in found if token is not None and self.trace.round_of[token] <= self.number]
        self.tokens.light(held)
        self.pool.frame([block])
        if held:
            box = self.tokens.rect_of(held[0])
            self._token_scroll.ensureVisible(int(box.left()), int(box.center().y()), 0, int(box.height()) + 8)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.shown.emit()
        self.timeline.setFocus()
        self.refresh()
