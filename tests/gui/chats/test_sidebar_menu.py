"""The menu of several conversations."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QInputDialog

from helix_app.protocol.conversations.chats import ChangeChat
from tests.gui.chats.made_chats import entry
from tests.gui.chats.test_sidebar import Side, mark, side as side
from tests.gui.fake import record


def test_what_can_be_done_with_several(side: Side) -> None:
    side.list(entry("a", folder="Work"), entry("b"), entry("c"))
    exports = record(side.bar.export_requested)
    mark(side, "Chat a", "Chat c")
    actions = side.menu("Chat c")
    assert list(actions) == [
        "Pin 2 conversations",
        "Move 2 conversations to folder",
        "Export 2 conversations…",
        "Delete 2 conversations\tDel",
    ]
    for name in list(actions)[::2]:
        actions[name].trigger()  # type: ignore[attr-defined]
    move = actions["Move 2 conversations to folder"].menu()  # type: ignore[attr-defined]
    next(action for action in move.actions() if action.text() == "None").trigger()
    assert side.asked == [
        *(ChangeChat(name, pinned=True) for name in "ac"), *(ChangeChat(name, folder="") for name in "ac"),
    ]  # fmt: skip
    assert exports == [("a", "c")]
    assert "Delete\tDel" in side.menu("Chat b")  # which is not marked
    side.menu("Chat a")["Delete 2 conversations\tDel"].trigger()  # type: ignore[attr-defined]
    assert side.asked[-2:] == [ChangeChat("a", deleted=True), ChangeChat("c", deleted=True)]
    side.list(entry("a", pinned=True), entry("b", pinned=True))
    mark(side, "Chat a", "Chat b")
    assert "Unpin 2 conversations" in side.menu("Chat a")


def test_several_are_put_into_a_folder_that_is_there_or_a_new_one(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    side.list(entry("a", folder="Work & play"), entry("b"), entry("c"))
    mark(side, "Chat b", "Chat c")
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("  Big   plans ", True))
    move = side.menu("Chat b")["Move 2 conversations to folder"].menu()  # type: ignore[attr-defined]
    actions = {action.text(): action for action in move.actions() if not action.isSeparator()}
    assert list(actions) == ["Work && play", "New folder…"]  # none of them is in a folder to be taken out of
    for action in actions.values():
        action.trigger()
    assert side.asked == [ChangeChat(c, folder=f) for f in ("Work & play", "Big plans") for c in ("b", "c")]
