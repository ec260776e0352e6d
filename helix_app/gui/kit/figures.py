"""Numbers as people read them: a unit, one sensible precision, an en dash for what is unknown."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QCoreApplication

from helix_app.base.language import number
from helix_app.base.messages import fill, finish_reason_text
from helix_app.base.sizes import percent_text, size_text
from helix_app.gui.glossary import terms
from helix_app.protocol.events import Finished
from helix_app.protocol.models.loading import MemoryUse, ModelReady

UNKNOWN = "–"
DEVICES = {"cpu": "CPU", "cuda": "CUDA", "directml": "DirectML"}
DTYPES = ("packed", "float32", "bfloat16", "float16", "int4")


def tr(text: str) -> str:
    """Translate in the context of figures."""
    return QCoreApplication.translate("figures", text)


def count(value: int | None) -> str:
    """1234567 as ``1,234,567``."""
    return UNKNOWN if value is None else number(f"{value:,}")


def percent(fraction: float | None) -> str:
    """0.731 as ``73 %``."""
    return UNKNOWN if fraction is None else percent_text(fraction)


def rate(value: float | None) -> str:
    """Tokens per second: two digits that matter, ``7.4`` or ``61``."""
    if value is None:
        return UNKNOWN
    return number(f"{value:.1f}" if value < 10 else f"{value:,.0f}")


def seconds(value: float | None) -> str:
    """0.2134 as ``0.21 s``, 75 as ``75 s``."""
    if value is None:
        return UNKNOWN
    return number(f"{value:.2f} s" if value < 10 else f"{value:.0f} s")


def size(value: int) -> str:
    """Bytes in decimal units, as download pages state them."""
    return size_text(value)


def memory(value: int | None) -> str:
    """Bytes of a card's memory as makers state them: powers of two, ``16 GB``. Empty where they are not known."""
    if value is None:
        return ""
    return f"{value / 2**30:.0f} GB" if value >= 2**30 else f"{value / 2**20:.0f} MB"


def memory_use(use: MemoryUse | None) -> tuple[str, str]:
    """What a model takes beside what is free, short and in full; of the card where it runs on one."""
    if use is None:
        return tr("memory –"), tr("Memory that the model takes, and what is free")
    on_card = use.device_used is not None
    taken, free = (use.device_used, use.device_free) if on_card else (use.process, use.free)
    short = tr("GPU memory {n}, {free} free") if on_card else tr("memory {n}, {free} free")
    lines = (
        (tr("Engine, with all its libraries: {n}"), use.process),
        (tr("Weights: {n}"), use.weights),
        (tr("KV cache, used or not: {n}"), use.cache),
        (tr("Free main memory: {n}"), use.free),
        (tr("Main memory of this computer: {n}"), use.total),
        (tr("Graphics card, held: {n}"), use.device_used),
        (tr("Graphics card, free: {n}"), use.device_free),
        (tr("Graphics card, in all: {n}"), use.device_total),
    )
    tip = "\n".join(text.format(n=size(value)) for text, value in lines if value is not None)
    return short.format(n=_known(taken), free=_known(free)), tip


def _known(value: int | None) -> str:
    return UNKNOWN if value is None else size(value)


def remaining(value: float | None) -> str:
    """Time left in the unit a person would say."""
    if value is None:
        return ""
    if value < 90:
        return tr("{n} s left").format(n=max(1, round(value)))
    if value < 5400:
        return tr("{n} min left").format(n=round(value / 60))
    return tr("{n} h left").format(n=number(f"{value / 3600:.1f}"))


def duration(value: float) -> str:
    """How long something takes at most, as roughly as it is known: ``12 minutes``. Rounded up."""
    if value <= 100:
        return tr("{n} seconds").format(n=max(5, 5 * ceil(value / 5)))
    minutes = value / 60
    if minutes <= 90:
        return tr("{n} minutes").format(n=ceil(minutes) if minutes <= 20 else 5 * ceil(minutes / 5))
    return tr("{n} hours").format(n=number(f"{ceil(minutes / 6) / 10:.1f}".removesuffix(".0")))


def device(code: str) -> str:
    """``cpu`` as ``CPU``, ``directml:1`` as ``DirectML 1``."""
    kind, _, number = code.partition(":")
    return f"{DEVICES.get(kind, kind)} {number}".rstrip()


def model_facts(event: ModelReady) -> str:
    """What is loaded, on one line."""
    if event.remote:
        return tr("{model} · remote, {host}").format(model=event.target_name, host=event.device_name)
    return fill(
        tr("{model} · {device} · {dtype} · {n:token|tokens} of context"),
        model=event.target_name,
        device=device(event.device),
        dtype=event.dtype,
        n=event.context_length,
    )


def reply_stats(event: Finished) -> list[tuple[str, str]]:
    """The line under a reply as (text, what it means) pairs."""
    m = event.metrics
    speed = m.decode_tokens_per_second if m.decode_tokens_per_second is not None else m.tokens_per_second
    parts = [
        (tr("{n} tok/s").format(n=rate(speed)), tr("Decode speed in tokens per second")),
        (tr("TTFT {t}").format(t=seconds(m.time_to_first_token)), terms.tip("ttft")),
        (
            tr("tokens –") if m.tokens_generated is None else fill(tr("{n:token|tokens}"), n=m.tokens_generated),
            tr("Tokens written; the prompt had {p}, {c} of them from the cache").format(
                p=count(m.prompt_tokens), c=count(m.cached_tokens)
            ),
        ),
    ]
    if m.drafted_tokens:
        low, high = m.k_min, m.k_max
        k_range = UNKNOWN if low is None or high is None else (f"{low}" if low == high else f"{low}–{high}")
        parts += [
            (
                tr("{p} accepted").format(p=percent(m.acceptance_rate)),
                fill(
                    tr("{a} of {d:draft token was|draft tokens were} accepted"),
                    a=count(m.accepted_tokens),
                    d=m.drafted_tokens,
                ),
            ),
            (tr("k {r}").format(r=k_range), tr("Tokens drafted a round, fewest to most")),
        ]
    per_pass = UNKNOWN if m.mean_accepted_length is None else number(f"{m.mean_accepted_length:.1f}")
    parts.append(
        (tr("{n} tokens per pass").format(n=per_pass), tr("Tokens written per decode pass of the target model"))
    )
    parts.append(
        (
            finish_reason_text(event.reason),
            tr("Why the reply ended; seed {s}").format(s=UNKNOWN if m.seed is None else m.seed),
        )
    )
    return parts
