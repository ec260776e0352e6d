"""What is sent for a reply: turns for a model that chats, one text for a model that continues."""

from __future__ import annotations

import pytest

from helix_app.base.settings import Settings
from helix_app.gui.chats.asking import continues, given, reply_request, text_of
from helix_app.gui.chats.conversation import Conversation
from helix_app.gui.chats.prompting import Prompting, to_text
from helix_app.gui.chats.record import Record, to_text as details_of
from helix_app.protocol.conversations.chats import Message
from helix_app.protocol.requests import ChatMessage, Grammar
from tests.gui import fake

PLAIN = details_of(Record(plain=True))
JSON = Grammar("json_object")


def joined(pieces: tuple[ChatMessage, ...]) -> str:
    return "".join(piece.content for piece in pieces)


def text_talk() -> Conversation:
    """A text that was continued twice."""
    talk = Conversation()
    talk.add("user", "Once upon ")
    talk.add("assistant", "a time there", details=PLAIN)
    talk.add("user", " was a king.\n")
    talk.add("assistant", "He had a crown.", details=PLAIN)
    return talk


def chat_talk() -> Conversation:
    """A chat with a model that thinks."""
    talk = Conversation()
    talk.add("user", "Why?")
    thought = Record(marks=("<think>", "</think>"))
    talk.add("assistant", "<think>Hm</think>\n\nBecause.", details=details_of(thought))
    return talk


def test_the_request_for_an_answer() -> None:
    talk = Conversation()
    ask = talk.add("user", "Why?")
    request = reply_request(talk, ask.id, Settings(system_prompt="Be brief.", temperature=0.0), 3, 2)
    assert [m.content for m in request.messages] == ["Be brief.", "Why?"]
    assert (request.verify, request.sampling.seed, request.alternatives) == ("coupled", 3, 2)
    assert (request.template, request.on_full, request.raw) == ("", "stop", False)
    talk.settings = to_text(Prompting({"system_prompt": "", "on_full": "drop_oldest"}, 9, ("END",), False, "T"))
    own = reply_request(talk, ask.id, Settings(system_prompt="Be brief."), 3)
    assert [m.content for m in own.messages] == ["Why?"]
    assert (own.sampling.seed, own.stop, own.thinking) == (9, ("END",), False)
    assert (own.template, own.on_full) == ("T", "drop_oldest")
    assert reply_request(talk, ask.id, Settings(), None).request_id != own.request_id


def test_a_text_is_sent_as_it_stands_and_nothing_beside_it() -> None:
    talk = text_talk()
    talk.settings = to_text(Prompting({"on_full": "drop_oldest"}, stop=("END",), thinking=True, template="T"))
    more = talk.add("user", " And ")
    request = reply_request(talk, more.id, Settings(system_prompt="Be brief."), None, plain=True)
    assert request.raw
    assert request.text == "Once upon a time there was a king.\nHe had a crown. And "
    assert (request.thinking, request.template, request.stop) == (None, "", ("END",))
    assert (request.on_full, request.prompt) == ("drop_oldest", "")


def test_a_reply_goes_on_after_its_own_last_word() -> None:
    talk = text_talk()
    request = reply_request(talk, talk.leaf, Settings(), None, plain=True)
    assert request.text == "Once upon a time there was a king.\nHe had a crown."
    again = reply_request(talk, talk.message(talk.leaf).parent, Settings(), None, plain=True)
    assert again.text == "Once upon a time there was a king.\n"


def test_what_is_typed_follows_and_nothing_empty_is_a_piece() -> None:
    talk = text_talk()
    assert joined(text_of(talk.path(), " ")) == "Once upon a time there was a king.\nHe had a crown. "
    failed = Conversation()
    failed.add("user", "A")
    failed.add("assistant", "", state="failed", details=PLAIN)
    failed.add("user", "B")
    assert [piece.content for piece in text_of(failed.path())] == ["A", "B"]
    assert text_of([], "") == ()


def test_a_chat_becomes_text_with_empty_lines_and_without_thoughts() -> None:
    talk = chat_talk()
    assert joined(text_of(talk.path(), " Or so")) == "Why?\n\nBecause.\n\n Or so"
    assert joined(text_of(talk.path())) == "Why?\n\nBecause."  # what is gone on with ends as it does
    talk.add("user", "And then")
    talk.add("assistant", " it ended", details=PLAIN)
    talk.add("user", ".")
    assert joined(text_of(talk.path())) == "Why?\n\nBecause.\n\nAnd then it ended."


def test_a_text_becomes_messages_for_a_model_that_chats() -> None:
    talk = text_talk()
    ask = talk.add("user", "Who had it?")
    request = reply_request(talk, ask.id, Settings(), None)
    assert not request.raw
    assert [(m.role, m.content) for m in request.messages[-3:]] == [
        ("user", " was a king.\n"),
        ("assistant", "He had a crown."),
        ("user", "Who had it?"),
    ]
    talk.add("assistant", "The king.", details=details_of(Record()))
    talk.add("user", " Then")
    assert joined(text_of(talk.path())).endswith("He had a crown.\n\nWho had it?\n\nThe king.\n\n Then")


@pytest.mark.parametrize(
    ("own", "template", "plain"),
    [
        (Prompting(), True, False),
        (Prompting(), False, True),
        (Prompting(template="T"), False, False),
        (Prompting(plain=True), True, True),
        (Prompting(plain=True, template="T"), True, True),
    ],
)
def test_who_continues(own: Prompting, template: bool, plain: bool) -> None:
    assert continues(own, fake.ready(chat_template=template)) is plain
    assert continues(Prompting(), None) is False


def test_the_messages_of_a_request_are_counted_as_the_engine_does() -> None:
    def names(messages: list[Message]) -> list[str]:
        return [message.text for message in messages]

    talk = text_talk()
    first = talk.add("user", "Unanswered")
    talk.add("assistant", "", parent=first.id, details=PLAIN)
    assert names(given(talk, talk.leaf)) == [
        "Once upon ", "a time there", " was a king.\n", "He had a crown.", "Unanswered",
    ]  # fmt: skip
    chat = chat_talk()
    assert names(given(chat, chat.leaf)) == names(chat.told(chat.leaf))


@pytest.mark.parametrize(
    ("details", "form"), [(details_of(Record(grammar=JSON)), JSON), (details_of(Record()), None), ("", None)]
)
@pytest.mark.parametrize("own", [JSON, None])
def test_a_reply_goes_on_in_the_form_that_it_was_begun_in(
    details: str, form: Grammar | None, own: Grammar | None
) -> None:
    talk = Conversation()
    ask = talk.add("user", "Why?")
    talk.add("assistant", "{", details=details)
    talk.settings = to_text(Prompting(form=own))
    assert reply_request(talk, talk.leaf, Settings(), None).grammar == form
    assert reply_request(talk, ask.id, Settings(), None).grammar == own
