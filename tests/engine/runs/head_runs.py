"""Runners and sessions of tiny models with a draft head."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.on_target.head import HeadDraft
from helix_app.engine.kernels.packed.library import CORE
from helix_app.engine.models.base import HiddenDecoder
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.drafting.eagle import EagleHead
from helix_app.engine.models.packed.decoder import PackedDecoder
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.models.tensors.head_weights import BLOCKS, HeadWeights
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.engine.text.tokenizer import load_tokenizer
from helix_app.modelfiles.draft_head import inspect_head
from helix_app.modelfiles.model_path import inspect
from tests.engine.models.packed.test_decoder import packed_runner
from tests.engine.runs.next_token_runs import CPU
from tests.engine.runs.on_target import OnTarget, Runners, over_one_pool

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
        assert isinstance(target, (Decoder, PackedDecoder))
        products = target.products
        assert products is not None
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
    config = target.config.with_layer(head.files.layer_in(target.config))
    return over_one_pool(target, head, config, blocks, order, size)


def drafter(draft: ModelRunner) -> HeadDraft:
    """A draft by the head."""
    assert isinstance(draft.decoder, EagleHead)
    return HeadDraft(draft, draft.decoder.vocabulary)


class Headed(OnTarget):
    """A target and a head for it; loaded once."""

    kind = "head"

    def __init__(self, path: Path, folder: Path, dtype: torch.dtype = torch.float32, packed: bool = False) -> None:
        """``packed``: the target on the file's own blocks, and its head in eight bits."""
        self.key = path.name, "packed" * packed, dtype
        self.tokenizer = load_tokenizer(inspect(path))
        decoder: Any = packed_runner(path).decoder if packed else target_of(path, dtype)
        self.target, self.layer = decoder, head_of(decoder, folder, packed=packed)
        self.parts: Parts = decoder, self.layer

    def runners(self, blocks: int, order: Sequence[int] | None, size: int) -> Runners:
        return joined(self.parts, blocks, order, size)

    def drafter(self, layer: ModelRunner) -> Draft:
        return drafter(layer)
