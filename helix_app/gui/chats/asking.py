"""What is sent for a reply: the turns of a conversation, or one text that is continued. No widgets.

A text that is continued stands as it was written, with nothing between what a person wrote and what the model added.
Where a conversation was a chat for a while, those messages are set apart by an empty line, without what was thought.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from helix_app.base.replies.thinking import part
from helix_app.base.settings import Settings
from helix_app.gui.chats.conversation import Conversation, new_id
from helix_app.gui.chats.prompting import Prompting
from helix_app.gui.chats.record import from_text
from helix_app.protocol.conversations.chats import Message
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import ChatMessage, GenerateRequest, Grammar, SamplingParams

APART = "\n\n"
MARKS = ("<think>", "</think>")  # around the thoughts of a model of which nothing else is known


def continues(own: Prompting, ready: ModelReady | None) -> bool:
    """Whether a reply continues the text that stands there: it was chosen, or the model knows nothing else.

    A chat template that a conversation brings along makes a chat of any model.
    """
    return own.plain or (ready is not None and not ready.chat_template and not own.template)


def is_text(path: Sequence[Message], index: int) -> bool:
    """Whether a message is part of a text; one that a person wrote is what was made of it, and what waits is text."""
    message = path[index]
    if message.role == "user":
        return index + 1 == len(path) or is_text(path, index + 1)
    record = from_text(message.details)
    return record is not None and record.plain


def text_of(path: Sequence[Message], typed: str = "") -> tuple[ChatMessage, ...]:
    """The text of a conversation in pieces, which are to be joined as they are; ``typed`` follows it."""
    said = [(m.role, _told(path, i), is_text(path, i)) for i, m in enumerate(path)]
    pieces: list[ChatMessage] = []
    before = True
    for role, text, plain in (*said, ("user", typed, True)):
        if not text:
            continue
        if pieces and not (before and plain):
            pieces[-1] = replace(pieces[-1], content=pieces[-1].content + APART)
        pieces.append(ChatMessage(role, text))
        before = plain
    return tuple(pieces)


def as_text(messages: Sequence[ChatMessage], ready: ModelReady | None, typed: str) -> tuple[ChatMessage, ...]:
    """The messages of a chat as one text in pieces, without its system prompt and what was thought; ``typed`` ends it.

    What was thought stands between the marks of the model that is loaded, or between those that most have.
    """
    told = [(m.role, _answer_of(m, ready)) for m in messages if m.role != "system"]
    pieces = [ChatMessage(role, text + APART) for role, text in told if text]
    return (*pieces, ChatMessage("user", typed))


def _answer_of(message: ChatMessage, ready: ModelReady | None) -> str:
    if message.role != "assistant":
        return message.content
    marks = ready.thinking if ready is not None and any(ready.thinking) else MARKS
    opened = marks[0] not in message.content and marks[1] in message.content  # by the prompt that it answered
    return part(message.content, marks, opened).answer.lstrip()


def _told(path: Sequence[Message], index: int) -> str:
    """The text of a message; of an answer in a chat without the thought before it."""
    message = path[index]
    record = from_text(message.details)
    if record is None or record.plain or message.role == "user":
        return message.text
    return part(message.text, record.marks, record.opens).answer.lstrip()


def given(conversation: Conversation, message_id: str) -> list[Message]:
    """The messages that the request of a reply was made of, as the engine counts them, and those after."""
    record = from_text(conversation.message(message_id).details)
    if record is None or not record.plain:
        return conversation.told(message_id)
    path = conversation.path(message_id)
    return [message for index, message in enumerate(path) if _told(path, index)]


def _form(message: Message, own: Prompting) -> Grammar | None:
    """The form of the answer to a question, or of an answer that goes on; one without a record was free."""
    if message.role == "user":
        return own.form
    record = from_text(message.details)
    return None if record is None else record.grammar


def reply_request(
    conversation: Conversation,
    message_id: str,
    settings: Settings,
    seed: int | None,
    alternatives: int = 0,
    *,
    plain: bool = False,
) -> GenerateRequest:
    """The request for an answer to a question, or to go on with an answer; each token with so many likeliest ones.

    What the conversation has of its own goes before ``settings`` and ``seed``. With ``plain`` the text up to there is
    continued; a system prompt, a template and a switch of thinking have no place in it. An answer goes on in the form
    that it was begun in.
    """
    own = conversation.prompting
    settings = own.applied(settings)
    seed = seed if own.seed is None else own.seed
    turns = () if plain else conversation.history(message_id, settings.system_prompt)
    return GenerateRequest(
        request_id=new_id(),
        messages=text_of(conversation.path(message_id)) if plain else turns,
        raw=plain,
        mode="autoregressive" if settings.mode == "autoregressive" else "speculative",
        k=settings.k,
        verify="rejection" if seed is None else "coupled",
        max_tokens=settings.max_tokens,
        alternatives=alternatives,
        stop=own.stop,
        thinking=None if plain else own.thinking,
        template="" if plain else own.template,
        on_full=settings.on_full,
        grammar=_form(conversation.message(message_id), own),
        sampling=SamplingParams(
            temperature=settings.temperature,
            top_k=settings.top_k,
            top_p=settings.top_p,
            min_p=settings.min_p,
            repetition_penalty=settings.repetition_penalty,
            seed=seed,
        ),
    )
