"""A window as a screen reader is told of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QListView, QWidget

from helix_app.gui.kit.controls.buttons import Picker
from helix_app.gui.kit.tab_order import chain

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
ROLES = {QLineEdit: {Role.EditableText}, QListView: {Role.List}, Picker: {Role.Button, Role.ButtonMenu}}


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
    return _unnamed(nodes(window))


def _unnamed(found: Iterable[Node]) -> list[str]:
    return [str(node) for node in found if node.role in CONTROLS and not node.name and not _part(node)]


def check_controls(window: QWidget) -> None:
    """Every control has a name, and what Tab leads to can have the focus and is what it looks like."""
    tree = list(nodes(window))
    assert _unnamed(tree) == []
    found = {id(node.object): node for node in tree}
    stops = chain(window)
    assert stops
    for control in stops:
        node = found.get(id(control))
        if node is None:
            continue  # scrolled out of sight
        assert node.name, control
        assert node.focusable, control
        for kind, roles in ROLES.items():
            if isinstance(control, kind):
                assert node.role in roles, str(node)
        if isinstance(control, QAbstractButton) and control.isCheckable():
            assert node.role in (Role.CheckBox, Role.RadioButton, Role.Button, Role.ButtonMenu)


def _part(node: Node) -> bool:
    thing = node.object
    if thing is None:  # a cell, or a part that Qt draws: the arrows of a scroll bar
        return True
    around = thing.parent()
    whole = QAccessible.queryAccessibleInterface(around) if isinstance(around, QWidget) else None
    of_qt = thing.objectName().startswith("qt_")
    return of_qt and whole is not None and bool(whole.text(QAccessible.Text.Name) or whole.role() == Role.ScrollBar)
