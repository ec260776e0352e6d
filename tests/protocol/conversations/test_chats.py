"""Conversations as the window knows them: plain records, each asked for, told or part of one that is."""

from __future__ import annotations

from typing import get_args

import pytest

from helix_app.protocol.conversations import chats
from helix_app.protocol.conversations.chats import Chat, ChatAsked, ChatEntry, ChatHit, ChatNews, Message
from tests.protocol.borders import check_plain, check_travels, records

PARTS = {Message, ChatEntry, Chat, ChatHit}


@pytest.mark.parametrize("kind", records(chats))
def test_conversations_are_plain_and_travel(kind: type) -> None:
    check_plain(kind)
    check_travels(kind)


def test_each_record_is_asked_for_told_or_part_of_one() -> None:
    asked, told = set(get_args(ChatAsked)), set(get_args(ChatNews))
    assert not asked & told
    assert set(records(chats)) == asked | told | PARTS
