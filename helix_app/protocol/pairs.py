"""Whether two models can be a pair, what such a pair takes, and what it was measured to bring."""

from __future__ import annotations

from dataclasses import dataclass

from helix_app.protocol.events import Failed
from helix_app.protocol.models.fit import Fit


@dataclass(frozen=True)
class Verdict:
    """Why a model can draft for a target or cannot, in short: for a list of all that are installed.

    Attributes:
        draft: path of the model.
        code: of a sentence in ``messages.ERRORS``; empty where it can.
        fields: of that sentence, or of the one of ``differs``.
        differs: code of a sentence about the vocabularies where they differ: its drafts are re-encoded then.
        heavy: it is as large as the target or larger, so that there is little to gain.
        head: it is a draft head.
    """

    draft: str
    code: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    heavy: bool = False
    differs: str = ""
    head: bool = False


@dataclass(frozen=True)
class VerdictsAsked:
    """Which of these models can draft for a target; answered by ``VerdictsFound``."""

    target: str
    drafts: tuple[str, ...]


@dataclass(frozen=True)
class VerdictsFound:
    """A verdict for each model that was asked about."""

    target: str
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True)
class PairFacts:
    """What headers and vocabularies say of a pair.

    Attributes:
        verdict: whether it can be one.
        target_parameters, draft_parameters: numbers in their weights.
        target_vocabulary, draft_vocabulary: tokens.
        shared: of the draft's tokens, the part that the target has, too, by its text and whatever its number.
        specials: (name, text in the target, text in the draft) of special tokens that differ.
        template: ``same``, ``other``, or ``none`` where one of the two has none.
        layers: where these layers of the target begin a draft head takes its hidden states.
    """

    target_name: str
    draft_name: str
    verdict: Verdict
    target_parameters: int
    draft_parameters: int
    target_vocabulary: int
    draft_vocabulary: int
    shared: float
    specials: tuple[tuple[str, str, str], ...] = ()
    template: str = "same"
    layers: tuple[int, ...] = ()


@dataclass(frozen=True)
class KindProbe:
    """What was drafted and accepted on prompts of one kind."""

    kind: str
    drafted: int
    accepted: int


@dataclass(frozen=True)
class PairProbe:
    """What a short trial of a pair found.

    Attributes:
        kinds: by kind of prompt.
        acceptance: the share of single drafted tokens that stand after those before them stood; with its interval.
        k: tokens of a draft that the expected speed-up is reckoned with.
        draft_cost: a step of the draft over a plain step of the target.
        verify_cost: a verification of ``k`` tokens over a plain step.
        expected, expected_low, expected_high: tokens a second with the draft over those without, as reckoned.
        measured, measured_low, measured_high: as measured, on the same prompts, with the policy ``auto``; None where
            the time was over before.
        plain_tokens_per_second: of the target alone.
        seconds: that the trial took.
        by_text: the tokenizers differ: drafts were re-encoded.
        kept: ``draft auto`` takes this pair from now on; only where ``by_text``, or with a draft head.
        tokens_a_call: where ``by_text``, the target's tokens of a draft that stood, on average.
    """

    kinds: tuple[KindProbe, ...]
    acceptance: float
    acceptance_low: float
    acceptance_high: float
    k: int
    draft_cost: float
    verify_cost: float
    expected: float
    expected_low: float
    expected_high: float
    measured: float | None = None
    measured_low: float | None = None
    measured_high: float | None = None
    plain_tokens_per_second: float | None = None
    seconds: float = 0.0
    by_text: bool = False
    kept: bool = False
    tokens_a_call: float = 0.0


@dataclass(frozen=True)
class PairAsked:
    """Look at a pair; answered by ``PairExamined``.

    Attributes:
        target, draft: paths.
        context: tokens, None for the default.
        probe: try it, too, for about half a minute.
        installed: paths of models on this computer, among which a better draft may be.
        cache_tokens: as in ``LoadRequest``.
    """

    target: str
    draft: str
    context: int | None = None
    device: str = "auto"
    dtype: str = "auto"
    probe: bool = False
    installed: tuple[str, ...] = ()
    cache_tokens: int | None = None


@dataclass(frozen=True)
class PairExamined:
    """What was found. With ``failed`` nothing else is known.

    Attributes:
        fit: of both.
        better: paths of installed models that would draft for less, the smallest first.
    """

    facts: PairFacts | None = None
    fit: Fit | None = None
    probe: PairProbe | None = None
    better: tuple[str, ...] = ()
    failed: Failed | None = None
