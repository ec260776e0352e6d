"""All keys on a sheet: found by a few letters, and changed by pressing others."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QKeyCombination, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.controls.search_field import SearchField
from helix_app.gui.kit.dialog import Dialog
from helix_app.gui.look.theme import Theme
from helix_app.gui.window.keys.shortcuts import Command, Shortcuts, refusal, tr, words

ID = Qt.ItemDataRole.UserRole
_MODIFIERS = (Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr)


def fixed() -> tuple[tuple[str, str], ...]:
    """(what, keys) of what widgets do themselves: listed, and not to be changed."""

    def shown(*keys: str) -> str:
        return words(QKeySequence(key) for key in keys)

    return (
        (tr("Send the message, or take what is marked"), shown("Return")),
        (tr("Begin a new line"), shown("Shift+Return")),
        (tr("Save a reply that is being edited"), shown("Ctrl+Return")),
        (tr("Bring back the message before, in an empty field"), shown("Up")),
        (tr("Go to the next control, or the one before"), shown("Tab", "Shift+Tab")),
        (tr("Rename what is marked in the list"), shown("F2")),
        (tr("Delete what is marked in the list"), shown("Del")),
    )


class KeyButton(ThemedButton):
    """Takes the next keys that are pressed, once it was.

    Signals:
        pressed_keys: the keys.
        given_up: Escape was pressed, or the focus went.
    """

    pressed_keys = Signal(QKeySequence)
    given_up = Signal()
    listening = False  # of the class, for events come while a button is being made

    def __init__(self, theme: Theme, text: str) -> None:
        super().__init__(theme, text)
        self._usual = text
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.clicked.connect(self.listen)

    def listen(self) -> None:
        """Wait for keys."""
        self.listening = True
        self.setText(tr("Press the keys…"))
        self.setFocus()

    def _stop(self) -> None:
        self.listening = False
        self.setText(self._usual)

    def event(self, event: QEvent) -> bool:
        if self.listening and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # else the command that has these keys would run
            return True
        if self.listening and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            self._take(event)
            return True
        return super().event(event)

    def _take(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _MODIFIERS or key == Qt.Key.Key_unknown:
            return
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        self._stop()
        if key == Qt.Key.Key_Escape and modifiers == Qt.KeyboardModifier.NoModifier:
            self.given_up.emit()
        else:
            self.pressed_keys.emit(QKeySequence(QKeyCombination(modifiers, key)))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if self.listening:
            self._stop()
            self.given_up.emit()


class KeySheet(Dialog):
    """The commands with their keys, in the groups of the menus; a change counts at once.

    Attributes:
        search: what narrows the list.
        tree: the groups and their commands.
        change, remove, reset: for the command that is marked.
        take: gives it keys that another one has; shown with the sentence that names that one.
        note: what became of the last keys that were pressed.
    """

    def __init__(self, theme: Theme, shortcuts: Shortcuts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shortcuts = shortcuts
        self._wanted: QKeySequence | None = None
        self.setWindowTitle(tr("Keyboard shortcuts"))
        self.search = SearchField(tr("Search for a command or a key"), tr("Search the shortcuts"))
        self.tree = self._make_tree()
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setMinimumHeight(2 * self.note.fontMetrics().height() + 2)
        self.change = KeyButton(theme, tr("Change…"))
        self.take = ThemedButton(theme, tr("Take it from there"), kind="primary")
        self.remove = ThemedButton(theme, tr("Remove"))
        self.reset = ThemedButton(theme, tr("Reset"))
        self.reset_all = ThemedButton(theme, tr("Reset all"), kind="ghost")
        close = ThemedButton(theme, tr("Close"))
        buttons = (self.change, self.take, self.remove, self.reset, self.reset_all, close)
        row = QHBoxLayout()
        row.setSpacing(8)
        for button in buttons:
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            row.addWidget(button)
            if button is self.reset:
                row.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        column.addWidget(self.search)
        column.addWidget(self.tree, 1)
        column.addWidget(self.note)
        column.addLayout(row)
        self.resize(620, 560)
        self.search.textChanged.connect(self.fill)
        self.tree.currentItemChanged.connect(lambda *_: self._on_marked())
        self.tree.itemActivated.connect(lambda *_: self.change.listen() if self.change.isEnabled() else None)
        self.change.pressed_keys.connect(self.on_keys)
        self.change.given_up.connect(lambda: self.say(""))
        self.take.clicked.connect(self.on_take)
        self.remove.clicked.connect(lambda: self._shortcuts.set(self.marked(), None))
        self.reset.clicked.connect(lambda: self._shortcuts.reset(self.marked()))
        self.reset_all.clicked.connect(self._shortcuts.reset_all)
        close.clicked.connect(self.accept)
        shortcuts.changed.connect(self.fill)
        self.fill()

    def _make_tree(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setObjectName("keys")
        tree.setAccessibleName(tr("Shortcuts"))
        tree.setColumnCount(2)
        tree.setHeaderLabels([tr("Command"), tr("Keys")])
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setAllColumnsShowFocus(True)
        header = tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        return tree

    # ------------------------------------------------------------------ what is shown

    def fill(self) -> None:
        """Show what matches, under the headings of the menus; what was marked stays so."""
        before, wanted = self.marked(), self.search.text().casefold().split()
        self.tree.clear()
        groups: dict[str, list[tuple[str, str, str]]] = {}
        for command in self._shortcuts.commands():
            line = (command.id, command.name, words(self._shortcuts.keys(command.id)))
            groups.setdefault(command.group, []).append(line)
        groups[tr("Everywhere, not to be changed")] = [("", name, keys) for name, keys in fixed()]
        for group, lines in groups.items():
            kept = [line for line in lines if all(w in f"{group} {line[1]} {line[2]}".casefold() for w in wanted)]
            if kept:
                self._add_group(group, kept, before)
        self._on_marked()

    def _add_group(self, group: str, lines: list[tuple[str, str, str]], marked: str) -> None:
        heading = QTreeWidgetItem(self.tree, [group])
        heading.setFlags(Qt.ItemFlag.ItemIsEnabled)
        font = heading.font(0)
        font.setBold(True)
        heading.setFont(0, font)
        for name, text, keys in lines:
            item = QTreeWidgetItem(heading, [text, keys])
            item.setData(0, ID, name)
            item.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{text} {keys}".strip())
            if name and name == marked:
                self.tree.setCurrentItem(item)
        heading.setExpanded(True)

    def marked(self) -> str:
        """The id of the command that is marked; empty for none."""
        item = self.tree.currentItem()
        return str(item.data(0, ID) or "") if item is not None else ""

    def mark(self, name: str) -> None:
        """Mark a command."""
        for item in self.tree.findItems("*", Qt.MatchFlag.MatchWildcard | Qt.MatchFlag.MatchRecursive):
            if item.data(0, ID) == name:
                self.tree.setCurrentItem(item)

    def say(self, text: str, *, offer: bool = False) -> None:
        """Tell what became of keys, with the button that takes them from another command."""
        self.note.setText(text)
        self.take.setVisible(offer)
        if not offer:
            self._wanted = None

    def _on_marked(self) -> None:
        command = self._command()
        for button in (self.change, self.remove, self.reset):
            button.setEnabled(command is not None)
        if command is not None:
            keys = self._shortcuts.keys(command.id)
            self.remove.setEnabled(bool(keys))
            self.reset.setEnabled(keys != command.default)
        self.reset_all.setEnabled(bool(self._shortcuts.kept()))
        self.say("")

    def _command(self) -> Command | None:
        name = self.marked()
        return self._shortcuts.command(name) if name else None

    # ------------------------------------------------------------------ what a person does

    def on_keys(self, keys: QKeySequence) -> None:
        """Take keys for the command that is marked, where they are free; else say who has them."""
        command, why = self._command(), refusal(keys)
        if command is None:
            return
        if why:
            self.say(why)
            return
        owner = self._shortcuts.owner(keys, command.id)
        if owner is None:
            self._shortcuts.set(command.id, keys)
            return
        text = tr("{keys} is the key of “{command}”.").format(keys=words((keys,)), command=owner.name)
        self._wanted = keys
        self.say(text, offer=True)
        self.take.setFocus()

    def on_take(self) -> None:
        """Give the marked command the keys that another one has."""
        if self._wanted is not None and self.marked():
            self._shortcuts.set(self.marked(), self._wanted)
            self.tree.setFocus()


def open_sheet(theme: Theme, shortcuts: Shortcuts, window: QWidget) -> KeySheet:
    """Show the sheet over a window."""
    sheet = KeySheet(theme, shortcuts, window)
    sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    sheet.open()
    sheet.search.setFocus()
    return sheet
