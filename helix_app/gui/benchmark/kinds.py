"""The kinds of built-in prompts as the set-up names them, and how many replies a benchmark is. No widgets."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from helix_app import messages
from helix_app.bench_events import BenchRequest

ARMS = 2  # plain and speculative decoding; every peer is another one
MOST_PROMPTS = 5  # built in, of every kind
LEAST_PAIRS = 6  # of replies a kind, for an interval
DEFAULT_KINDS = ("chat", "story", "code", "rewrite")


def tr(text: str) -> str:
    """Translate in the context of benchmarks."""
    return QCoreApplication.translate("benchmark", text)


def kinds() -> tuple[tuple[str, str, str], ...]:
    """(code, name, what it is) of every kind."""
    return (
        ("chat", tr("Chat"), tr("everyday questions")),
        ("story", tr("Story"), tr("free invention")),
        ("code", tr("Code"), tr("programs and changes to them")),
        ("list", tr("List"), tr("lines of a repeating form")),
        ("rewrite", tr("Rewrite"), tr("text that is nearly copied")),
        ("summarise", tr("Summarise"), tr("a page in, a few lines out")),
        ("long_context", tr("Long context"), tr("a question after a long text")),
        ("adversarial", tr("Adversarial"), tr("nothing that a draft can guess")),
    )


def kind_name(code: str) -> str:
    """What people call a kind."""
    return next((name for kind, name, _ in kinds() if kind == code), code)


def peers() -> tuple[tuple[str, str, str], ...]:
    """(code, name, what it is) of the other programs."""
    return (
        ("transformers", tr("transformers"), tr("plain decoding")),
        ("transformers-assisted", tr("transformers, assisted"), tr("its own speculative decoding")),
    )


def arm_name(code: str) -> str:
    """What people call an arm."""
    names = {"autoregressive": tr("Plain"), "speculative": tr("Helix")}
    return names.get(code) or next((name for peer, name, _ in peers() if peer == code), code)


def replies(request: BenchRequest) -> int:
    """How many replies are measured."""
    return len(request.kinds) * request.prompts_per_kind * request.repeats * (ARMS + len(request.peers))


def estimate(request: BenchRequest) -> str:
    """How much work a benchmark is, in words."""
    if not request.kinds:
        return tr("Choose at least one kind of prompts.")
    count = replies(request)
    text = messages.fill(
        tr(
            "{kinds:kind|kinds} × {prompts:prompt|prompts} × {repeats:repeat|repeats} × {arms:arm|arms} = "
            "{n:reply|replies} of up to {t:token|tokens}"
        ),
        kinds=len(request.kinds),
        prompts=request.prompts_per_kind,
        repeats=request.repeats,
        arms=ARMS + len(request.peers),
        n=count,
        t=request.max_tokens,
    )
    if request.prompts_per_kind * request.repeats < LEAST_PAIRS:
        text += tr(". Intervals and verdicts by kind need {n} prompts × repeats or more.").format(n=LEAST_PAIRS)
    return text
