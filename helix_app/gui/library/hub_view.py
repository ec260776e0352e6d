"""A search of the hub: its repositories, and the files of each."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.gui.kit.controls.buttons import CheckBox, ThemedButton
from helix_app.gui.kit.controls.notices import ErrorBox
from helix_app.gui.library.rows import SIDE, WIDEST, ModelRow, RowList
from helix_app.gui.library.wording import file_facts, found_facts, refusal_text
from helix_app.gui.look.theme import CONTROL, Theme
from helix_app.gui.state import State
from helix_app.protocol.library import (
    FetchFile,
    FilesListed,
    FoundFile,
    FoundModel,
    HubSearched,
    KeepToken,
    LibraryChanged,
    ListFiles,
    SearchHub,
    TokenFound,
    TokenPlace,
)


class Found(RowList):
    """What was found.

    Signals:
        asked: a request of ``protocol/library.py``.
    """

    asked = Signal(object)

    def __init__(self, theme: Theme, coming: Callable[[str, str], bool], parent: QWidget | None = None) -> None:
        super().__init__(theme, "", parent)
        self.setAccessibleName(self.tr("Models of the hub"))
        self._coming = coming
        self.query = ""
        self.models: tuple[FoundModel, ...] | None = ()
        self.open: dict[
            str, FilesListed | None
        ] = {}  # repositories whose files are shown; None while they are asked for

    def make_rows(self) -> list[QWidget]:
        """Repositories, and files under those that are open."""
        if self.models is None:
            return [self.note(self.tr("Searching…"))]
        if not self.models:
            text = self.tr("Nothing was found. Try fewer or other words.")
            if not self.query:
                text = self.tr(
                    "Search for a name such as Qwen3 8B. Only models with GGUF files are listed, those that most "
                    "people load first."
                )
            return [self.note(text)]
        rows: list[QWidget] = []
        for model in self.models:
            rows.append(self._row(model))
            if model.repo in self.open:
                rows += self._files(self.open[model.repo])
        return rows

    def _row(self, model: FoundModel) -> ModelRow:
        row = ModelRow(self._theme)
        row.show_words(model.repo, found_facts(model), refusal_text(model))
        if model.runs is not False:
            shown = model.repo in self.open
            words = self.tr("Hide files") if shown else self.tr("Show files")
            name = self.tr("Files of {model}").format(model=model.repo)
            symbol = "chevron-down" if shown else "chevron-right"
            files = row.add_button(words, name, symbol=symbol, kind="ghost")
            files.clicked.connect(lambda: self._turn(model.repo))
        return row

    def _files(self, listed: FilesListed | None) -> list[QWidget]:
        if listed is None:
            return [self._sentence(self.tr("Looking into it…"))]
        if listed.failed is not None:
            return [self._sentence(messages.error_text(listed.failed.code, listed.failed.fields))]
        return [self._file(file) for file in listed.files]

    def _sentence(self, text: str) -> ModelRow:
        row = ModelRow(self._theme, indent=True)
        row.show_words("", "", text)
        row.name.hide()
        row.facts.hide()
        return row

    def _file(self, file: FoundFile) -> ModelRow:
        row = ModelRow(self._theme, indent=True)
        row.show_words(file.quantisation or file.file, file_facts(file), tip=file.file)
        coming = self._coming(file.repo, file.file)
        words = self.tr("On this computer") if file.here else self.tr("Downloading…") if coming else self.tr("Download")
        name = self.tr("Download {model}").format(model=file.file)
        button = row.add_button(words, name, symbol="" if file.here or coming else "download")
        button.setEnabled(not file.here and not coming)
        button.clicked.connect(lambda: self.asked.emit(FetchFile(file.repo, file.file)))
        return row

    def _turn(self, repo: str) -> None:
        if repo in self.open:
            del self.open[repo]
        else:
            self.open[repo] = None
            self.asked.emit(ListFiles(repo))
        self.refresh()


class HubView(QWidget):
    """The search, what it found, and how the hub is reached.

    Attributes:
        field: what is searched for.
        offline: whether the network is left alone.
        token: where the access token is typed.
        found: the list.

    Signals:
        asked: a request of ``protocol/library.py``.
    """

    asked = Signal(object)

    def __init__(
        self, theme: Theme, state: State, coming: Callable[[str, str], bool], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._state = state
        self.field = QLineEdit()
        self.field.setPlaceholderText(self.tr("Name of a model"))
        self.field.setAccessibleName(self.tr("Search the hub"))
        self.field.setFixedHeight(CONTROL)
        self.search = ThemedButton(theme, self.tr("Search"), kind="primary", name=self.tr("Search the hub"))
        self.offline = CheckBox(theme, self.tr("Offline"))
        self.offline.setToolTip(self.tr("Nothing is searched for and nothing is downloaded"))
        self.where = QLabel()
        self.where.setProperty("tone", "muted")
        self.where.setFont(theme.fonts.small)
        self.token = QLineEdit()
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.token.setFixedSize(220, CONTROL)
        self.token.setPlaceholderText(self.tr("Access token"))
        self.token.setAccessibleName(self.tr("Access token of the hub"))
        self.token.setToolTip(self.tr("For models whose owner has to be asked; kept in the system's keyring"))
        self.keep = ThemedButton(theme, self.tr("Keep"), kind="ghost", name=self.tr("Keep the access token"))
        self.error = ErrorBox(theme)
        self.error.hide()
        self.found = Found(theme, coming)
        self._lay_out()
        self.search.clicked.connect(self.on_search)
        self.field.returnPressed.connect(self.on_search)
        self.keep.clicked.connect(self.on_keep)
        self.token.returnPressed.connect(self.on_keep)
        self.token.textChanged.connect(lambda *_: self._show_keep())
        self.offline.toggled.connect(self.on_offline)
        self.found.asked.connect(self.asked)
        self.error.dismissed.connect(self.error.hide)
        state.settings_changed.connect(self._fill)
        self._reached = "", ""  # the hub's address, and what keeps Helix off it
        self._token_place: TokenPlace | None = None  # nobody has looked yet
        self._fill()
        self._show_keep()

    def _lay_out(self) -> None:
        top = QWidget()
        top.setMaximumWidth(WIDEST)
        rows = QVBoxLayout(top)
        rows.setContentsMargins(SIDE, 0, SIDE, 0)
        rows.setSpacing(8)
        for widgets in ((self.field, self.search), (self.where, self.offline, self.token, self.keep)):
            row = QHBoxLayout()
            row.setSpacing(8)
            for i, widget in enumerate(widgets):
                row.addWidget(widget, 1 if i == 0 else 0)
            rows.addLayout(row)
        rows.addWidget(self.error)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(top)
        column.addWidget(self.found, 1)

    # ------------------------------------------------------------------ what the person does

    def on_search(self) -> None:
        """Look for what is typed."""
        query = self.field.text().strip()
        if not query:
            return
        self.error.hide()
        self.found.query, self.found.models = query, None
        self.found.open.clear()
        self.found.refresh()
        self.asked.emit(SearchHub(query))

    def on_keep(self) -> None:
        """Keep the token, or delete the one that is kept."""
        self.asked.emit(KeepToken(self.token.text().strip()))
        self.token.clear()

    def on_offline(self, checked: bool) -> None:
        """Leave the network alone, or not."""
        if checked != self._state.settings.offline:
            self._state.change(offline=checked)

    # ------------------------------------------------------------------ news

    def show_access(self, news: LibraryChanged) -> None:
        """How the hub is reached."""
        self._reached = news.endpoint, news.offline
        self._show_where()

    def on_token_found(self, news: TokenFound) -> None:
        """Where the access token is."""
        self._token_place = news.place
        self._show_where()
        self._show_keep()

    def on_searched(self, news: HubSearched) -> None:
        """What was found, unless something else is searched for by now."""
        if news.query != self.found.query:
            return
        self.found.models = news.models
        if news.failed is not None:
            self.found.query = ""  # nothing was looked for
            self.error.show_failure(news.failed)
        self.found.refresh()

    def on_listed(self, news: FilesListed) -> None:
        """The files of a repository."""
        if news.repo in self.found.open:
            self.found.open[news.repo] = news
            self.found.refresh()

    def ask_again(self) -> None:
        """Some files may be here now."""
        for repo, listed in self.found.open.items():
            if listed is not None and listed.failed is None:
                self.asked.emit(ListFiles(repo))

    # ------------------------------------------------------------------ inside

    def _fill(self) -> None:
        self.offline.setChecked(self._state.settings.offline)

    def _show_where(self) -> None:
        endpoint, offline_by = self._reached
        host = (endpoint.partition("://")[2] or endpoint).rpartition("@")[2]  # without a password
        offline = self.tr("offline by {origin}").format(origin=offline_by) if offline_by == "HF_HUB_OFFLINE" else ""
        token = ""
        if self._token_place is not None:
            token = {
                "keyring": self.tr("token in the keyring"),
                "environment": self.tr("token from HF_TOKEN"),
                "hub_login": self.tr("token of the hub's own login"),
            }.get(self._token_place, self.tr("no access token"))
        self.where.setText(" · ".join(part for part in (host, offline, token) if part))

    def _show_keep(self) -> None:
        typed = bool(self.token.text().strip())
        delete = self._token_place == "keyring" and not typed
        self.keep.setText(self.tr("Delete") if delete else self.tr("Keep"))
        name = self.tr("Delete the access token") if delete else self.tr("Keep the access token")
        self.keep.setAccessibleName(name)
        self.keep.setEnabled(typed or delete)
