"""What comes back, on the command line: loading as it goes, replies as they are written, their figures, failures."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from helix_app.base import messages
from helix_app.base.errors import HelixError
from helix_app.base.sizes import percent_text
from helix_app.cli.common import put, say
from helix_app.protocol.events import Event, Failed, Finished, Notice, TextDelta
from helix_app.protocol.models.loading import LoadProgress, ModelReady, Unloaded
from helix_app.protocol.requests import GenerateRequest, is_coupled


def result(request: GenerateRequest, ready: ModelReady, finished: Finished) -> dict[str, Any]:
    """The JSON object: the reply, every figure of RunMetrics, and what it ran on."""
    told = {
        "generated_text": finished.text,
        "token_ids": list(finished.token_ids),
        **asdict(finished.metrics),
        "finish_reason": finished.reason,
        "target": ready.target_name,
        "device": ready.device,
        "device_name": ready.device_name,
        "dtype": ready.dtype,
        "draft": ready.draft_label if request.mode == "speculative" else "none",
        "mode": request.mode,
        "k": request.k,
        "verify": "coupled" if is_coupled(request) else "rejection",
    }
    if ready.remote:  # which does not tell these
        told |= dict.fromkeys(("token_ids", "dtype", "draft", "mode", "k", "verify"))
        told["remote"] = ready.remote
    return told


def summary(finished: Finished) -> str:
    """One line of figures."""
    m = finished.metrics
    seconds = f"{m.time_seconds:.1f}"
    counted = "{n:token|tokens} in {t} s" if m.tokens_generated is not None else "tokens unknown, {t} s"
    parts = [messages.fill(counted, n=m.tokens_generated, t=seconds)]
    if m.decode_tokens_per_second is not None:
        parts.append(f"{m.decode_tokens_per_second:.1f} tok/s")
    if m.time_to_first_token is not None:
        parts.append(f"TTFT {m.time_to_first_token:.2f} s")
    if m.acceptance_rate is not None:
        parts.append(f"acceptance rate {percent_text(m.acceptance_rate)}")
    if m.mean_accepted_length is not None and m.drafted_tokens:
        parts.append(f"{m.mean_accepted_length:.2f} tokens per pass")
    parts.append(messages.finish_reason_text(finished.reason))
    return " · ".join(parts)


def context_full(ready: ModelReady) -> str:
    """Why a reply ended with a full context, and what to do about it."""
    limit = ready.context_limit
    why = messages.context_full_text(limit, ready.context_length, ready.model_context)
    return f"{why} {messages.CONTEXT_STEPS.get(limit, messages.CONTEXT_STEPS['model'])}"


def load_events(events: Iterator[Event]) -> ModelReady:
    """Show how loading goes; the model it ends with. Raises the failure it ends with instead."""
    live = sys.stderr is not None and sys.stderr.isatty()
    for event in events:
        if isinstance(event, LoadProgress) and live:
            percent = "" if event.fraction is None else f" {percent_text(event.fraction)}"
            sys.stderr.write(f"\r\x1b[K{messages.stage_text(event.stage)}{percent}")
            sys.stderr.flush()
        elif isinstance(event, Notice):
            say(("\r\x1b[K" if live else "") + messages.notice_text(event.code, event.fields))
        elif isinstance(event, Failed):
            if live:
                sys.stderr.write("\r\x1b[K")
            raise as_error(event)
        elif isinstance(event, Unloaded):  # Ctrl-C
            raise HelixError("load_cancelled")
        elif isinstance(event, ModelReady):
            if live:
                sys.stderr.write("\r\x1b[K")
            return event
    raise HelixError("no_model_loaded")


def reply_events(events: Iterator[Event], *, show: bool) -> tuple[Finished, ModelReady | None]:
    """The result of a reply, and what it ran on in the end if that changed on the way."""
    begun, ready = False, None
    for event in events:
        if isinstance(event, TextDelta) and show:
            begun = True
            put(event.text)
        elif isinstance(event, Notice):
            say(messages.notice_text(event.code, event.fields))
        elif isinstance(event, ModelReady):
            ready = event
        elif isinstance(event, Failed):
            if begun:  # end the line of a partial reply
                put("\n")
            raise as_error(event)
        elif isinstance(event, Finished):
            if show:
                put("\n")
            return event, ready
    raise HelixError("engine_died")


_INPUT_CODES = (
    "bad_input",
    "remote_key_",
    "remote_model_",
    "remote_choose",
    "remote_address",
    "remote_unsupported",
    "remote_refused",
    "remote_context_full",
    "grammar_invalid",
    "grammar_begun",
    "grammar_tokenizer",
    "prompt_",
    "option_",
    "no_chat_template",
    "template_",
    "model_",
    "tokenizer_",
    "draft_",
    "head_kind",
)


def as_error(event: Failed) -> HelixError:
    """A failure event as the exception it was, with its exit code."""
    error = HelixError(event.code, detail=event.detail, **dict(event.fields))
    error.exit_code = 2 if event.code.startswith(_INPUT_CODES) else 1
    return error
