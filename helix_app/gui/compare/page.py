"""The compare page: set up, watch two arms write, replay them in step, read what it means."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from helix_app.gui.compare import arms
from helix_app.gui.compare.badge import AgreementBadge
from helix_app.gui.compare.empty import EmptyComparison
from helix_app.gui.compare.pane import ArmPane
from helix_app.gui.compare.plots import ComparePlots
from helix_app.gui.compare.replay import FRAME_MS, ReplayClock
from helix_app.gui.compare.results import FigureTable, Gauge, sides
from helix_app.gui.compare.setup import Setup
from helix_app.gui.compare.transport import Transport
from helix_app.gui.kit.controls.buttons import Choice, Picker
from helix_app.gui.kit.controls.notices import ErrorBox
from helix_app.gui.kit.model_choices import why_none
from helix_app.gui.kit.pace import Pace
from helix_app.gui.look.theme import Theme
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol import events
from helix_app.protocol.requests import CompareRequest, GenerateRequest, LoadChoice
from helix_app.runs.break_even import QUIET, Noise
from helix_app.runs.comparison import Agreement, ArmRecord, agreement

SHARE = 8  # times as long as a drawing of the panes took until the next one
PLOT_MS = 250  # between drawings of the plots while an arm runs: they must not take its processor


class ComparePage(QWidget):
    """One comparison at a time; its outcome stays until the next one.

    Attributes:
        setup: what is compared.
        error: why it could not be run.
        panes: the two replies.
        badge: what they have in common.
        look: whether they are shown formatted or as the model wrote them, with the first difference marked.
        clock, transport: the replay.
        plots, table, gauge: what it means.
        records: what the arms did.
        own: what a person has loaded; None while nothing is.

    Signals:
        compare_requested: a CompareRequest.
        cancel_requested: stop it.
    """

    compare_requested = Signal(object)
    cancel_requested = Signal()

    def __init__(self, theme: Theme, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._state = state
        self.own: LoadChoice | None = None
        self.records = (ArmRecord(), ArmRecord())
        self._request: CompareRequest | None = None
        self._running = False
        self._stopping = False
        self._gap: float | None = None
        self._noise = QUIET
        self._racing = False
        self.setup = Setup(theme, state)
        self.setup.run_requested.connect(self.run)
        self.setup.stop_requested.connect(self.stop)
        self.setup.arms_changed.connect(self.on_arms_changed)
        self.error = ErrorBox(theme)
        self.error.dismissed.connect(self.error.hide)
        self.error.hide()
        self.empty = EmptyComparison(theme)
        self.empty.suggestion_picked.connect(self.on_suggestion_picked)
        self.panes = (ArmPane(theme, 0), ArmPane(theme, 1))
        for pane, other in (self.panes, self.panes[::-1]):
            pane.text.scrolled.connect(
                lambda value, pane=pane, other=other: other.text.scroll_along(value, pane.text.following)
            )
        self.badge = AgreementBadge(theme)
        self.badge.go_requested.connect(self.on_go_requested)
        self.look = Picker(theme, self.tr("Show"), self.tr("How the replies are shown"), least=144)
        self.look.set_choices(
            [
                Choice("formatted", self.tr("Formatted"), self.tr("as in the chat"), short=self.tr("formatted")),
                Choice(
                    "plain", self.tr("Plain text"), self.tr("with the first difference"), short=self.tr("plain text")
                ),
            ]
        )
        self.look.picked.connect(self.on_look_picked)
        self.on_look_picked("formatted")
        self.clock = ReplayClock(self)
        self.clock.moved.connect(self.on_clock_moved)
        self.transport = Transport(theme, self.clock)
        self.plots = ComparePlots(theme)
        self.table = FigureTable(theme)
        self.gauge = Gauge(theme)
        self._lay_out()
        self.pace = Pace(self.flush, FRAME_MS, self)
        self._plotted = QTimer(self)
        self._plotted.setSingleShot(True)
        self._plotted.setInterval(PLOT_MS)
        state.model_changed.connect(self.on_model_changed)
        self.on_model_changed()

    def _lay_out(self) -> None:
        top = QVBoxLayout()
        top.setContentsMargins(16, 12, 16, 8)
        top.setSpacing(8)
        top.addWidget(self.setup)
        top.addWidget(self.error)
        panes = QHBoxLayout()
        panes.setSpacing(12)
        for pane in self.panes:
            panes.addWidget(pane, 1)
        below = QWidget()
        row = QHBoxLayout(below)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.plots, 9)
        row.addWidget(self.table, 4)
        below.setFixedHeight(176)
        results = QWidget()
        results.setObjectName("plainSurface")
        column = QVBoxLayout(results)
        column.setContentsMargins(16, 0, 16, 8)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.addWidget(self.badge)
        head.addStretch()
        head.addWidget(self.look)
        column.addLayout(head)
        column.addLayout(panes, 1)
        column.addWidget(self.transport)
        column.addWidget(self.gauge)
        column.addWidget(below)
        scroll = QScrollArea()  # a small window with arms of its own has no room for all of it
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidgetResizable(True)
        scroll.setWidget(results)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(scroll)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(top)
        whole.addWidget(self._stack, 1)

    # ------------------------------------------------------------------ state

    @property
    def running(self) -> bool:
        """Whether a comparison runs."""
        return self._running

    @property
    def request(self) -> CompareRequest | None:
        """The comparison that is shown."""
        return self._request

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {events.CompareArm: self.on_arm, events.CompareDone: self.on_done}

    def on_model_changed(self) -> None:
        """Another model is loaded, or none."""
        available = self._state.ready is not None
        self.own = self._state.choice() if available else None
        reason = "" if available else why_none(self._state)
        self.setup.prompt.set_available(
            available, self.tr("One prompt for both configurations") if available else reason
        )
        self.empty.set_available(available, reason)
        self._say_note()

    # ------------------------------------------------------------------ what the person does

    def run(self) -> None:
        """Run both arms."""
        if self._running or self.own is None:
            return
        refused = "prompt_empty" if self.setup.is_empty() else self._state.refusal("compare_reply_running")
        if refused:
            self.error.show_failure(events.Failed(refused))
            return
        self.error.hide()
        request = self._request = self.setup.request(self.own)
        self.records = (ArmRecord(ready=self._state.ready), ArmRecord(ready=self._state.ready))
        self._gap, self._stopping, self._noise = None, False, QUIET
        self.clock.set_duration(0.0)
        for index, (pane, record) in enumerate(zip(self.panes, self.records)):
            pane.begin(record, verbatim=request.grammar is not None)
            pane.text.set_mark(None)
            pane.set_title(self.setup.describe(index, request.arms[index]))
        self.plots.begin(self.records, sides(request.arms))
        self.badge.show_agreement(Agreement("nothing", 0))
        self.table.show_records(self.records)
        self.gauge.show_records(self.records, request.arms)
        self.transport.setEnabled(False)
        self._stack.setCurrentIndex(1)
        self._set_running(True)
        self.compare_requested.emit(request)

    def race(self, request: GenerateRequest) -> None:
        """Write this reply of the chat again, as it was asked for and plainly, and replay the two."""
        if self._running:
            return
        self.setup.take(request)
        self.run()
        self._racing = self._running

    def stop(self) -> None:
        """Stop; what was written stays."""
        if self._running and not self._stopping:
            self._stopping = True
            self.setup.prompt.button.setEnabled(False)  # until the engine confirms, at most one round
            self.cancel_requested.emit()

    def on_suggestion_picked(self, text: str) -> None:
        """Put a suggested prompt into the field."""
        self.setup.prompt.retype(text)

    def on_arms_changed(self) -> None:
        """Other arms are chosen: the panes are called by them until there is something to show."""
        self._say_note()
        if self._request is None:
            for index, pane in enumerate(self.panes):
                pane.set_title(self.setup.describe(index))

    def on_look_picked(self, look: str) -> None:
        """Formatted, or as the model wrote it."""
        self.look.set_value(look)
        for pane in self.panes:
            pane.show_formatted(look == "formatted")

    def on_go_requested(self) -> None:
        """Show the first differing token in both panes; it is marked in the plain text."""
        self.on_look_picked("plain")
        self.clock.pause()
        for pane in self.panes:
            if not pane.text.mark_visible():
                self.clock.seek(self.clock.duration)
        for pane in self.panes:
            pane.text.go_to_mark()

    # ------------------------------------------------------------------ events

    def on_arm(self, event: events.CompareArm) -> None:
        """Something happened in an arm; it is shown with the next frame."""
        if self._request is None or event.request_id != self._request.request_id:
            return
        self.records[event.index].add(event.event)
        self.pace.ask()

    def on_done(self, event: events.CompareDone) -> None:
        """It is over, or was refused."""
        if self._request is None or event.request_id != self._request.request_id or not self._running:
            return
        self._gap, self._noise = event.logit_gap, Noise(event.drift, event.noisy)
        if event.failed is not None:
            self.error.show_failure(event.failed)
        self.pace.stop()
        self.flush()
        for pane, record in zip(self.panes, self.records):
            pane.not_run()
            pane.text.set_text(record.text)
        self._set_running(False)
        self.plots.draw()
        self.table.show_records(self.records)
        self.gauge.show_records(self.records, self._request.arms, self._noise)
        if not all(record.ids for record in self.records):
            self.badge.show_nothing_to_compare()
        duration = max(record.duration for record in self.records)
        self.transport.setEnabled(duration > 0)
        self.clock.set_duration(duration)
        if not any(record.seconds or record.failed for record in self.records):
            self._stack.setCurrentIndex(0)
        racing, self._racing = self._racing, False
        if racing and event.reason == "done":
            self.clock.play()

    def pulse(self) -> None:
        """A batch of events is through."""
        self.pace.pulse()

    def flush(self) -> None:
        """Show what has come; drawing takes a small share of the processor, which the arm that runs needs."""
        if self._request is None:
            return
        began = time.perf_counter()
        for pane in self.panes:
            pane.show_live()
        self.pace.interval = max(FRAME_MS, round(SHARE * 1000 * (time.perf_counter() - began)))
        found = self.agreement()
        self.badge.show_agreement(found)
        marked = found.verdict in ("differs", "other_sample")
        for pane, record in zip(self.panes, self.records):
            pane.text.set_mark(record.span(found.tokens) if marked else None)
        if not self._plotted.isActive():
            self._plotted.start()
            self.plots.draw()
            self.table.show_records(self.records)

    def agreement(self) -> Agreement:
        """What the replies have in common so far."""
        a, b = self.records
        assert self._request is not None
        own = self._request.own.target
        return agreement(a, b, self._request.arms, self._request.sampling, self._gap, own)

    def on_clock_moved(self, seconds: float) -> None:
        """Show both replies as they were then."""
        if self._running:
            return
        for pane in self.panes:
            pane.show_at(seconds)
        self.plots.show_at(seconds)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._running:
            self.stop()
        else:
            super().keyPressEvent(event)

    def _say_note(self) -> None:
        self.setup.say(arms.note(self.setup.arms(), self.own))

    def _set_running(self, running: bool) -> None:
        self._running = running
        self.setup.set_running(running)
        if not running:
            self.setup.prompt.set_available(self.own is not None, self.setup.prompt.editor.placeholderText())
        if running and self._request is not None:
            self._state.begin("compare", arms.models_of(self._request, self._state.items))
        else:
            self._state.end("compare")
