"""The catalog by the memory that its models need, each with its best draft."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from helix_app.base.language import say
from helix_app.gui.library.rows import ModelRow, RowList
from helix_app.gui.library.wording import catalogue_facts, class_text, draft_text
from helix_app.gui.look.theme import Theme
from helix_app.gui.models.suggestion import too_large
from helix_app.gui.state import State
from helix_app.protocol.requests import CatalogItem


class Catalogue(RowList):
    """The models that Helix suggests.

    Signals:
        picked: a setting (``target``) and the model for it.
        download_requested: fetch the model of this id.
    """

    picked = Signal(str, str)
    download_requested = Signal(str)

    def __init__(
        self, theme: Theme, state: State, coming: Callable[[str], bool], parent: QWidget | None = None
    ) -> None:
        """
        Args:
            coming: whether a model is being downloaded.
        """
        super().__init__(theme, "", parent)
        self.setAccessibleName(self.tr("Models that Helix suggests"))
        self._state, self._coming = state, coming
        state.catalog_changed.connect(self.refresh)
        state.model_changed.connect(self.refresh)
        state.machine_changed.connect(self.refresh)
        state.devices_changed.connect(self.refresh)

    def make_rows(self) -> list[QWidget]:
        """The catalog as it is."""
        items = [item for item in self._state.items if item.memory_gb]
        rows: list[QWidget] = []
        lead = self.tr(
            "Each class is the memory of a computer, or of its graphics card, that holds the weights, a conversation "
            "of 8,192 tokens and the draft."
        )
        rows.append(self.note(lead))
        for memory in sorted({item.memory_gb for item in items}):
            large = too_large(memory, self._state.memory)
            rows.append(self.heading(class_text(memory, too_large=large)))
            rows += [self._row(item) for item in items if item.memory_gb == memory]
        return rows

    def _row(self, item: CatalogItem) -> ModelRow:
        row = ModelRow(self._theme)
        items = self._state.items
        row.show_words(item.name, catalogue_facts(item), f"{say(item.summary, 'catalog')}\n{draft_text(item, items)}")
        draft = next((other for other in items if other.id == item.draft), None)
        if item.path and draft is not None and not draft.path:
            name = self.tr("Download {model}, the draft of {target}").format(model=draft.name, target=item.name)
            self._fetching(row, draft, self.tr("Download its draft"), name, self.tr("Its draft is coming…"))
        if item.path:
            loaded = self._state.ready is not None and self._state.settings.target in (item.id, item.path)
            words = self.tr("Loaded") if loaded else self.tr("Load")
            load = row.add_button(words, self.tr("Load {model}").format(model=item.name))
            load.setEnabled(not loaded)
            load.clicked.connect(lambda: self.picked.emit("target", item.id))
        else:
            name = self.tr("Download {model}").format(model=item.name)
            self._fetching(row, item, self.tr("Download"), name, self.tr("Downloading…"))
        return row

    def _fetching(self, row: ModelRow, item: CatalogItem, text: str, name: str, meanwhile: str) -> None:
        coming = self._coming(item.id)
        button = row.add_button(meanwhile if coming else text, name, symbol="" if coming else "download")
        button.setEnabled(not coming)
        button.clicked.connect(lambda: self.download_requested.emit(item.id))
