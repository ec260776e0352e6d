"""What is said of memory before a load, and of pairs of models: on the command line and in the window alike."""

from __future__ import annotations

from collections.abc import Iterator

from helix_app.base.language import mark, number, say
from helix_app.base.message_texts.filling import counted, sentence
from helix_app.base.sizes import percent_text, size_text
from helix_app.protocol.models.fit import Fit, Way
from helix_app.protocol.pairs import PairFacts, PairProbe, Verdict

FIT_ERRORS: dict[str, str] = {
    "load_tight": "{model} was not loaded, because it would leave little memory: it takes {need} of the {free} that are free. "
    "Load it anyway, choose a shorter context, or close other programs.",
    "load_short": "{model} was not loaded, because it does not fit into memory: it takes {need}, and {free} are free. "
    "Choose a shorter context or a smaller model, or close other programs.",
    "memory_untried": "The load could not be tried ({reason}). It may have run out of memory; try a shorter context.",
    "pair_running": "Two models are being tried as a pair, and that needs the engine to itself. Wait for it or stop it, then try again.",
    "pair_engine_busy": "The engine is busy, and that would spoil the trial. Wait for the reply or stop it, then try again.",
    "pair_unexamined": "The pair could not be looked at: the process that does so stopped. Try again; Details says more.",
}

PAIR_ERRORS: dict[str, str] = {
    "draft_recurrent": "{path} cannot draft for this target: it has another tokenizer, and its recurrent layers cannot go back to where "
    "its text would be read otherwise. Choose another draft.",
    "draft_vocab_mismatch": "Its drafts would have to be re-encoded, for its vocabulary is not the target's: they differ first at "
    "token {token} ({draft_token} in the draft, {target_token} in the target). Helix chooses that by itself only where a trial of the "
    "pair showed that it pays. Choose this draft by its name, or one from the same model family.",
    "draft_vocab_size": "Its drafts would have to be re-encoded, for its vocabulary is not the target's: it has "
    "{draft_size:token|tokens}, the target {target_size}. Helix chooses that by itself only where a trial of the pair showed that it "
    "pays. Choose this draft by its name, or one from the same model family.",
}

KINDS: dict[str, str] = {  # of prompts that a pair is tried with
    "chat": mark("Chat"),
    "story": mark("Story"),
    "code": mark("Code"),
    "list": mark("List"),
    "rewrite": mark("Rewrite"),
}


def level_text(fit: Fit) -> str:
    """The verdict in a sentence."""
    need, free = size_text(fit.need.total), size_text(fit.free or 0)
    if fit.level == "fits":
        return sentence(say("It fits: it takes {need} of the {free} that are free."), {"need": need, "free": free})
    if fit.level == "tight":
        text = say("It fits, but leaves little room: it takes {need} of the {free} that are free.")
        return sentence(text, {"need": need, "free": free})
    if fit.level == "short":
        return sentence(say("It does not fit: it takes {need}, and {free} are free."), {"need": need, "free": free})
    text = say("It takes {need}. How much memory is free on {device} is not known.")
    return sentence(text, {"need": need, "device": fit.device_name})


def fit_rows(fit: Fit) -> Iterator[tuple[str, str]]:
    """What takes how much."""
    need = fit.need
    yield say("Weights"), f"{size_text(need.weights, exact=True)} ({fit.format})"
    if need.draft_weights:
        yield say("Weights of the draft"), size_text(need.draft_weights, exact=True)
    tokens = counted(say("{n:token|tokens}"), {"n": fit.pool})
    yield say("Keys and values"), f"{size_text(need.cache, exact=True)} ({tokens})"
    if need.draft_cache:
        yield say("Keys and values of the draft"), size_text(need.draft_cache, exact=True)
    yield say("Passes and tables"), size_text(need.workspace, exact=True)
    yield say("Together"), size_text(need.total, exact=True)
    if fit.free is not None:
        free = size_text(fit.free, exact=True)
        yield say("Free"), f"{free} / {size_text(fit.total, exact=True)}" if fit.total else free


def way_text(way: Way) -> str:
    """What a person may choose instead."""
    takes = {"need": size_text(way.total)}
    if way.kind == "context":
        return counted(say("A context of {n:token|tokens}: {need}"), {"n": int(way.value), **takes})
    if way.kind == "pool":
        return counted(say("A pool of {n:token|tokens} for all replies: {need}"), {"n": int(way.value), **takes})
    if way.kind == "draft":
        return counted(say("Without the draft: {need}"), takes)
    name = way.value.replace("\\", "/").rpartition("/")[2]
    return counted(say("The file {name}: {need}"), {"name": name, **takes})


# ------------------------------------------------------------------------ pairs


def template_text(facts: PairFacts) -> str:
    """How their chat templates stand to each other."""
    if facts.verdict.differs and facts.template == "other":
        return say("another one, which the draft reads")
    return {
        "same": say("the same"),
        "other": say("another one; the draft reads the target's"),
        "none": say("one of them has none"),
    }[facts.template]


