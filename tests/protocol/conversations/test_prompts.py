"""Counts of a prompt by its parts."""

from __future__ import annotations

from helix_app.protocol.conversations.prompts import PARTS, PromptCounted


def test_parts_are_found_by_name_and_add_up() -> None:
    told = PromptCounted(1, tuple(range(1, len(PARTS) + 1)))
    assert [told.of(part) for part in PARTS] == [1, 2, 3, 4, 5]
    assert told.total == 15
    assert PromptCounted(2).total == 0
