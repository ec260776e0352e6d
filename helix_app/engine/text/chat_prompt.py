"""A conversation as tokens, and what is done where the model's chat template refuses it.

Templates of some families take no system message and say so in a sentence of their own. The system prompt then goes to
the beginning of the first message, as the makers of such models advise, and the person is told.

A conversation that ends with the model's own words is continued: they follow the prompt of their question as they
stand, without the template, and without a token that would end them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from helix_app.base.errors import InputError
from helix_app.base.message_texts.reasons import Reason
from helix_app.engine.text.tokenizer import Tokenizer
from helix_app.protocol.events import Notice
from helix_app.protocol.requests import ChatMessage


def chat_tokens(
    tokenizer: Tokenizer,
    messages: Sequence[ChatMessage],
    thinking: bool | None = None,
    tools: Sequence[str] = (),
) -> tuple[list[int], Notice | None]:
    """Token ids of a conversation, and a notice when its system prompt was folded into the first message.

    Args:
        messages: a last one from the assistant is continued.
        thinking: for the template's switch, if it has one.
        tools: descriptions of functions as JSON, for a template that takes them.

    Raises:
        InputError: no template, or one that refuses the conversation in either form; its own sentence is told.
    """
    asked, begun = begun_reply(messages)
    ids, notice = _asked_tokens(tokenizer, asked, thinking, tools)
    return (ids + tokenizer.encode_continued(begun) if begun else ids), notice


def plain_tokens(tokenizer: Tokenizer, messages: Sequence[ChatMessage]) -> tuple[list[int], Notice | None]:
    """Token ids of a text that stands in several messages, without a template; never a notice."""
    return tokenizer.encode("".join(message.content for message in messages), add_bos=True), None


def begun_reply(messages: Sequence[ChatMessage]) -> tuple[Sequence[ChatMessage], str]:
    """A conversation up to its question, and what of the reply there is already; empty for nothing."""
    if messages and messages[-1].role == "assistant" and not messages[-1].tool_calls:
        return messages[:-1], messages[-1].content
    return messages, ""


def _asked_tokens(
    tokenizer: Tokenizer, messages: Sequence[ChatMessage], thinking: bool | None, tools: Sequence[str]
) -> tuple[list[int], Notice | None]:
    try:
        return tokenizer.encode_chat(messages, thinking, tools), None
    except InputError as exc:
        refusal = _refusal(exc)
    folded = fold_system(messages)
    if refusal.code not in ("template_refused", "template_failed") or not folded:
        raise refusal
    try:
        ids = tokenizer.encode_chat(folded, thinking, tools)
    except InputError as exc:
        raise _refusal(exc) from exc
    return ids, Notice("system_folded", tuple(refusal.fields.items()), refusal.detail)


def fold_system(messages: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
    """The same conversation with its system prompt at the beginning of the first message; empty where there is none."""
    if len(messages) < 2 or messages[0].role != "system" or messages[1].role != "user":
        return ()
    text = f"{messages[0].content}\n\n{messages[1].content}"
    return (replace(messages[1], content=text), *messages[2:])


def _refusal(exc: InputError) -> InputError:
    """What a template raised, in its own words: a refusal it wrote itself, or a fault in it."""
    from jinja2.exceptions import TemplateError

    cause = exc.__cause__
    if cause is None:
        return exc
    own = type(cause) is TemplateError  # what raise_exception in a template raises; faults are subclasses
    said = cause.args[0] if cause.args else ""
    reason = said if isinstance(said, Reason) else " ".join(str(cause).split()) or type(cause).__name__
    code = "template_refused" if own else "template_failed"
    return InputError(code, reason=reason, detail=exc.detail)


def own_fault(exc: InputError) -> InputError:
    """A fault of a template that a person put in the place of the model's own, which is advised otherwise."""
    return InputError("template_own_failed", detail=exc.detail, **exc.fields) if exc.code == "template_failed" else exc
