"""Kept responses: bounded in number and size, the longest unused go first."""

from __future__ import annotations

from helix_app.protocol.requests import ChatMessage
from helix_app.server.openai.responses.memory import Memory, new_response_id, session_in


def kept(memory: Memory, *names: str) -> list[str]:
    return [name for name in names if memory.find("", name) is not None]


def test_the_longest_unused_goes_first() -> None:
    memory = Memory(2, 10_000)
    memory.keep("", {"id": "a"}, ())
    memory.keep("", {"id": "b"}, ())
    assert memory.find("", "a") is not None
    memory.keep("", {"id": "c"}, ())
    assert kept(memory, "a", "b", "c") == ["a", "c"]


def test_so_many_bytes_and_no_more() -> None:
    memory = Memory(10, 300)
    for name in "abc":
        memory.keep("", {"id": name}, (ChatMessage("user", "x" * 100),))
    assert kept(memory, "a", "b", "c") == ["b", "c"]
    memory.keep("", {"id": "large"}, (ChatMessage("user", "x" * 301),))
    assert kept(memory, "b", "c", "large") == ["b", "c"]
    assert memory.forget("", "b")
    assert not memory.forget("", "b")
    memory.keep("", {"id": "d"}, (ChatMessage("user", "x" * 100),))
    assert kept(memory, "c", "d") == ["c", "d"]


def test_an_id_names_its_conversation_and_no_other_text_does() -> None:
    session = "0123456789abcdef"
    assert session_in(new_response_id(session)) == session
    assert new_response_id(session) != new_response_id(session)
    for other in (new_response_id(), "", session, f"resp_1_{session}", new_response_id(session) + "0"):
        assert session_in(other) == ""