def verdict_text(verdict: Verdict) -> str:
    """How a model that can draft for a target does."""
    if verdict.differs:
        why = say(
            "Their vocabularies differ, first at token {token} ({draft_token} in the draft, {target_token} in the target)."
        )
        if verdict.differs == "draft_vocab_size":
            why = say("Their vocabularies differ: {draft_size:token|tokens} in the draft, {target_size} in the target.")
        how = say(
            "The draft is re-encoded: what it writes is cut into the target's tokens. The reply stays the target's own; "
            "whether it comes faster, a trial of the pair says."
        )
        return f"{sentence(why, dict(verdict.fields))} {how}"
    if verdict.head and not verdict.heavy:
        return say("They can be a pair: the draft is a head that fits this target, and drafts from its hidden states.")
    return heavy_text() if verdict.heavy else say("They can be a pair: the draft's tokens are the target's.")


def pair_rows(facts: PairFacts) -> Iterator[tuple[str, str]]:
    """What headers and vocabularies say."""
    share = facts.draft_parameters / max(1, facts.target_parameters)
    yield say("Target"), f"{facts.target_name}, {_count(facts.target_parameters)}"
    size = sentence(
        say("{size}, {share} of the target"), {"size": _count(facts.draft_parameters), "share": percent_text(share)}
    )
    yield say("Draft"), f"{facts.draft_name}, {size}"
    tokens = {"target": number(f"{facts.target_vocabulary:,}"), "draft": number(f"{facts.draft_vocabulary:,}")}
    if facts.verdict.head:
        yield say("Vocabulary"), counted(say("{draft} of the target's {target} tokens"), tokens)
        taken = ", ".join(str(layer) for layer in facts.layers)
        yield say("Hidden states"), counted(say("before the target's layers {layers}"), {"layers": taken})
        return
    yield say("Vocabulary"), counted(say("{target} tokens in the target, {draft} in the draft"), tokens)
    if facts.verdict.differs:
        yield (
            say("In common"),
            sentence(say("{share} of the draft's tokens, by their text"), {"share": percent_text(facts.shared)}),
        )
    for name, mine, other in facts.specials:
        label = say("Begin of text") if name == "bos_token" else say("End of a reply")
        yield label, sentence(say("{target} in the target, {draft} in the draft"), {"target": mine, "draft": other})
    yield say("Chat template"), template_text(facts)


def heavy_text() -> str:
    """What is said of a draft of the target's size."""
    return say("The draft is as large as the target: drafting costs as much as writing, and little can be gained.")


def probe_rows(probe: PairProbe) -> Iterator[tuple[str, str]]:
    """What a trial found."""
    if probe.by_text:
        text = say("{n} tokens of the target a draft, on average")
        yield say("Right by its text"), counted(text, {"n": number(f"{probe.tokens_a_call:.2f}")})
    yield say("Acceptance"), _shares(probe.acceptance, probe.acceptance_low, probe.acceptance_high)
    for kind in probe.kinds:
        if kind.drafted:
            yield (
                f"  {say(KINDS.get(kind.kind, kind.kind))}",
                f"{percent_text(kind.accepted / kind.drafted)} ({_of(kind.accepted, kind.drafted)})",
            )
    costs = {
        "draft": number(f"{probe.draft_cost:.2f}"),
        "verify": number(f"{probe.verify_cost:.2f}"),
        "k": str(probe.k),
    }
    yield say("Costs in plain steps"), sentence(say("{draft} a drafted token, {verify} to verify {k}"), costs)
    expected = _interval(probe.expected, probe.expected_low, probe.expected_high, ".2f", "x")
    yield say("Expected speed"), expected
    if probe.measured is None:
        return
    if probe.measured_low is None or probe.measured_high is None:
        few = say("{times}; too few replies for an interval")
        yield say("Measured speed"), sentence(few, {"times": number(f"{probe.measured:.2f}x")})
    else:
        yield say("Measured speed"), _interval(probe.measured, probe.measured_low, probe.measured_high, ".2f", "x")


def advice(probe: PairProbe) -> str:
    """What a trial means for whoever chooses a draft."""
    if probe.kept and not probe.by_text:
        return say("This pair is faster than the target alone, and draft auto takes it from now on.")
    if probe.kept:
        return say(
            "Re-encoding pays here: this pair is faster than the target alone, and draft auto takes it from now on."
        )
    best = probe.measured_low if probe.measured_low is not None else probe.expected_low
    worst = probe.measured_high if probe.measured_high is not None else probe.expected_high
    if best > 1.0:
        return say("This pair is faster than the target alone.")
    if probe.by_text and best <= 1.0:
        return say("Re-encoding does not pay here, or too little to tell. Choose n-gram drafts, which cost nothing.")
    if worst < 1.0:
        return say(
            "This pair is slower than the target alone. Choose n-gram drafts, which cost nothing, or a smaller draft."
        )
    return say("There is no clear difference to the target alone. N-gram drafts cost nothing and need no second model.")


def _interval(value: float, low: float, high: float, form: str, unit: str = "") -> str:
    return number(f"{value:{form}}{unit} ({low:{form}}–{high:{form}}{unit})")


def _shares(value: float, low: float, high: float) -> str:
    return f"{percent_text(value)} ({percent_text(low).removesuffix(' %')}–{percent_text(high)})"


def _of(part: int, whole: int) -> str:
    return number(f"{part:,} / {whole:,}")


def _count(parameters: int) -> str:
    millions = parameters / 1e6
    return number(f"{millions / 1000:.1f} B" if millions >= 1000 else f"{millions:.0f} M")
