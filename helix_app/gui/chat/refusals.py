"""Why a message cannot be sent or came back, and the larger context that may help where a setting limits it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from helix_app.base import messages
from helix_app.base.settings import DEFAULT_CONTEXT
from helix_app.gui.state import State
from helix_app.protocol import events
from helix_app.protocol.models.loading import ModelReady

_ROOM = 512  # tokens that a reply gets beside a prompt that did not fit
TOO_LONG = "prompt_too_long"  # and what begins so: codes of prompts over the context

NOT_SENT = (  # errors of a message that no model has seen; those of too long ones begin with TOO_LONG
    "prompt_empty",
    "no_chat_template",
    "template_own_failed",
    "grammar_invalid",
    "grammar_missing",
    "grammar_tokenizer",
    "no_model_loaded",
    "engine_busy",
    "compare_running",
    "bench_running",
)


def not_sent(code: str) -> bool:
    """Whether a message that failed with this code was seen by no model."""
    return code in NOT_SENT or code.startswith(TOO_LONG)


def why_unsendable(state: State) -> str:
    """Code of messages.py that says why nothing can be sent now, though it can be written; empty when it can."""
    if state.occupied == "compare":
        return "compare_running"
    if state.occupied == "benchmark":
        return "bench_running"
    return "model_loading" if state.coming else ""


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


def larger_for(ready: ModelReady | None, failed: object) -> int:
    """A context that a message which was too long would fit in; 0 for none, and for other failures."""
    too_long = isinstance(failed, events.Failed) and failed.code.startswith(TOO_LONG)
    return larger_context(ready, tokens_of(failed)) if isinstance(failed, events.Failed) and too_long else 0


def tokens_of(failed: events.Failed) -> int:
    """Tokens of the prompt that was too long, as far as they were counted."""
    digits = "".join(c for c in dict(failed.fields).get("tokens", "") if c.isdigit())
    return int(digits) if digits else 0
