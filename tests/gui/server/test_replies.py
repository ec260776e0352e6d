"""Lines of replies for other programs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from helix_app.gui.look.theme import Theme
from helix_app.gui.server.replies import ReplyList, figures_text, state_text
from tests.gui.server.test_page import DONE, WRITING

pytestmark = pytest.mark.styled


def test_what_a_line_says() -> None:
    assert figures_text(WRITING) == "12 tokens · 32 tok/s · 62 % accepted"
    assert figures_text(DONE) == "3 tokens"
    assert figures_text(replace(DONE, tokens=1)) == "1 token"
    states = [state_text(replace(DONE, state=state)) for state in ("writing", "done", "stopped", "failed")]  # type: ignore[arg-type]
    assert states == ["writing", "complete", "stopped", "failed"]


def test_each_line_is_read_aloud(qapp, theme: Theme) -> None:
    view = ReplyList(theme)
    view.show_replies((WRITING, replace(DONE, prompt="")))
    read = [view.item(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(2)]
    assert read[0].startswith("Why is the sky blue?, writing, 12 tokens")
    assert read[1] == "complete, 3 tokens"
    view.resize(400, 200)
    assert not view.grab().isNull()
