"""What a report of a fault says of the window: in English, for whoever is sent it."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from helix_app.base import messages
from helix_app.base.language import english, spoken
from helix_app.gui.help.diagnostics import Rows
from helix_app.gui.kit import figures
from helix_app.gui.live.dock import LiveDock
from helix_app.gui.state import State

_ENGINE = {"child": "in a process of its own", "thread": "on a thread of the window"}


def window_facts(window: QWidget, live: LiveDock, state: State) -> Rows:
    """What the window shows and what writes in it; none of it is translated."""
    code = spoken().code
    with english():
        return (
            ("Window", f"{_size(window)}, {_live(live)}, language {code}"),
            ("Model", _model(state)),
            ("Engine", _ENGINE[state.settings.engine_process]),
        )


def _size(window: QWidget) -> str:
    return f"{window.width()} x {window.height()} at {window.devicePixelRatioF() * 100:.0f} %"


def _live(live: LiveDock) -> str:
    if not live.isVisible():
        return "live panel closed"
    filled, plots, blocks = live.filled()
    text = "live panel with {n} of {all:plot|plots} and a map of {blocks:block|blocks}"
    return messages.fill(text, n=filled, all=plots, blocks=blocks)


def _model(state: State) -> str:
    ready = state.ready
    if ready is None:
        return "none is loaded"
    if ready.remote:
        return f"{ready.target_name} · remote, {ready.device_name}"
    parts = (ready.target_name, figures.device(ready.device), ready.dtype)
    return " · ".join((*parts, messages.fill("{n:token|tokens} of context", n=ready.context_length)))
