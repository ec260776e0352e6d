"""What the engine asks of a DirectML device, measured live on the simulated one (``simulated_directml.py``).

A tiny random decoder of as many layers as the default model decodes one token plainly and runs speculative rounds.
Names and counts do not depend on how large its layers are.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from helix_app.doctor.self_test import make_runner
from helix_app.engine.drafts.model import ModelDraft
from helix_app.engine.drafts.proposal import DraftRequest
from helix_app.engine.models.runner import ModelRunner, Rows
from helix_app.protocol.requests import SamplingParams
from tests.engine.directml.simulated_directml import DEVICE, SimulatedDirectML

LAYERS, DRAFTED = 30, 4
_DRAFT_LAYERS = 2
_PROMPT = tuple(range(3, 40))
_SAMPLING = SamplingParams(temperature=0.8, top_k=40, top_p=0.95)


@dataclass(frozen=True)
class Work:
    """What runs on the device for a token or a round.

    Attributes:
        operators: kernels by name and overload, the most frequent first.
        synchronisations: times the host waits for the device.
        uploads: copies to the device; nobody waits for those.
    """

    operators: tuple[tuple[str, int], ...]
    synchronisations: int
    uploads: int

    @property
    def total(self) -> int:
        """All kernels."""
        return sum(count for _, count in self.operators)


@dataclass(frozen=True)
class Coverage:
    """What the engine needs of the device.

    Attributes:
        layers, drafted: of the decoder, and tokens of a speculative round.
        plain: of a token decoded plainly.
        ngram_round: of a round with tokens that the text suggested.
        model_round: of a round with a draft model of ``draft_layers`` layers at temperature 0.
        sampled_round: of the same with sampling.
        violations: what the device cannot do, or not by itself; empty when all of it runs there.
    """

    layers: int
    draft_layers: int
    drafted: int
    plain: Work
    ngram_round: Work
    model_round: Work
    sampled_round: Work
    violations: tuple[str, ...]


def coverage(dtype: torch.dtype = torch.float16, layers: int = LAYERS, draft_layers: int = _DRAFT_LAYERS) -> Coverage:
    """Run the engine on the simulated device and count (about a second)."""
    with SimulatedDirectML(strict=False) as device:
        sequence = _Sequence(device, make_runner(DEVICE, dtype, layers), make_runner(DEVICE, dtype, draft_layers))
        return Coverage(
            layers=layers,
            draft_layers=draft_layers,
            drafted=DRAFTED,
            plain=sequence.work(lambda: sequence.known(())),
            ngram_round=sequence.work(lambda: sequence.known(_PROMPT[:DRAFTED])),
            model_round=sequence.work(lambda: sequence.drafted(SamplingParams(temperature=0.0))),
            sampled_round=sequence.work(lambda: sequence.drafted(_SAMPLING)),
            violations=tuple(device.violations),
        )


def counts() -> dict[str, int]:
    """The figures of ``coverage`` by what they are called in a report."""
    found = coverage()
    return {
        "a plain token": found.plain.total,
        f"a round of {found.drafted} n-gram tokens": found.ngram_round.total,
        f"a round of {found.drafted} tokens of a draft model": found.sampled_round.total,
        "waits for the device a round": max(found.plain.synchronisations, found.sampled_round.synchronisations),
        "not on the device": len(found.violations),
    }


@dataclass
class _Sequence:
    """A sequence that grows by one round after the other; every proposal is taken to be wrong."""

    device: SimulatedDirectML
    target: ModelRunner
    draft_runner: ModelRunner
    name: str = "coverage"
    tokens: list[int] = field(default_factory=lambda: list(_PROMPT))

    def __post_init__(self) -> None:
        self.target.open(self.name, ())
        self.target.forward(self.name, self.tokens[:-1], 1)
        self._draft = ModelDraft(self.draft_runner, self.target.decoder.config.vocab_size)
        self._draft.begin(self.name)

    def work(self, round_of: Callable[[], None]) -> Work:
        """What a round asks of the device, once all that happens only the first time has happened."""
        round_of()
        self.device.reset()
        round_of()
        device = self.device
        return Work(tuple(device.operators.most_common()), device.synchronisations, device.uploads)

    def known(self, ids: tuple[int, ...]) -> None:
        """A round with these drafted tokens."""
        self._next(int(self.target.forward(self.name, (self.tokens[-1], *ids), len(ids) + 1)[0].argmax()))

    def drafted(self, params: SamplingParams) -> None:
        """A round that the draft model drafts for."""
        pending = self._draft.propose(DraftRequest(self.tokens, DRAFTED, params, random.random)).pending
        assert pending is not None
        rows = Rows(self.name, self.tokens[-1:], DRAFTED + 1, tail=pending.ids)
        logits, *home = self.target.forward_many((rows,), carried=pending.sent)
        pending.arrived(home)
        self._next(int(logits[0].argmax()))

    def _next(self, token: int) -> None:
        self.target.commit(self.name, self.tokens)
        self.tokens.append(token)
        self._draft.settle(self.tokens)
