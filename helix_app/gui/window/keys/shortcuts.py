"""The keys of commands: which they have by default, which a person gave them, and what tells of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from helix_app.gui.kit.keys import spelled

Keys = tuple[QKeySequence, ...]

# of text fields, lists and dialogs, which have them whatever commands there are
TAKEN = ("Ctrl+A", "Ctrl+C", "Ctrl+V", "Ctrl+X", "Ctrl+Z", "Ctrl+Backspace", "Ctrl+Return", "Alt+F4")


def tr(text: str) -> str:
    """Translate in the context of shortcuts."""
    return QCoreApplication.translate("shortcuts", text)


@dataclass(frozen=True)
class Command:
    """A command that can have keys.

    Attributes:
        id: what settings call it.
        group: the menu it is in.
        default: the keys it has unless a person gave it others.
    """

    id: str
    group: str
    action: QAction
    default: Keys

    @property
    def name(self) -> str:
        """What it does, without the mark of its letter."""
        return plain(self.action.text())


def plain(text: str) -> str:
    """The text of an action without the marks of its letter."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&").rstrip("…")


def words(keys: Iterable[QKeySequence]) -> str:
    """Keys as this computer calls them; empty for none."""
    return tr(" or ").join(spelled(key) for key in keys)


class Shortcuts(QObject):
    """All commands that can have keys, and the keys they have now.

    Signals:
        changed: some keys are others now.
        edited: a person changed keys: what is to be kept, by the command's id.
    """

    changed = Signal()
    edited = Signal(dict)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._commands: dict[str, Command] = {}

    def add(self, name: str, group: str, action: QAction) -> None:
        """Take a command in at the end, with the keys that its action has as default ones."""
        self._commands.pop(name, None)
        self._commands[name] = Command(name, group, action, tuple(action.shortcuts()))

    def commands(self) -> tuple[Command, ...]:
        """All of them, in the order of the menus."""
        return tuple(self._commands.values())

    def command(self, name: str) -> Command:
        """The command of an id. Raises KeyError for one that does not exist."""
        return self._commands[name]

    def keys(self, name: str) -> Keys:
        """The keys that a command has now."""
        return tuple(self._commands[name].action.shortcuts())

    def load(self, kept: Mapping[str, str]) -> None:
        """Give commands the keys that settings keep; an unknown command, or keys that cannot be, change nothing."""
        for command in self.commands():
            keys = _read(kept[command.id]) if command.id in kept else command.default
            command.action.setShortcuts(list(command.default if keys is None else keys))
        self.changed.emit()

    def kept(self) -> dict[str, str]:
        """What settings keep: the keys that are not the default ones."""
        return {
            command.id: ", ".join(key.toString() for key in self.keys(command.id))
            for command in self.commands()
            if self.keys(command.id) != command.default
        }

    def owner(self, key: QKeySequence, but: str = "") -> Command | None:
        """The command that has these keys now, other than one."""
        found = (c for c in self.commands() if c.id != but and key in self.keys(c.id))
        return next(found, None)

    def set(self, name: str, key: QKeySequence | None) -> None:
        """Give a command these keys alone, or none; another command that had them has them no more."""
        if key is not None and (other := self.owner(key, name)) is not None:
            other.action.setShortcuts([had for had in self.keys(other.id) if had != key])
        self._commands[name].action.setShortcuts([key] if key is not None else [])
        self._tell()

    def reset(self, name: str) -> None:
        """Give a command its default keys; another command that has them keeps none of them."""
        command = self._commands[name]
        for key in command.default:
            if (other := self.owner(key, name)) is not None:
                other.action.setShortcuts([had for had in self.keys(other.id) if had != key])
        command.action.setShortcuts(list(command.default))
        self._tell()

    def reset_all(self) -> None:
        """Give every command its default keys."""
        for command in self.commands():
            command.action.setShortcuts(list(command.default))
        self._tell()

    def tell(self, widget: QWidget, name: str, when: Callable[[], bool] = lambda: True) -> None:
        """Let the tooltip of a widget end with the keys of a command, whatever it says besides, ``when`` it does so."""
        _Told(self, widget, name, when)

    def _tell(self) -> None:
        self.changed.emit()
        self.edited.emit(self.kept())


def refusal(key: QKeySequence) -> str:
    """Why keys cannot be those of a command; empty where they can."""
    text = key.toString()
    last = text.rpartition("+")[2] or "+"
    if text in TAKEN:
        return tr("{keys} belongs to text fields. Press others.").format(keys=words((key,)))
    modified = any(text.startswith(f"{modifier}+") for modifier in ("Ctrl", "Alt", "Meta"))
    if modified or (last.startswith("F") and last[1:].isdigit()):
        return ""
    return tr("{keys} is for writing. Press it with Ctrl or Alt.").format(keys=words((key,)))


def _read(text: str) -> Keys | None:
    """Keys as settings keep them; None for what is none."""
    parts = QKeySequence.listFromString(text.replace(", ", "; ")) if text else []
    return None if any(not part.toString() for part in parts) else tuple(parts)


class _Told(QObject):
    """Puts the keys of a command behind the first line of a tooltip, and does so again when either changes."""

    def __init__(self, shortcuts: Shortcuts, widget: QWidget, name: str, when: Callable[[], bool]) -> None:
        super().__init__(widget)
        self._shortcuts, self._widget, self._name, self._when = shortcuts, widget, name, when
        self._said = widget.toolTip()
        self._writing = False
        widget.installEventFilter(self)
        shortcuts.changed.connect(self.write)
        self.write()

    def write(self) -> None:
        """Say what the widget says, with the keys."""
        first, rest, more = self._said.partition("\n")
        keys = words(self._shortcuts.keys(self._name)[:1]) if self._when() else ""
        self._writing = True
        self._widget.setToolTip(f"{first} ({keys}){rest}{more}" if keys and first else self._said)
        self._writing = False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTipChange and not self._writing:
            self._said = self._widget.toolTip()
            self.write()
        return super().eventFilter(watched, event)
