"""The models on this computer: load one, let one draft, add and delete."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.open_dialogs import ask_file, ask_folder
from helix_app.gui.library.in_use import use_of
from helix_app.gui.library.rows import SIDE, WIDEST, ModelRow, RowList
from helix_app.gui.library.wording import library_facts, problem_text, use_text
from helix_app.gui.look.theme import Theme
from helix_app.gui.state import State
from helix_app.protocol.library import LibraryItem


class Shelf(QWidget):
    """The library, and what brings models into it.

    Attributes:
        list: its rows.

    Signals:
        added: paths of files and folders.
        look_requested: look again.
    """

    added = Signal(tuple)
    look_requested = Signal()

    def __init__(self, theme: Theme, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = ShelfRows(theme, state)
        self.add_file = ThemedButton(theme, self.tr("Add a file…"), symbol="file")
        self.add_folder = ThemedButton(theme, self.tr("Add a folder…"), symbol="folder")
        self.look = ThemedButton(theme, self.tr("Look again"), symbol="refresh", kind="ghost")
        self.add_file.clicked.connect(lambda: self._add(ask_file(self)))
        self.add_folder.clicked.connect(lambda: self._add(ask_folder(self)))
        self.look.clicked.connect(self.look_requested)
        bar = QWidget()
        bar.setMaximumWidth(WIDEST)
        row = QHBoxLayout(bar)
        row.setContentsMargins(SIDE, 0, SIDE, 0)
        row.setSpacing(8)
        for button in (self.add_file, self.add_folder, self.look):
            row.addWidget(button)
        row.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(bar)
        column.addWidget(self.list, 1)

    def _add(self, path: str) -> None:
        if path:
            self.added.emit((path,))


class ShelfRows(RowList):
    """The models of the library.

    Signals:
        picked: a setting (``target`` or ``draft``) and the model for it.
        removed: a LibraryItem.
    """

    picked = Signal(str, str)
    removed = Signal(object)

    def __init__(self, theme: Theme, state: State, parent: QWidget | None = None) -> None:
        super().__init__(theme, "", parent)
        self.setAccessibleName(self.tr("Models on this computer"))
        self._state = state
        self._items: tuple[LibraryItem, ...] | None = None
        state.model_changed.connect(self.refresh)
        state.occupied_changed.connect(self.refresh)  # a comparison needs models that are not loaded
        state.catalog_changed.connect(self.refresh)  # it names drafts

    def show_items(self, items: tuple[LibraryItem, ...]) -> None:
        """These are the models on this computer."""
        if items != self._items:
            self._items = items
            self.refresh()

    def make_rows(self) -> list[QWidget]:
        """The library as it is known."""
        if self._items is None:
            return [self.note(self.tr("Looking for models on this computer…"))]
        if self._items:
            return [self._row(item) for item in self._items]
        text = self.tr(
            "There is no model on this computer yet. Take one that Helix suggests, search the hub, or drop a GGUF file "
            "here."
        )
        return [self.note(text)]

    def _loaded(self, item: LibraryItem) -> str:
        """What a model is just now: ``target`` or ``draft``; empty for neither."""
        s = self._state.settings
        if self._state.ready is None:
            return ""
        if s.target in (item.id, item.path):
            return "target"
        return "draft" if s.draft in (item.id, item.path) else ""

    def _row(self, item: LibraryItem) -> ModelRow:
        row = ModelRow(self._theme)
        loaded = self._loaded(item)
        row.show_words(item.name, library_facts(item), problem_text(item), tone="danger", tip=item.path)
        if item.problem is None:
            if not item.head:
                words = self.tr("Loaded") if loaded == "target" else self.tr("Load")
                load = row.add_button(words, self.tr("Load {model}").format(model=item.name))
                load.setEnabled(loaded != "target")
                load.clicked.connect(lambda: self.picked.emit("target", item.id))
            words = self.tr("Drafting") if loaded == "draft" else self.tr("Use as draft")
            draft = row.add_button(words, self.tr("Use {model} as draft").format(model=item.name), kind="ghost")
            draft.setEnabled(not loaded)
            draft.clicked.connect(lambda: self.picked.emit("draft", item.id))
        if item.removal:
            name = self.tr("Delete {model}") if item.removal == "delete" else self.tr("Take {model} off the list")
            symbol = "trash" if item.removal == "delete" else "close"
            gone = row.add_button("", name.format(model=item.name), symbol=symbol, kind="icon")
            use = use_of(item, self._state)
            gone.setEnabled(not use)
            if use:
                gone.setToolTip(use_text(use, item.name))
                gone.setAccessibleDescription(use_text(use, item.name))
            gone.clicked.connect(lambda: self.removed.emit(item))
        return row
