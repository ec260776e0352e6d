"""The controls of the settings dialog, each made of what a setting declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_origin

from PySide6.QtWidgets import QDoubleSpinBox, QPlainTextEdit, QSpinBox, QWidget

from helix_app.base.language import say
from helix_app.base.setting import Setting
from helix_app.gui.kit.controls.buttons import CheckBox, Choice, Picker
from helix_app.gui.look.theme import CONTROL, Theme

FIELD_WIDTH = 144


@dataclass(frozen=True)
class Editor:
    """A control, what it says, and how it is told what to show."""

    widget: QWidget
    value: Callable[[], Any]
    show: Callable[[Any], None]


def editor_of(setting: Setting, theme: Theme) -> Editor:
    """A picker for what has options, a box to check or for a number, room for a text."""
    if setting.options:
        picker = Picker(theme, "", say(setting.text, "settings"), least=FIELD_WIDTH, term=setting.term)
        words = [(value, say(name, "settings"), say(more, "settings")) for value, name, more in setting.options]
        picker.set_choices([Choice(*option) for option in words])
        picker.picked.connect(lambda value: picker.set_value(value))
        return Editor(picker, lambda: picker.value, picker.set_value)
    if setting.kind is bool:
        check = CheckBox(theme, say(setting.special, "settings"))
        return Editor(check, check.isChecked, check.setChecked)
    if get_origin(setting.kind) is None:
        text = QPlainTextEdit()
        text.setTabChangesFocus(True)
        text.setMinimumHeight(160)
        text.setPlaceholderText(say(setting.special, "settings"))
        return Editor(text, lambda: text.toPlainText().strip(), text.setPlainText)
    box = number_box(theme, *setting.bounds, step=setting.step)
    box.setSpecialValueText(say(setting.special, "settings"))
    return Editor(box, box.value, box.setValue)


def number_box(theme: Theme, low: float, high: float, *, step: float = 1.0) -> QSpinBox | QDoubleSpinBox:
    """A box for whole numbers, or for others where a step is less than one."""
    box: QSpinBox | QDoubleSpinBox
    if step == 1:
        box = QSpinBox()
        box.setRange(int(low), int(high))
        box.setGroupSeparatorShown(True)
    else:
        box = QDoubleSpinBox()
        box.setRange(low, high)
        box.setSingleStep(step)
        box.setDecimals(2)
    box.setFixedHeight(CONTROL)
    box.lineEdit().setTextMargins(8, 0, 8, 0)
    box.setFont(theme.fonts.mono)
    return box
