"""The kinds of built-in prompts as the set-up names them, and how many replies a benchmark is. No widgets."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from helix_app.base import messages
from helix_app.gui.compare.arms import draft_name
from helix_app.gui.kit import figures
from helix_app.protocol.bench import BenchRequest
from helix_app.protocol.bench_views import BenchEntry

ARMS = 2  # plain and speculative decoding; every peer is another one
MOST_PROMPTS = 5  # built in, of every kind
LEAST_PAIRS = 6  # of replies a kind, for an interval
REFERENCE_TOKENS, REFERENCE_EVERY = 32, 24  # of the reference reply, and replies between two of them
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
    names = {"autoregressive": tr("Plain"), "speculative": tr("Helix"), "llamacpp": "llama.cpp"}
    return names.get(code) or next((name for peer, name, _ in peers() if peer == code), code)


def replies(request: BenchRequest) -> int:
    """How many replies are measured."""
    return len(request.kinds) * request.prompts_per_kind * request.repeats * (ARMS + len(request.peers))


def seconds(request: BenchRequest, plain: float) -> float:
    """How long a benchmark writes at most where plain decoding writes so many tokens/s and no reply ends early.

    The replies, one of every arm to warm up, and the reference replies in between (``bench/reference.py``).
    """
    arms = ARMS + len(request.peers)
    count = replies(request)
    tokens = count * request.max_tokens + REFERENCE_TOKENS * (arms + 2 + count // REFERENCE_EVERY)
    return tokens / plain


def duration(request: BenchRequest, plain: float | None) -> str:
    """The same in words."""
    if plain is None:
        return tr("How long that takes is not known: nothing was written with this model here yet.")
    if request.peers:
        text = tr(
            "Writing takes about {time}, or longer in other programs, at {rate} tok/s without drafts; "
            "loading and reading the prompts come on top."
        )
    else:
        text = tr(
            "Writing takes {time} at most, at {rate} tok/s without drafts; loading and reading the prompts come on top."
        )
    return text.format(time=figures.duration(seconds(request, plain)), rate=figures.rate(plain))


def known_rate(entries: tuple[BenchEntry, ...], target: str, dtype: str) -> float | None:
    """Plain tokens/s of this model in the latest benchmark of it, of the same number format if there is one."""
    of_model = [entry for entry in entries if entry.target == target and entry.plain]
    same = [entry for entry in of_model if entry.dtype == dtype]
    return (same or of_model)[0].plain if of_model else None


def estimate(request: BenchRequest) -> str:
    """How much work a benchmark is, in words."""
    if not request.kinds:
        return tr("Choose at least one kind of prompts.")
    count = replies(request)
    text = messages.fill(
        tr(
            "{kinds:kind|kinds} × {prompts:prompt|prompts} × {repeats:repeat|repeats} × "
            "{arms:configuration|configurations} = {n:reply|replies} of up to {t:token|tokens}"
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


def differing(entries: tuple[BenchEntry, ...]) -> list[str]:
    """What each run has that another one has not, in a few words; empty where they are alike."""
    values: dict[str, set[str]] = {}
    for entry in entries:
        for what, words in entry.named:
            values.setdefault(what, set()).add(words)
    differ = {what for what, found in values.items() if len(found) > 1} - {"model"}
    return [" · ".join(_named(what, words) for what, words in entry.named if what in differ) for entry in entries]


def _named(what: str, words: str) -> str:
    if what == "kinds":
        return ", ".join(kind_name(kind) for kind in words.split(", "))
    if what == "draft":
        return tr("draft {x}").format(x=draft_name(words, ()))
    if what == "format":
        return words
    if what == "peers":
        others = ", ".join(arm_name(arm) for arm in words.split(", ") if arm)
        return tr("with {programs}").format(programs=others) if others else tr("Helix alone")
    texts = {
        "k": tr("k {x}"),
        "prompts": tr("{x:prompt|prompts}"),
        "repeats": tr("{x:repeat|repeats}"),
        "tokens": tr("{x:token|tokens}"),
        "temperature": tr("temperature {x}"),
    }
    return messages.fill(texts.get(what, "{x}"), x=words)
