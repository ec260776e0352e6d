"""The page of the local API: its address and key, whose replies are being written, and what was asked."""

from __future__ import annotations

import secrets

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import Choice, Picker, ThemedButton
from helix_app.gui.kit.controls.notices import ErrorBox
from helix_app.gui.look.theme import CONTROL, Theme
from helix_app.gui.routing import Handlers
from helix_app.gui.server.replies import ReplyList, time_text
from helix_app.gui.state import State
from helix_app.protocol.serving import (
    ServedReplies,
    ServedRequest,
    ServingBegun,
    ServingEnded,
    StartServing,
    StopServed,
    StopServing,
)

WIDEST = 860
SIDE = 24
FIELD, KEY = 80, 260
LINES = 500  # of the log
HERE, NETWORK = "127.0.0.1", "0.0.0.0"


class ServerPage(QWidget):
    """Starts and stops the local API, and shows what it does.

    Attributes:
        port, reach, key: how it is set up.
        toggle: begins and ends it.
        url: where it answers.
        replies: whose replies are written.
        log: the requests, the latest at the end.
        error: why it could not begin, or ended.

    Signals:
        asked: a ServingAsked.
    """

    asked = Signal(object)

    def __init__(self, theme: Theme, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme, self._state = theme, state
        self._url, self._waits, self._filling = "", False, False
        self.port = QSpinBox()
        self.port.setRange(0, 65_535)
        self.port.setGroupSeparatorShown(False)
        self.port.setFixedSize(FIELD, CONTROL)
        self.port.setFont(theme.fonts.mono)
        self.port.lineEdit().setTextMargins(8, 0, 8, 0)
        self.port.setAccessibleName(self.tr("Port"))
        self.port.setToolTip(self.tr("0 takes any port that is free"))
        self.reach = Picker(theme, self.tr("Reachable from"), self.tr("Who can reach it"), least=160, term="local_api")
        self.reach.set_choices(
            [
                Choice(HERE, self.tr("this computer only")),
                Choice(NETWORK, self.tr("my network"), self.tr("Needs a key")),
            ]
        )
        self.key = QLineEdit()
        self.key.setFixedWidth(KEY)
        self.key.setMinimumHeight(CONTROL)
        self.key.setFont(theme.fonts.mono)
        self.key.setPlaceholderText(self.tr("none needed"))
        self.key.setAccessibleName(self.tr("Key"))
        self.new_key = ThemedButton(theme, self.tr("New key"), kind="ghost", name=self.tr("Make a new key"))
        self.toggle = ThemedButton(
            theme, self.tr("Start"), symbol="play", kind="primary", name=self.tr("Start the API")
        )
        self.url = QLabel()
        self.url.setFont(theme.fonts.mono)
        self.url.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy = ThemedButton(theme, self.tr("Copy"), symbol="copy", kind="ghost", name=self.tr("Copy the address"))
        self.docs = ThemedButton(theme, self.tr("What it offers"), kind="link", name=self.tr("Open its documentation"))
        self.error = ErrorBox(theme)
        self.error.hide()
        self.replies = ReplyList(theme)
        self.stop = ThemedButton(theme, self.tr("Stop this reply"), symbol="stop", kind="ghost")
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(LINES)
        self.log.setFont(theme.fonts.mono_small)
        self.log.setAccessibleName(self.tr("Requests"))
        self.log.setPlaceholderText(self.tr("Requests are listed here."))
        self._lay_out()
        self._connect()
        self._fill()
        self._refresh()

    def _lay_out(self) -> None:
        form = QWidget()
        form.setMaximumWidth(WIDEST)
        column = QVBoxLayout(form)
        column.setContentsMargins(SIDE, 16, SIDE, 16)
        column.setSpacing(8)
        column.addWidget(self._label(self.tr("Let other programs use this model"), self._theme.fonts.title))
        lead = self._muted(
            self.tr(
                "Editors, agents and scripts that speak OpenAI's or Anthropic's API get their replies from the model "
                "that is loaded here. They are written beside your own, by the same engine and from the same cache."
            )
        )
        column.addWidget(lead)
        column.addSpacing(8)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(8)
        for row, (name, field, beside) in enumerate(
            ((self.tr("Port"), self.port, self.reach), (self.tr("Key"), self.key, self.new_key))
        ):
            label = self._muted(name, wrap=False)
            label.setBuddy(field)
            grid.addWidget(label, row, 0)
            grid.addLayout(self._row(field, beside), row, 1)
        column.addLayout(grid)
        column.addLayout(self._row(self.toggle, self.url, self.copy, self.docs))
        column.addWidget(self.error)
        column.addSpacing(8)
        head = QHBoxLayout()
        head.addWidget(self._label(self.tr("Replies"), self._theme.fonts.strong))
        head.addStretch()
        head.addWidget(self.stop)
        column.addLayout(head)
        column.addWidget(self.replies, 3)
        column.addWidget(self._label(self.tr("Requests"), self._theme.fonts.strong))
        column.addWidget(self.log, 2)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(form, 1)
        outer.addStretch(0)

    @staticmethod
    def _row(*widgets: QWidget) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        for widget in widgets:
            row.addWidget(widget)
        row.addStretch()
        return row

    def _label(self, text: str, font: object) -> QLabel:
        label = QLabel(text)
        label.setFont(font)  # type: ignore[arg-type]
        return label

    def _muted(self, text: str, *, wrap: bool = True) -> QLabel:
        label = QLabel(text)
        label.setProperty("tone", "muted")
        label.setWordWrap(wrap)
        return label

    def _connect(self) -> None:
        self.toggle.clicked.connect(self.on_toggled)
        self.new_key.clicked.connect(self.on_new_key)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(f"{self._url}/v1"))
        self.docs.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(f"{self._url}/docs")))
        self.stop.clicked.connect(self.on_stop)
        self.error.dismissed.connect(self.error.hide)
        self.error.acted.connect(self.on_next_port)
        self.reach.picked.connect(self.on_reach_picked)
        self.port.valueChanged.connect(lambda *_: self._keep())
        self.key.textEdited.connect(lambda *_: self._keep())
        self.replies.currentRowChanged.connect(lambda *_: self._refresh())
        self._state.model_changed.connect(self._refresh)
        self._state.settings_changed.connect(self._fill)

    def handlers(self) -> Handlers:
        """What is called with each kind of news."""
        return {
            ServingBegun: self.on_begun,
            ServingEnded: self.on_ended,
            ServedReplies: self.on_replies,
            ServedRequest: self.on_request,
        }

    @property
    def running(self) -> bool:
        """Whether requests are answered."""
        return bool(self._url)

    # ------------------------------------------------------------------ what the person does

    def on_toggled(self) -> None:
        """Begin, or end."""
        self._waits = True
        if self.running:
            self.asked.emit(StopServing())
        else:
            self.error.hide()
            self._keep()
            s = self._state.settings
            host = NETWORK if s.serve_network else HERE
            self.asked.emit(StartServing(host, s.serve_port, s.serve_key))
        self._refresh()

    def on_next_port(self) -> None:
        """The port is taken: try the one after it."""
        self.port.setValue(self._next_port())
        self.on_toggled()

    def on_reach_picked(self, value: str) -> None:
        """Let others reach it, who need a key."""
        self.reach.set_value(value)
        if value == NETWORK and not self.key.text().strip():
            self.on_new_key()
        self._keep()

    def on_new_key(self) -> None:
        """A key that nobody guesses."""
        self.key.setText(f"helix-{secrets.token_urlsafe(18)}")
        self._keep()

    def on_stop(self) -> None:
        """End the reply that is chosen."""
        chosen = self.replies.chosen()
        if chosen is not None:
            self.asked.emit(StopServed(chosen.request_id))

    # ------------------------------------------------------------------ news

    def on_begun(self, news: ServingBegun) -> None:
        """Requests are answered."""
        self._url, self._waits = news.url, False
        self._refresh()

    def on_ended(self, news: ServingEnded) -> None:
        """They no longer are."""
        self._url, self._waits = "", False
        if news.failed is not None:
            taken = news.failed.code == "server_port_taken"
            offer = self.tr("Use port {port}").format(port=self._next_port()) if taken else ""
            self.error.show_failure(news.failed, offer)
        self._refresh()

    def on_replies(self, news: ServedReplies) -> None:
        """How far replies are."""
        self.replies.show_replies(news.replies)
        self._refresh()

    def on_request(self, news: ServedRequest) -> None:
        """A request was answered."""
        spent = figures.seconds(news.seconds)
        self.log.appendPlainText(f"{time_text(news.at)}  {news.status or '–'}  {news.method} {news.path}  {spent}")

    # ------------------------------------------------------------------ inside

    def _next_port(self) -> int:
        return self.port.value() + 1 if self.port.value() < self.port.maximum() else 0

    def _fill(self) -> None:
        s, self._filling = self._state.settings, True
        self.port.setValue(s.serve_port)
        self.reach.set_value(NETWORK if s.serve_network else HERE)
        if self.key.text().strip() != s.serve_key:  # what is being typed keeps its cursor
            self.key.setText(s.serve_key)
        self._filling = False

    def _keep(self) -> None:
        if self._filling:
            return
        network, key = self.reach.value == NETWORK, self.key.text().strip()
        s = self._state.settings
        if (s.serve_port, s.serve_network, s.serve_key) != (self.port.value(), network, key):
            self._state.change(serve_port=self.port.value(), serve_network=network, serve_key=key)

    def _refresh(self) -> None:
        for widget in (self.port, self.reach, self.key, self.new_key):
            widget.setEnabled(not self.running and not self._waits)
        text = self.tr("Stop") if self.running else self.tr("Start")
        self.toggle.setText(text)
        self.toggle.setAccessibleName(self.tr("Stop the API") if self.running else self.tr("Start the API"))
        self.toggle.set_symbol("stop" if self.running else "play")
        self.toggle.setEnabled(not self._waits)
        shown = f"{self._url}/v1" if self.running else ""
        if not shown:
            shown = self.tr("Starting…") if self._waits else ""
        self.url.setText(shown)
        self.copy.setVisible(self.running)
        self.docs.setVisible(self.running)
        chosen = self.replies.chosen()
        self.stop.setEnabled(chosen is not None and chosen.state == "writing")
