"""Text that streams as it stands."""

from __future__ import annotations

from helix_app.gui.chat.text.blocks import BlockStack
from helix_app.gui.chat.text.plain import PIECE, PlainStream
from helix_app.gui.look.theme import Theme

WRITTEN = " # No *mark*\n\n\n  is <b>one</b>\n" * 200


def test_every_character_is_kept_however_it_comes() -> None:
    whole, pieces = PlainStream(), PlainStream()
    whole.feed(WRITTEN)
    for at in range(0, len(WRITTEN), 7):
        pieces.feed(WRITTEN[at : at + 7])
    assert "\n".join(unit.body for unit in whole.done + whole.open) == WRITTEN
    assert whole.done == pieces.done
    assert whole.open == pieces.open
    assert len(whole.done) > 2
    assert all(PIECE <= len(unit.body) < PIECE + 40 for unit in whole.done)


def test_it_is_shown_without_marks(theme: Theme) -> None:
    stack, stream = BlockStack(theme), PlainStream()
    stream.feed(WRITTEN)
    stack.show_stream(stream)
    assert "\n".join(block.text() for block in stack.text_blocks()) == WRITTEN
    first = stack.text_blocks()[0]
    before = first.renders
    stream.feed("more")
    stack.show_stream(stream)
    assert stack.text_blocks()[-1].text().endswith("more")
    assert first.renders == before
