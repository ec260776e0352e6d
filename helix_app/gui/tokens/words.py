"""What is said about a token and a round, from the events' own numbers."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from helix_app.base import messages
from helix_app.base.language import number
from helix_app.gui.kit import figures
from helix_app.protocol.events import ProposedToken, Provenance
from helix_app.runs.trace import PROMPT, Trace

SHOWN = 3  # best alternatives


def tr(text: str) -> str:
    """Translate in the context of the inspector."""
    return QCoreApplication.translate("inspect", text)


def origin(provenance: Provenance) -> str:
    """What a provenance is called."""
    return {
        "accepted": tr("accepted: the draft proposed it, the target agreed"),
        "corrected": tr("corrected: the target's own, after a rejected draft token"),
        "bonus": tr("bonus: the target's own, after a fully accepted draft"),
        "plain": tr("plain: decoded without a draft"),
    }[provenance]


def probability(value: float) -> str:
    """0.12345 as ``0.123``; what is tiny keeps a digit that matters."""
    return number(f"{value:.3f}" if value >= 0.0005 or value == 0 else f"{value:.0e}")


def ratio(proposed: ProposedToken) -> float:
    """min(1, p/q): how likely the target was to accept it."""
    q = proposed.draft_prob
    return min(1.0, proposed.target_prob / q) if q > 0 else 1.0


def milliseconds(seconds: float) -> str:
    """0.0213 as ``21.3 ms``."""
    return number(f"{seconds * 1000:,.1f} ms")


def quoted(text: str) -> str:
    """A token's text with its white space made visible."""
    return "“" + text.replace("\n", "↵").replace("\t", "⇥").replace(" ", "\u2423") + "”"


def source(code: str) -> str:
    """What drafted: ``ngram:4`` as ``n-gram of 4``."""
    kind, _, number = code.partition(":")
    if kind == "ngram":
        return tr("n-gram of {n}").format(n=number)
    if kind == "table":
        return messages.fill(tr("n-gram table, {n:token|tokens} of context"), n=number)
    named = {
        "self": tr("the target in fewer bits"),
        "mtp": tr("the target's own layer"),
        "head": tr("a head made for the target"),
        "model": tr("draft model"),
        "reencoded": tr("draft model, re-encoded"),
        "grammar": tr("the grammar"),
    }
    return named.get(kind, code or figures.UNKNOWN)


def token_lines(trace: Trace, token: int, *, brief: bool = False) -> list[str]:
    """Everything that is known about a token; ``brief`` leaves its round out."""
    emitted, number = trace.tokens[token], trace.round_of[token]
    lines = [f"{quoted(emitted.text)}  #{token + 1}", origin(emitted.provenance)]
    if number == PROMPT:
        lines.append(tr("First token: the prompt's own pass gave it"))
    elif not brief:
        event = trace.rounds[number]
        lines.append(tr("Round {n}, k = {k}").format(n=figures.count(event.index + 1), k=event.k))
        if event.source:
            lines.append(tr("Drafted by: {source}").format(source=source(event.source)))
    lines.append(tr("Target probability p = {p}").format(p=probability(emitted.target_prob)))
    proposed = trace.proposal_of(token)
    if proposed is not None and emitted.provenance == "accepted":
        lines.append(tr("Draft probability q = {q}").format(q=probability(proposed.draft_prob)))
        lines.append(tr("min(1, p/q) = {r}").format(r=probability(ratio(proposed))))
    elif proposed is not None:
        lines.append(tr("In place of {text}, which was rejected:").format(text=quoted(proposed.text)))
        lines.append(proposal_line(proposed))
    if emitted.alternatives:
        best = [f"{quoted(a.text)} {probability(a.target_prob)}" for a in emitted.alternatives[:SHOWN]]
        lines.append(tr("Likeliest here: {best}").format(best=",  ".join(best)))
    block = trace.block_of(token)
    slot = trace.slot_of(token)
    if block is None:
        lines.append(tr("Slot {slot}").format(slot=figures.count(slot)))
    else:
        lines.append(tr("Slot {slot}, in block {block}").format(slot=figures.count(slot), block=figures.count(block)))
    return lines


def ghost_lines(trace: Trace, token: int, position: int) -> list[str]:
    """What is known about a rejected draft token."""
    event = trace.rounds[trace.round_of[token]]
    proposed = event.proposed[position]
    why = tr("rejected by the target") if position == event.accepted else tr("dropped: it came after a rejected one")
    return [
        quoted(proposed.text),
        why,
        tr("Round {n}, k = {k}").format(n=figures.count(event.index + 1), k=event.k),
        proposal_line(proposed),
    ]


def proposal_line(proposed: ProposedToken) -> str:
    """q, p and min(1, p/q) of a proposed token."""
    return tr("q = {q}, p = {p}, min(1, p/q) = {r}").format(
        q=probability(proposed.draft_prob), p=probability(proposed.target_prob), r=probability(ratio(proposed))
    )


def reason(trace: Trace, number: int) -> str:
    """Why the controller chose the k of a round."""
    return messages.k_reason_text(trace.rounds[number].k_reason)
