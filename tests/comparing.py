"""Made-up events of a comparison."""

from __future__ import annotations

from collections.abc import Sequence

from helix_app.protocol.events import (
    Alternative,
    EmittedToken,
    Event,
    Finished,
    PrefillDone,
    RoundDone,
    RunMetrics,
    TextDelta,
)


def token(number: int, text: str, alternatives: tuple[Alternative, ...] = ()) -> EmittedToken:
    """A token of a reply."""
    return EmittedToken(number, text, "plain", 1.0, alternatives)


def metrics(tokens: int, seconds: float, **values: object) -> RunMetrics:
    """Figures of a reply that took so long after its first token at 0.2 s."""
    base: dict[str, object] = {
        "tokens_generated": tokens,
        "prompt_tokens": 12,
        "cached_tokens": 0,
        "time_seconds": 0.2 + seconds,
        "tokens_per_second": tokens / (0.2 + seconds),
        "decode_tokens_per_second": (tokens - 1) / seconds if tokens > 1 else None,
        "time_to_first_token": 0.2,
        "acceptance_rate": None,
        "mean_accepted_length": 1.0,
        "target_passes": tokens - 1,
        "drafted_tokens": 0,
        "accepted_tokens": 0,
        "k_mean": None,
        "k_min": None,
        "k_max": None,
        "plain_tokens_per_second": 50.0,
        "seed": 1,
    }
    return RunMetrics(**{**base, **values})  # type: ignore[arg-type]


def a_round(index: int, emitted: Sequence[EmittedToken], written: int, seconds: float, **values: object) -> RoundDone:
    """A round after which ``written`` tokens are there, so many seconds after the first."""
    base: dict[str, object] = {
        "request_id": "r",
        "index": index,
        "k": 0,
        "proposed": (),
        "accepted": 0,
        "emitted": tuple(emitted),
        "draft_seconds": 0.0,
        "verify_seconds": 0.02,
        "overhead_seconds": 0.0,
        "k_reason": "autoregressive",
        "rolling_acceptance": None,
        "acceptance_rate": None,
        "rolling_tokens_per_second": None,
        "decode_tokens_per_second": (written - 1) / seconds,
        "plain_tokens_per_second": 50.0,
        "mean_accepted_length": 1.0,
        "tokens_generated": written,
        "context_tokens": 12 + written,
        "elapsed_seconds": 0.2 + seconds,
    }
    return RoundDone(**{**base, **values})  # type: ignore[arg-type]


def plain_reply(words: Sequence[str], step: float = 0.02, reason: str = "eos", **values: object) -> list[Event]:
    """A reply written one word a round."""
    return spec_reply([(0, 0, [word]) for word in words[1:]], words[0], step, reason, **values)


def spec_reply(
    rounds: Sequence[tuple[int, int, list[str]]],
    first: str,
    step: float = 0.02,
    reason: str = "eos",
    **values: object,
) -> list[Event]:
    """A reply in rounds of (k, accepted, words); a token's number is made of its word."""
    events: list[Event] = [PrefillDone("r", 12, 0, 0.15, (token(number(first), first),)), TextDelta("r", first)]
    words = [first]
    for index, (k, accepted, new) in enumerate(rounds):
        words += new
        emitted = [token(number(word), word) for word in new]
        why = "best_rate" if k else "autoregressive"
        events.append(a_round(index, emitted, len(words), step * (index + 1), k=k, accepted=accepted, k_reason=why))
        events.append(TextDelta("r", "".join(new)))
    drafted, kept = sum(r[0] for r in rounds), sum(r[1] for r in rounds)
    if drafted:
        values = {
            "acceptance_rate": kept / drafted, "drafted_tokens": drafted, "accepted_tokens": kept,
            "k_min": min(r[0] for r in rounds), "k_max": max(r[0] for r in rounds),
            "mean_accepted_length": (len(words) - 1) / len(rounds), "target_passes": len(rounds), **values,
        }  # fmt: skip
    figures = metrics(len(words), step * max(1, len(rounds)), **values)
    text = "".join(words)
    events.append(Finished("r", reason, text, tuple(map(number, words)), figures))  # type: ignore[arg-type]
    return events


def number(word: str) -> int:
    """A stable token id for a word."""
    return sum(ord(char) * 31**i for i, char in enumerate(word)) % 50_000


WORDS = [f"word{n} " if n % 12 else "line\n" for n in range(60)]
