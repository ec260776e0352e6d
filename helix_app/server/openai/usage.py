"""What OpenAI's routes tell of a reply beside its text: why it ended, what it took, how probable its tokens were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from helix_app.protocol.events import Alternative, EmittedToken, known
from helix_app.server.reading import LEAST_LOGPROB, End, text_bytes

_REASONS = {"eos": "stop", "stop": "stop", "cancelled": "stop", "length": "length", "context_full": "length"}


def finish_reason(end: End, called: bool = False) -> str:
    """OpenAI's word for why a reply ended."""
    return "tool_calls" if called and end.reason == "eos" else _REASONS.get(end.reason, "length")


def usage_of(ends: Sequence[Sequence[End]]) -> dict[str, Any]:
    """Tokens of a request. The replies to one prompt, of which there may be several, read it once."""
    first = [replies[0].metrics for replies in ends if replies]
    prompt = sum(known(metrics.prompt_tokens) for metrics in first)
    cached = sum(known(metrics.cached_tokens) for metrics in first)
    written = sum(known(end.metrics.tokens_generated) for replies in ends for end in replies)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": written,
        "total_tokens": prompt + written,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def timings_of(ends: Sequence[End]) -> dict[str, Any]:
    """How it was written: figures of speculation over all replies, those of speed for a single one."""
    drafted = sum(known(end.metrics.drafted_tokens) for end in ends)
    accepted = sum(known(end.metrics.accepted_tokens) for end in ends)
    told: dict[str, Any] = {
        "drafted_tokens": drafted,
        "accepted_tokens": accepted,
        "acceptance_rate": accepted / drafted if drafted else None,
        "time_seconds": max((end.metrics.time_seconds for end in ends), default=0.0),
        "seeds": [end.metrics.seed for end in ends],
    }
    if len(ends) == 1:
        metrics = ends[0].metrics
        told["time_to_first_token"] = metrics.time_to_first_token
        told["tokens_per_second"] = metrics.tokens_per_second
        told["decode_tokens_per_second"] = metrics.decode_tokens_per_second
        told["mean_accepted_length"] = metrics.mean_accepted_length
    return told


def _logprob(token: EmittedToken | Alternative) -> float:
    return LEAST_LOGPROB if token.logprob is None else token.logprob


def chat_logprobs(tokens: Sequence[EmittedToken], most: int) -> dict[str, Any]:
    """Log probabilities as chats tell them."""

    def told(token: EmittedToken | Alternative) -> dict[str, Any]:
        return {"token": token.text, "logprob": _logprob(token), "bytes": text_bytes(token.text)}

    content = [{**told(t), "top_logprobs": [told(a) for a in t.alternatives[:most]]} for t in tokens]
    return {"content": content, "refusal": None}


class CompletionLogprobs:
    """Log probabilities as completions tell them, with where each token is in the text."""

    def __init__(self, most: int) -> None:
        self._most, self._offset = most, 0

    def told(self, tokens: Sequence[EmittedToken]) -> dict[str, Any]:
        """The next tokens."""
        offsets = []
        for token in tokens:
            offsets.append(self._offset)
            self._offset += len(token.text)
        return {
            "tokens": [token.text for token in tokens],
            "token_logprobs": [_logprob(token) for token in tokens],
            "top_logprobs": [{a.text: _logprob(a) for a in token.alternatives[: self._most]} for token in tokens],
            "text_offset": offsets,
        }
