"""The text of a conversation under a person's hands: selection, links, copying, the caret."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest

from helix_app.gui.chat.text.code_block import CodeBlock
from tests.gui.driver import Driver


def test_selection_runs_over_blocks_and_is_copied(chat: Driver) -> None:
    chat.ask("question")
    chat.write("First *paragraph*.\n\n- item one\n\n```\ncode\n```\n")
    content = chat.window.chat.view.content
    content.select_all()
    content.copy()
    assert QGuiApplication.clipboard().text() == "question\n\nFirst paragraph.\n\n• item one\n\ncode"
    content.clear_selection()
    assert content.selected_text() == ""
    first = chat.reply.text_blocks()[0]
    start = first.mapTo(content, QPoint(0, 4))
    QTest.mousePress(content, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    QTest.mouseMove(content, start + QPoint(20, 0))
    QTest.mouseRelease(content, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    QTest.mouseDClick(content, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start + QPoint(4, 4))
    assert content.selected_text() == "First"


def test_links_open_in_the_browser_only_on_a_click(chat: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(QUrl(url).toString()))
    chat.ask("x")
    chat.write("[link](https://example.org/page)")
    assert opened == []
    block = chat.reply.text_blocks()[0]
    content = chat.window.chat.view.content
    QTest.mouseClick(
        content, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, block.mapTo(content, QPoint(6, 8))
    )
    assert opened == ["https://example.org/page"]


def test_copy_of_reply_and_code(chat: Driver) -> None:
    chat.ask("x")
    source = "Text\n\n```python\nprint(1)\n```"
    chat.finish(source)
    chat.reply.on_copy_clicked()
    assert QGuiApplication.clipboard().text() == source
    code = next(block for block in chat.reply.body.widgets() if isinstance(block, CodeBlock))
    code.copy()
    assert QGuiApplication.clipboard().text() == "print(1)"
    code.on_copy_reset()


def test_caret_only_while_streaming(chat: Driver) -> None:
    chat.ask("x")
    chat.write("one\n\ntwo")
    assert [block.has_caret() for block in chat.reply.text_blocks()] == [False, True]
    chat.finish("one\n\ntwo")
    assert not any(block.has_caret() for block in chat.reply.text_blocks())


def test_keys_typed_on_the_conversation_reach_the_composer(chat: Driver) -> None:
    chat.ask("x")
    content = chat.window.chat.view.content
    QTest.keyClicks(content, "h")
    assert chat.window.chat.composer.editor.toPlainText() == "h"


def test_suggestions_fill_the_composer(chat: Driver) -> None:
    chat.window.chat.empty.suggestion_picked.emit("A question")
    assert chat.window.chat.composer.text() == "A question"
    assert not chat.requests


def test_a_long_reply_costs_no_more_per_frame_at_its_end(chat: Driver) -> None:
    chat.ask("x")
    for _ in range(300):
        chat.write("Another paragraph with a few words in it.\n\n")
    blocks = chat.reply.text_blocks()
    assert len(blocks) == 300
    assert max(block.renders for block in blocks) <= 3
    total = sum(block.renders for block in blocks)
    chat.write("One more.")
    assert sum(block.renders for block in chat.reply.text_blocks()) - total <= 2
