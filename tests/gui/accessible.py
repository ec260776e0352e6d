"""A window as a screen reader is told of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QWidget

Role = QAccessible.Role

CONTROLS = {  # what a person does something with
    Role.Button,
    Role.ButtonDropDown,
    Role.ButtonMenu,
    Role.CheckBox,
    Role.RadioButton,
    Role.ComboBox,
    Role.EditableText,
    Role.SpinBox,
    Role.Slider,
    Role.List,
    Role.Tree,
    Role.Table,
    Role.PageTab,
    Role.MenuItem,
    Role.Link,
}
DEEPEST = 40


@dataclass(frozen=True)
class Node:
    """One object of the tree.

    Attributes:
        names: its own name and those around it, the outermost first.
    """

    role: Role
    name: str
    kind: str
    names: tuple[str, ...]
    object: QObject | None
    focusable: bool

    def __str__(self) -> str:
        return f"{self.role.name} {self.kind} {self.name!r} in {' > '.join(self.names[:-1])}"


def nodes(window: QWidget) -> Iterator[Node]:
    """All that is visible, in the order in which it is read."""
    top = QAccessible.queryAccessibleInterface(window)
    if top is not None:
        yield from _walk(top, (), 0)


def _walk(found: QAccessibleInterface, around: tuple[str, ...], depth: int) -> Iterator[Node]:
    state = found.state()
    if not found.isValid() or state.invisible or depth > DEEPEST:
        return
    name = found.text(QAccessible.Text.Name)
    thing = found.object()
    kind = type(thing).__name__ if thing is not None else "-"
    names = (*around, name or kind)
    yield Node(found.role(), name, kind, names, thing, bool(state.focusable))
    for index in range(min(60, found.childCount())):
        child = found.child(index)
        if child is not None:
            yield from _walk(child, names, depth + 1)


def unnamed(window: QWidget) -> list[str]:
    """Controls without a name. Parts of a control, such as the field of a box for numbers, are named by the whole."""
    return [str(node) for node in nodes(window) if node.role in CONTROLS and not node.name and not _part(node)]


def _part(node: Node) -> bool:
    thing = node.object
    if thing is None:  # a cell, or a part that Qt draws: the arrows of a scroll bar
        return True
    around = thing.parent()
    whole = QAccessible.queryAccessibleInterface(around) if isinstance(around, QWidget) else None
    of_qt = thing.objectName().startswith("qt_")
    return of_qt and whole is not None and bool(whole.text(QAccessible.Text.Name) or whole.role() == Role.ScrollBar)
