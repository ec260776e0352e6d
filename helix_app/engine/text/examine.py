"""The answer to a ``PromptAsked``: the very prompt that the engine would run, counted by parts. Knows no torch."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Sequence

from helix_app.base.errors import InputError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.engine.text.chat_prompt import chat_tokens, own_fault, plain_tokens
from helix_app.engine.text.fitting import fitted, fitted_text
from helix_app.engine.text.placed import Placed, placed_text, placed_tokens
from helix_app.engine.text.tokenizer import Tokenizer
from helix_app.protocol.conversations.prompts import PARTS, PromptAsked, PromptCounted, PromptToken
from helix_app.protocol.events import Notice
from helix_app.protocol.requests import ChatMessage

_IN_TEMPLATE = ("<template>", "<unknown>")  # what Jinja calls the file of a template that came as a text


def examine(tokenizer: Tokenizer, asked: PromptAsked) -> PromptCounted:
    """Count a prompt, and name its tokens where they are wanted. What is wrong with it is told, not raised."""
    own = tokenizer.info.chat_template or ""
    model = tokenizer.with_template(asked.template)

    def encode(messages: Sequence[ChatMessage]) -> tuple[list[int], Notice | None]:
        if asked.raw:
            return plain_tokens(model, messages)
        return chat_tokens(model, messages, asked.thinking, asked.tools)

    try:
        if asked.sum_only:
            ids, _ = encode(asked.messages)
            return PromptCounted(asked.number, tuple(len(ids) if part == "message" else 0 for part in PARTS))
        drop = asked.on_full == "drop_oldest"
        found = (fitted_text if asked.raw else fitted)(
            encode, asked.messages, asked.context, asked.max_tokens, drop=drop
        )
        if found.ids is None:
            limit = f"{asked.context:,}"
            raise InputError("prompt_too_long", tokens=reason_of("over", n=limit), limit=limit)
        told = found.messages
        placed = placed_text(model, told) if asked.raw else placed_tokens(model, told, asked.thinking)
        del placed[slice(*found.skipped)]
    except InputError as exc:
        fault = own_fault(exc) if asked.template else exc
        return PromptCounted(asked.number, own_template=own, failed=fault.as_event(), line=_line_of(exc), raw=asked.raw)
    counts = Counter(token.part for token in placed)
    return PromptCounted(
        asked.number,
        tuple(counts[part] for part in PARTS),
        found.left_out,
        max(0, asked.context - len(placed)),
        own,
        _named(tokenizer, placed) if asked.tokens else (),
        raw=asked.raw,
        cut=found.skipped[0] < found.skipped[1],
    )


def _named(tokenizer: Tokenizer, placed: Sequence[Placed]) -> tuple[PromptToken, ...]:
    texts = {token.token_id: tokenizer.token_text(token.token_id) for token in placed}
    special = tokenizer.special_ids
    return tuple(PromptToken(t.token_id, texts[t.token_id], t.part, t.token_id in special) for t in placed)


def _line_of(exc: BaseException | None) -> int:
    """The line of the template where an error arose; 0 where none is known."""
    while exc is not None:
        line = getattr(exc, "lineno", None)
        if isinstance(line, int):
            return line
        lines = [f.lineno for f in traceback.extract_tb(exc.__traceback__) if f.filename in _IN_TEMPLATE]
        if lines:
            return lines[-1] or 0
        exc = exc.__cause__
    return 0
