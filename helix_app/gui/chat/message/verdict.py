"""What a reply gained over plain decoding, in one sentence, from its measured figures alone. No widgets."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from helix_app.base.language import number
from helix_app.protocol.events import Finished, RunMetrics
from helix_app.protocol.requests import GenerateRequest

LEAST_TOKENS = 16  # a shorter reply is over before its speed says anything
LEAST_ROUNDS = 3  # rounds without a draft that say how fast plain decoding was meanwhile
EVEN = 0.05  # a smaller difference is none to a reader, nor to one reply's clock


def tr(text: str) -> str:
    """Translate in the context of verdicts."""
    return QCoreApplication.translate("verdict", text)


def same_text(request: GenerateRequest, exact_rows: bool) -> bool:
    """Whether plain decoding is known to write the very same tokens.

    It is for greedy replies and those that a seed alone decides, where a row's numbers do not depend on the rows beside
    it (``events.ModelReady.exact_rows``). Others follow the same distribution, which is another promise.
    """
    sampling = request.sampling
    coupled = request.verify == "coupled" or (request.verify == "auto" and sampling.seed is not None)
    return exact_rows and (sampling.temperature == 0 or coupled)


def sentence(event: Finished, request: GenerateRequest, exact_rows: bool, plain_rounds: Sequence[float] = ()) -> str:
    """``2.1x faster than plain, same text``; what is not known is said so, and a loss is called one.

    Args:
        plain_rounds: seconds of each round of the reply that drafted nothing: the surest measure of plain decoding,
            taken at the same time. Without enough of them the engine's own figure is taken, and called about right.
    """
    if event.metrics.target_passes is None:
        return tr("Written by a remote engine, which does not tell its rounds")
    if request.mode == "autoregressive":
        return tr("Plain decoding, as chosen")
    speed = _speed(event.metrics, plain_rounds)
    if event.metrics.drafted_tokens and same_text(request, exact_rows):
        return tr("{speed}, same text").format(speed=speed)
    return speed


def plain_speed(m: RunMetrics, plain_rounds: Sequence[float]) -> tuple[float | None, bool]:
    """Tokens per second of plain decoding, and whether they were measured during the reply itself."""
    measured = len(plain_rounds) >= LEAST_ROUNDS
    return (1 / statistics.median(plain_rounds) if measured else m.plain_tokens_per_second), measured


def _speed(m: RunMetrics, plain_rounds: Sequence[float]) -> str:
    if not m.drafted_tokens:
        return tr("No faster than plain: nothing was drafted")
    if (m.tokens_generated or 0) < LEAST_TOKENS:
        return tr("Too short to compare with plain")
    plain, measured = plain_speed(m, plain_rounds)
    if m.decode_tokens_per_second is None or not plain:
        return tr("How fast plain decoding is here is not known yet")
    factor = m.decode_tokens_per_second / plain
    if abs(factor - 1) < EVEN:
        return tr("No faster than plain: the same speed")
    if factor < 1:
        return tr("No faster than plain: {x}x its speed").format(x=number(f"{factor:.2f}"))
    faster = tr("{x}x faster than plain") if measured else tr("About {x}x faster than plain")
    return faster.format(x=number(f"{factor:.1f}"))
