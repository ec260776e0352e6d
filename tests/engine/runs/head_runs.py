"""Runners and sessions of tiny models with a draft head."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.on_target.head import HeadDraft
from helix_app.engine.kernels.packed.library import CORE
from helix_app.engine.models.base import HiddenDecoder
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.drafting.eagle import EagleHead
from helix_app.engine.models.drafting.hidden_states import DraftStates, TargetStates
from helix_app.engine.models.packed.decoder import PackedDecoder
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.models.tensors.head_weights import BLOCKS, HeadWeights
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.engine.rounds.session import Session
from helix_app.engine.text.tokenizer import load_tokenizer
from helix_app.modelfiles.draft_head import inspect_head
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.tiny import EOS_ID
from tests.engine.runs.crowds import Models
from tests.engine.runs.next_token_runs import CPU
from tests.engine.runs.paged import paged

Parts = tuple[HiddenDecoder, EagleHead]


def target_of(path: Path, dtype: torch.dtype = torch.float32, context: int = 256) -> Decoder:
    """A target, loaded."""
    files = inspect(path)
    decoder = Decoder(files.config, dtype=dtype, device=CPU, max_positions=context, linear_kind="plain")
    with open_weights(files) as source:
        assert list(decoder.load(source))[-1] == 1.0
    return decoder


def head_of(target: HiddenDecoder, folder: Path, *, packed: bool = False) -> EagleHead:
    """A head for it, loaded; ``packed``: in eight bits, over a target with packed weights."""
    files, products = inspect_head(folder), None
    if packed:
        assert isinstance(target, PackedDecoder)
        products = target.products
        products.library.add((CORE, BLOCKS))
    layer = EagleHead(files, target, target.dtype, products)
    with HeadWeights(files, len(layer.layers), rounded=packed) as source:
        assert list(layer.load(source))[-1] == 1.0
    return layer


def joined(
    parts: Parts, blocks: int = 8, order: Sequence[int] | None = None, size: int = 16
) -> tuple[ModelRunner, ModelRunner]:
    """Runners of both over one pool."""
    target, head = parts
    runner = paged(target, blocks, size, order, target.config.with_layer(head.files.layer_in(target.config)))
    draft = ModelRunner(head, runner.pool, runner.cache)
    draft.hidden = DraftStates(TargetStates(runner, head))
    return runner, draft


def drafter(draft: ModelRunner) -> HeadDraft:
    """A draft by the head."""
    assert isinstance(draft.decoder, EagleHead)
    return HeadDraft(draft, draft.decoder.vocabulary)


class Headed(Models):
    """A target and a head for it; loaded once."""

    def __init__(self, path: Path, folder: Path, dtype: torch.dtype = torch.float32) -> None:
        self.key = path.name, "", dtype
        self.tokenizer = load_tokenizer(inspect(path))
        decoder = target_of(path, dtype)
        self.target, self.head = decoder, head_of(decoder, folder)
        self.parts: Parts = decoder, self.head

    def session(
        self,
        draft: str = "none",
        blocks: int = 128,
        order: Sequence[int] | None = None,
        draft_blocks: int = 128,
        size: int = 16,
    ) -> Session:
        """A fresh session that drafts by ``none``, ``ngram``, ``head`` or ``mixed-head``."""
        runner, layer = joined(self.parts, blocks, order, size)
        own = drafter(layer)
        if "head" not in draft:
            runner.hidden = None
        kinds: dict[str, Draft | None] = {"none": None, "ngram": NgramDraft(), "head": own}
        kinds["mixed-head"] = MixedDraft(NgramDraft(), own)
        return Session(runner, self.tokenizer, kinds[draft], frozenset({EOS_ID}))
