"""What a person is offered where the context is full: a larger one, if anything but the model limits it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from helix_app.base import messages
from helix_app.base.settings import DEFAULT_CONTEXT
from helix_app.protocol import events
from helix_app.protocol.loading import ModelReady

_ROOM = 512  # tokens that a reply gets beside a prompt that did not fit
TOO_LONG = "prompt_too_long"  # and what begins so: codes of prompts over the context


def larger_context(ready: ModelReady | None, needed: int = 0) -> int:
    """The next context to load the model with, for ``needed`` tokens at least; 0 where a setting cannot help."""
    if ready is None or ready.context_limit not in ("default", "setting") or needed >= ready.model_context:
        return 0
    wanted = max(2 * ready.context_length, DEFAULT_CONTEXT)
    while wanted < needed + _ROOM:
        wanted *= 2
    return min(wanted, ready.model_context)


def larger_action(larger: int) -> str:
    """What the button that loads with such a context says; empty for 0."""
    words = QCoreApplication.translate("context_offer", "Load with {n:token|tokens}")
    return messages.fill(words, n=larger) if larger else ""


def tokens_of(failed: events.Failed) -> int:
    """Tokens of the prompt that was too long, as far as they were counted."""
    digits = "".join(c for c in dict(failed.fields).get("tokens", "") if c.isdigit())
    return int(digits) if digits else 0
