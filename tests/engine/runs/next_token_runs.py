"""Runners and sessions of tiny models with a layer that drafts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.on_target.next_token import NextTokenDraft
from helix_app.engine.kernels.packed.library import shared
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.drafting.next_token import NextTokenLayer
from helix_app.engine.models.drafting.shared import Drafted
from helix_app.engine.models.make import product_decoder
from helix_app.engine.models.packed.decoder import PackedDecoder, by_products, kernel_parts, packed_formats
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.engine.text.tokenizer import load_tokenizer
from helix_app.modelfiles.model_path import ModelFiles, inspect
from helix_app.protocol.requests import GenerateRequest
from tests.engine.made.next_token import sentence
from tests.engine.made.tiny import ask
from tests.engine.runs.on_target import OnTarget, Runners, over_one_pool

CPU = torch.device("cpu")


def files_with(path: Path, normed: bool | None = None) -> ModelFiles:
    """A model whose layer takes hidden states after the final norm, or before it; None for what it is."""
    files = inspect(path)
    own = files.config.next_token
    assert own is not None
    config = replace(files.config, next_token=replace(own, normed=own.normed if normed is None else normed))
    return replace(files, config=config)


def parts_of(
    files: ModelFiles, dtype: torch.dtype = torch.float32, context: int = 256, packed: bool = False
) -> tuple[Drafted, NextTokenLayer]:
    """The target and its layer, loaded; ``packed`` on the file's own blocks."""
    decoder: Drafted = Decoder(files.config, dtype=dtype, device=CPU, max_positions=context, linear_kind="plain")
    if packed:
        shared().add(kernel_parts(files.config, packed_formats(files)))
        decoder = (product_decoder if by_products(files.config) else PackedDecoder)(files.config, context, threads=2)
    layer = NextTokenLayer(decoder)
    with open_weights(files) as source:
        assert list(decoder.load(source))[-1] == 1.0
        assert list(layer.load(source))[-1] == 1.0
    return decoder, layer


def joined(
    parts: tuple[Drafted, NextTokenLayer], blocks: int, order: Sequence[int] | None = None, size: int = 16
) -> tuple[ModelRunner, ModelRunner]:
    """Runners of both over one pool."""
    decoder, layer = parts
    return over_one_pool(decoder, layer, layer.config, blocks, order, size)


def runner_with(
    path: Path, normed: bool | None = None, blocks: int = 8, order: Sequence[int] | None = None, packed: bool = False
) -> tuple[ModelRunner, ModelRunner]:
    """Runners of a target and of its layer."""
    return joined(parts_of(files_with(path, normed), packed=packed), blocks, order)


def drafter(draft: ModelRunner) -> NextTokenDraft:
    """A draft by the layer."""
    return NextTokenDraft(draft, draft.decoder.config.vocab_size)


class Taught(OnTarget):
    """A target and its layer that were taught the same language (``next_token.train``); loaded once."""

    kind = "mtp"

    def __init__(self, path: Path, dtype: torch.dtype = torch.float32, packed: bool = False) -> None:
        files = files_with(path)
        self.key = path.name, "packed" * packed, dtype
        self.tokenizer = load_tokenizer(files)
        self.target, self.layer = parts_of(files, dtype, packed=packed)

    def runners(self, blocks: int, order: Sequence[int] | None, size: int) -> Runners:
        return joined((self.target, self.layer), blocks, order, size)

    def drafter(self, layer: ModelRunner) -> Draft:
        return drafter(layer)


SAID = tuple(sentence(random.Random(i), 4 + 3 * i) for i in range(6))


def asked(**options: object) -> list[GenerateRequest]:
    """A request for each of some sentences, of different lengths."""
    return [ask(text, **{"request_id": f"r{i}", "max_tokens": 14 + 5 * i, **options}) for i, text in enumerate(SAID)]
