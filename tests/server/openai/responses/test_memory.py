"""Kept responses: bounded in number and size, the longest unused go first."""

from __future__ import annotations

import asyncio

from helix_app.protocol.requests import ChatMessage
from helix_app.server.openai.responses.memory import Kept, Memory, new_response_id, session_in


async def kept(memory: Memory, *names: str) -> list[str]:
    return [name for name in names if await memory.find("", name) is not None]


def test_the_longest_unused_goes_first() -> None:
    memory = Memory(2, 10_000)

    async def work() -> None:
        await memory.keep("", {"id": "a"}, ())
        await memory.keep("", {"id": "b"}, ())
        assert await memory.find("", "a") is not None
        await memory.keep("", {"id": "c"}, ())
        assert await kept(memory, "a", "b", "c") == ["a", "c"]

    asyncio.run(work())


def test_so_many_bytes_and_no_more() -> None:
    memory = Memory(10, 300)

    async def work() -> None:
        for name in "abc":
            await memory.keep("", {"id": name}, (ChatMessage("user", "x" * 100),))
        assert await kept(memory, "a", "b", "c") == ["b", "c"]
        await memory.keep("", {"id": "large"}, (ChatMessage("user", "x" * 301),))
        assert await kept(memory, "b", "c", "large") == ["b", "c"]
        assert await memory.forget("", "b")
        assert not await memory.forget("", "b")
        await memory.keep("", {"id": "d"}, (ChatMessage("user", "x" * 100),))
        assert await kept(memory, "c", "d") == ["c", "d"]

    asyncio.run(work())


def test_an_id_names_its_conversation_and_no_other_text_does() -> None:
    session = "0123456789abcdef"
    assert session_in(new_response_id(session)) == session
    assert new_response_id(session) != new_response_id(session)
    for other in (new_response_id(), "", session, f"resp_1_{session}", new_response_id(session) + "0"):
        assert session_in(other) == ""


def test_a_reply_and_the_answer_that_it_went_on_with_are_one_message() -> None:
    asked, begun = ChatMessage("user", "q"), ChatMessage("assistant", "On")
    called, reply = (ChatMessage("assistant", text, tool_calls="[1]") for text in ("", "ce"))
    for messages, told in (
        ((asked, begun, reply), (asked, ChatMessage("assistant", "Once", tool_calls="[1]"))),
        ((asked, begun, asked, reply), (asked, begun, asked, reply)),
        ((asked, called, reply), (asked, called, reply)),
        ((reply,), (reply,)),
    ):
        assert Kept({}, messages, 0).conversation == told
