"""The order in which Tab goes: as a window is read, whatever was made first in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QWidget


def chain(window: QWidget) -> list[QWidget]:
    """What Tab stops at in a window, in the order in which it was made."""
    shown = (widget for widget in _chain(window) if widget.isVisible() and widget.isEnabled())
    return [widget for widget in shown if widget.window() is window]


def join(part: QWidget, around: QWidget) -> None:
    """Let Tab go through a part that was made late right after all else that is in the widget ``around`` it."""
    stops = [widget for widget in _chain(around.window()) if around.isAncestorOf(widget)]
    inner = [widget for widget in stops if part.isAncestorOf(widget)]
    others = [widget for widget in stops if not part.isAncestorOf(widget)]
    for first, second in itertools.pairwise((*others[-1:], *inner)):
        QWidget.setTabOrder(first, second)


def _chain(window: QWidget) -> Iterator[QWidget]:
    """What Tab would stop at if all were shown and could be used."""
    widget = window.nextInFocusChain()
    while widget is not None and widget is not window:
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None:
            yield widget
        widget = widget.nextInFocusChain()


def as_read(controls: Sequence[QWidget], parts: Sequence[QWidget], before: QWidget) -> list[QWidget]:
    """Controls with those in ``parts`` in the order of these, right before the control ``before``."""
    within = [
        (number, control) for control in controls for number, part in enumerate(parts) if part.isAncestorOf(control)
    ]
    inner = [control for _, control in sorted(within, key=lambda entry: entry[0])]
    rest = [control for control in controls if control not in inner]
    at = rest.index(before) if before in rest else len(rest)
    return rest[:at] + inner + rest[at:]


def step(order: Sequence[QWidget], now: QWidget | None, forward: bool, area: QScrollArea) -> bool:
    """Give the focus to the control after or before ``now``, in sight where it is in ``area``. False without any."""
    if not order:
        return False
    holder = next((control for control in order if control is now or control.focusProxy() is now), None)
    if holder is None and now is not None:  # inside a control, as the field of a box for numbers
        holder = next((control for control in order if control.isAncestorOf(now)), None)
    if holder is None:
        place = 0 if forward else -1
    else:
        place = (list(order).index(holder) + (1 if forward else -1)) % len(order)
    target = order[place]
    target.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
    if area.isAncestorOf(target):
        area.ensureWidgetVisible(target)
    return True


def takes_text(widget: QWidget | None) -> bool:
    """Whether a person can write into a widget now."""
    return widget is not None and widget.isVisible() and widget.isEnabled() and widget.property("readOnly") is False
