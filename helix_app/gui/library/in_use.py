"""Which models of the library are in use, and by what: their files have to stay."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Literal

from helix_app.base.settings import Settings
from helix_app.gui.state import State
from helix_app.protocol.library import LibraryItem

Use = Literal["", "loaded", "reply", "compare", "benchmark"]


def use_of(item: LibraryItem, state: State) -> Use:
    """What this model is in use by: a comparison or a benchmark that loads it, or what is loaded; empty for nothing."""
    for work, models in state.needed.items():
        if any(_is_of(name, item) for name in _with_paths(models, state)):
            return work
    return "loaded" if _loaded(item, state) else ""


def _loaded(item: LibraryItem, state: State) -> bool:
    """Whether this model is loaded, is being loaded, or comes back if that fails."""
    if state.ready is None and state.loading is None:
        return False
    if state.ready is not None and any(_is_of(f, item) for f in (state.ready.target_file, state.ready.draft_file)):
        return True
    return any(_is_of(name, item) for s in (state.settings, state.asked) for name in _named(s, state))


def _named(settings: Settings, state: State) -> list[str]:
    """Target and draft by all the names they are known by."""
    target = next((i for i in state.items if settings.target in (i.id, i.path)), None)
    draft = settings.draft
    if draft == "auto" and (state.ready is None or state.ready.draft == "model"):
        draft = "" if target is None else target.draft  # what the catalog names
    return _with_paths({settings.target, draft}, state)


def _with_paths(names: Collection[str], state: State) -> list[str]:
    return [*names, *(item.path for item in state.items if item.id in names)]


def _is_of(name: str, item: LibraryItem) -> bool:
    """Whether ``name``, an id or a path, is this model, or a file in its folder."""
    if not name:
        return False
    if name in (item.id, item.path):
        return True
    if not os.path.isabs(name):
        return False
    path, of = os.path.realpath(name), os.path.realpath(item.path)
    return path == of or path.startswith(os.path.join(of, ""))
