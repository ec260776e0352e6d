"""The dialog in which a server and one of its models are chosen."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from helix_app.base.errors import InputError
from helix_app.base.remote import RemoteModel, base_url
from helix_app.gui.glossary import terms
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import Choice, Picker, ThemedButton
from helix_app.gui.kit.controls.notices import ErrorBox
from helix_app.gui.kit.dialog import Dialog
from helix_app.gui.look.theme import CONTROL, Theme
from helix_app.protocol.remote import RemoteAsked, RemoteFound

FIELD = 320
EXAMPLE = "http://127.0.0.1:8765"


class RemoteDialog(Dialog):
    """Asks for an address and a key, lists what the server offers, and takes one of its models.

    Attributes:
        address, key: of the server.
        look: asks it for its models.
        model: which of them.
        use: takes it.
        error: why the server cannot be used.

    Signals:
        asked: a RemoteAsked.
        chosen: the target that was picked.
    """

    asked = Signal(object)
    chosen = Signal(str)

    def __init__(self, theme: Theme, address: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._waits = ""  # the address that was asked about
        self._found: RemoteFound | None = None
        self.setWindowTitle(self.tr("Use the model of a server"))
        self.address = self._field(self.tr("Address"), EXAMPLE)
        self.address.setText(address)
        self.key = self._field(self.tr("Key"), self.tr("none needed"))
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.look = ThemedButton(theme, self.tr("Show its models"))
        self.model = Picker(theme, "", self.tr("Model of the server"), least=FIELD)
        self.note = QLabel()
        self.note.setProperty("tone", "muted")
        self.note.setFont(theme.fonts.small)
        self.note.setWordWrap(True)
        self.error = ErrorBox(theme)
        self.error.hide()
        self.cancel = ThemedButton(theme, self.tr("Cancel"))
        self.use = ThemedButton(theme, self.tr("Use this model"), kind="primary")
        for button in (self.look, self.cancel, self.use):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._lay_out()
        self.address.textChanged.connect(lambda *_: self._forget())
        self.key.textChanged.connect(lambda *_: self._refresh())
        self.look.clicked.connect(self.on_look)
        self.address.returnPressed.connect(self.on_look)
        self.key.returnPressed.connect(self.on_look)
        self.model.picked.connect(self.on_model_picked)
        self.cancel.clicked.connect(self.reject)
        self.use.clicked.connect(self.on_use)
        self.error.dismissed.connect(self.error.hide)
        self._refresh()
        self.resize(560, self.sizeHint().height())

    def _field(self, name: str, placeholder: str) -> QLineEdit:
        field = QLineEdit()
        field.setMinimumHeight(CONTROL)
        field.setFont(self._theme.fonts.mono)
        field.setPlaceholderText(placeholder)
        field.setAccessibleName(name)
        return field

    def _lay_out(self) -> None:
        lead = QLabel(
            self.tr(
                "Another Helix, or any server with OpenAI's API, writes the replies. What such a server does not tell, "
                "its rounds and its cache, is shown as unknown."
            )
        )
        lead.setWordWrap(True)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        rows = ((self.tr("Address"), self.address), (self.tr("Key"), self.key), (self.tr("Model"), self.model))
        for row, (text, field) in enumerate(rows):
            label = QLabel(text)
            label.setBuddy(field)
            terms.give(label, "remote_engine")
            grid.addWidget(label, row, 0)
            grid.addWidget(field, row, 1)
        grid.addWidget(self.look, 0, 2)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch()
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.use)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.setSpacing(12)
        column.addWidget(lead)
        column.addLayout(grid)
        column.addWidget(self.note)
        column.addWidget(self.error)
        column.addStretch()
        column.addLayout(buttons)

    # ------------------------------------------------------------------ what the person does

    def on_look(self) -> None:
        """Ask the server for its models."""
        try:
            self._waits = base_url(self.address.text())
        except InputError as error:
            self._waits = ""
            self.error.show_failure(error.as_event())
            return
        self.error.hide()
        self._found = None
        self._refresh()
        self.asked.emit(RemoteAsked(self._waits, self.key.text().strip() or None))

    def on_model_picked(self, value: str) -> None:
        """One of them."""
        self.model.set_value(value)
        self._refresh()

    def on_use(self) -> None:
        """Take it."""
        if self._found is not None and self.model.value:
            self.chosen.emit(RemoteModel(self._found.url, self.model.value).target)
            self.accept()

    # ------------------------------------------------------------------ news

    def on_found(self, news: RemoteFound) -> None:
        """What the server offers."""
        if news.url != self._waits:  # of an address that was changed meanwhile
            return
        self._waits = ""
        if news.failed is not None:
            self.error.show_failure(news.failed)
        else:
            self._found = news
            self.model.set_choices([Choice(item.id, item.id, _context(item.context_length)) for item in news.models])
            self.model.set_value(news.models[0].id if news.models else "")
        self._refresh()
        if self.use.isEnabled():
            self.use.setFocus()

    def _forget(self) -> None:
        self._found, self._waits = None, ""
        self._refresh()

    def _refresh(self) -> None:
        found = self._found
        self.look.setEnabled(bool(self.address.text().strip()) and not self._waits)
        if found is None:
            self.model.set_choices([])
            self.model.set_value("", self.tr("asking…") if self._waits else self.tr("show its models first"))
        self.model.setEnabled(found is not None)
        self.use.setEnabled(found is not None and bool(self.model.value))
        self.key.setPlaceholderText(self.tr("kept") if found is not None and found.keyed else self.tr("none needed"))
        if found is not None and not found.models:
            self.note.setText(self.tr("The server offers no model just now. Load one there, then look again."))
        else:
            self.note.setText(
                self.tr("A key is kept in the system's keyring, or else in a file that only you can read.")
            )


def _context(tokens: int | None) -> str:
    return "" if tokens is None else figures.count(tokens)
