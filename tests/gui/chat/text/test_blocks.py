"""The body of a reply: a widget a unit, of which only the last ones change."""

from __future__ import annotations

from itertools import pairwise

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.chat.text.blocks import ABOVE_HEADING, CODE_TIGHT, GAP, TIGHT, BlockStack, Rule
from helix_app.gui.chat.text.code_block import CodeBlock
from helix_app.gui.chat.text.markdown import MarkdownStream, parse
from helix_app.gui.chat.text.text_block import TextBlock
from helix_app.gui.look.theme import Theme
from tests.gui import fake
from tests.gui.driver import Driver

pytestmark = pytest.mark.styled


@pytest.fixture
def stack(theme: Theme, qtbot: QtBot) -> BlockStack:
    """An empty body."""
    made = BlockStack(theme)
    qtbot.addWidget(made)
    made.resize(400, 600)
    return made


def shown(stack: BlockStack, source: str) -> BlockStack:
    stream = MarkdownStream()
    stream.feed(source)
    stack.show_stream(stream)
    return stack


def test_streamed_blocks_are_those_of_one_parse_and_finished_ones_are_not_touched(chat: Driver) -> None:
    chat.ask("x")
    text = fake.MARKDOWN
    for start in range(0, len(text), 11):
        chat.write(text[start : start + 11])
    blocks = chat.reply.body.widgets()
    assert [block.unit for block in blocks] == parse(text)
    renders = [block.renders for block in blocks if not isinstance(block, CodeBlock)]
    chat.write("\n\nAnother paragraph.\n\n" + "More text. " * 50)
    after = chat.reply.body.widgets()
    assert after[: len(blocks) - 1] == blocks[:-1]
    assert [block.renders for block in blocks if not isinstance(block, CodeBlock)][:-1] == renders[:-1]
    chat.finish(chat.reply.source())
    assert chat.reply.source().startswith(text)


def test_caret_only_while_streaming(chat: Driver) -> None:
    chat.ask("x")
    chat.write("one\n\ntwo")
    assert [block.has_caret() for block in chat.reply.text_blocks()] == [False, True]
    chat.finish("one\n\ntwo")
    assert not any(block.has_caret() for block in chat.reply.text_blocks())


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


def test_each_kind_of_unit_has_its_widget(stack: BlockStack) -> None:
    shown(stack, "Text\n\n```py\nx = 1\n```\n\n---\n\n# Title\n\n| a |\n|---|\n| 1 |\n")
    assert [type(block) for block in stack.widgets()] == [TextBlock, CodeBlock, Rule, TextBlock, TextBlock]
    assert [block.text() for block in stack.text_blocks()[:3]] == ["Text", "x = 1", "Title"]


def test_what_belongs_together_stands_close(stack: BlockStack) -> None:
    shown(stack, "Text\n\n# Title\n\n- one\n- two\n  ```\n  x\n  ```\n\nText")
    blocks = stack.widgets()
    gaps = [below.y() - above.y() - above.height() for above, below in pairwise(blocks)]
    assert gaps == [ABOVE_HEADING, GAP, TIGHT, CODE_TIGHT, GAP]


def test_a_unit_that_becomes_another_kind_gets_another_widget(stack: BlockStack) -> None:
    stream = MarkdownStream()
    stream.feed("First.\n\n``")
    stack.show_stream(stream)
    first, second = stack.widgets()
    assert isinstance(second, TextBlock)
    stream.feed("`\nx = 1")
    stack.show_stream(stream)
    assert stack.widgets()[0] is first
    assert isinstance(stack.widgets()[1], CodeBlock)
    assert len(stack.widgets()) == 2
