"""Sets of choices under names: picked, saved, renamed, deleted, and as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QLabel, QLineEdit, QMenu, QWidget

from helix_app.base import texts
from helix_app.gui.chats.prompting import Prompting, from_text, presets_from_text, presets_to_text, to_text
from helix_app.gui.kit.controls.buttons import Choice, Picker, ThemedButton
from helix_app.gui.kit.open_dialogs import ask_open, ask_save
from helix_app.gui.look.theme import Theme
from helix_app.gui.state import State

LONGEST_NAME = 60


class Presets(QWidget):
    """A picker of presets, and a menu of what can be done with them.

    Attributes:
        picker: the presets; what it shows was picked or saved last.
        said: what went wrong with a file, or came of it.

    Signals:
        picked: a Prompting.
    """

    picked = Signal(object)

    def __init__(
        self, theme: Theme, state: State, present: Callable[[], Prompting], parent: QWidget | None = None
    ) -> None:
        """
        Args:
            present: what would be saved now.
        """
        super().__init__(parent)
        self._state, self._present = state, present
        self.picker = Picker(theme, self.tr("Preset"), self.tr("Preset"), least=200)
        self.picker.picked.connect(self.pick)
        self.more = ThemedButton(theme, symbol="more", kind="smallicon", name=self.tr("More about presets"))
        self.more.clicked.connect(self._on_more_clicked)
        self.said = QLabel()
        self.said.setProperty("tone", "muted")
        self.said.setFont(theme.fonts.small)
        self.said.setWordWrap(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.picker)
        row.addWidget(self.more)
        row.addWidget(self.said, 1)
        self._fill("")

    def _fill(self, chosen: str) -> None:
        names = sorted(self._state.settings.presets, key=str.casefold)
        none = Choice("", self.tr("none"), enabled=False)
        self.picker.set_choices([Choice(name, name) for name in names] or [none])
        self.picker.set_value(chosen, chosen or self.tr("none"))

    def pick(self, name: str) -> None:
        """Show what is kept under a name."""
        text = self._state.settings.presets.get(name)
        if text is not None:
            self._fill(name)
            self.picked.emit(from_text(text))

    # ------------------------------------------------------------------ the menu

    def _on_more_clicked(self) -> None:
        menu, name = QMenu(self), self.picker.value
        menu.addAction(self.tr("Save as…"), self.save_as)
        for text, act in ((self.tr("Rename…"), self.rename), (self.tr("Delete"), self.delete)):
            menu.addAction(text, act).setEnabled(bool(name))
        menu.addSeparator()
        menu.addAction(self.tr("Import…"), self.import_)
        menu.addAction(self.tr("Export all…"), self.export).setEnabled(bool(self._state.settings.presets))
        menu.popup(self.more.mapToGlobal(QPoint(0, self.more.height())))

    def save_as(self) -> None:
        """Keep the present choices under a name; one that is there is replaced."""
        name = self._ask(self.picker.value)
        if name:
            self._keep({**self._state.settings.presets, name: to_text(self._present())}, name)

    def rename(self) -> None:
        """Give the preset that is shown another name."""
        before = self.picker.value
        name = self._ask(before)
        if name and name != before:
            presets = dict(self._state.settings.presets)
            presets[name] = presets.pop(before)
            self._keep(presets, name)

    def delete(self) -> None:
        """Forget the preset that is shown; the choices stay as they are."""
        gone = self.picker.value
        self._keep({name: text for name, text in self._state.settings.presets.items() if name != gone}, "")

    def import_(self) -> None:
        """Take in the presets of a file; those of the same name are replaced."""
        chosen = ask_open(self, self.tr("Import presets"), self.tr("Presets (*.json);;All files (*)"))
        if not chosen:
            return
        try:
            found = presets_from_text(texts.decode(Path(chosen).read_bytes())[0])
        except (OSError, ValueError) as error:
            name = Path(chosen).name
            self.said.setText(self.tr("{file} cannot be read: {why}.").format(file=name, why=texts.why(error)))
            return
        self._keep({**self._state.settings.presets, **found}, "")
        self.said.setText(self.tr("Imported: {n}").format(n=len(found)))

    def export(self) -> None:
        """Write all presets to a file."""
        chosen, _kind = ask_save(self, self.tr("Export presets"), "presets.json", self.tr("Presets (*.json)"))
        if not chosen:
            return
        try:
            Path(chosen).write_text(presets_to_text(self._state.settings.presets), encoding="utf-8")
        except OSError as error:
            self.said.setText(self.tr("Not written: {why}.").format(why=texts.why(error)))
        else:
            self.said.setText(self.tr("Written to {file}").format(file=Path(chosen).name))

    def _keep(self, presets: dict[str, str], chosen: str) -> None:
        self._state.change(presets=presets)
        self.said.setText("")
        self._fill(chosen)

    def _ask(self, before: str) -> str:
        title, label = self.tr("Preset"), self.tr("Name of the preset")
        name, agreed = QInputDialog.getText(self, title, label, QLineEdit.EchoMode.Normal, before)
        return " ".join(name.split())[:LONGEST_NAME] if agreed else ""
