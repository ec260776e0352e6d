"""What a decoder is to a runner; ``make.py`` and ``packed/decoder.py`` have them, and layers that draft are such."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from helix_app.engine.kernels.attention import Span
from helix_app.engine.models.step_graphs import StepGraphs
from helix_app.engine.models.tensors.weights import WeightSource
from helix_app.modelfiles.config import ModelConfig


@dataclass(frozen=True)
class Mapped:
    """Weights that stay where their file is mapped: how many numbers, and the bytes of them there."""

    numbers: int = 0
    nbytes: int = 0


class AnyDecoder(Protocol):
    """A model, ready to run after ``load``.

    Attributes:
        config: its shape.
        dtype, device: of weights and activations.
        max_positions: positions that the rotary table covers.
        cache_dtype: of keys and values.
        bits: of weights that were rounded for torch's packed products, 0 for any other.
        parameters: number of weights.
        rounded: tensors that were rounded to fewer bits than their file holds.
        can_be_exact: spans that ask for it get results that do not depend on the number of rows.
        graphs: recorded passes, where the device has them.
    """

    config: ModelConfig
    dtype: torch.dtype
    device: torch.device
    max_positions: int
    cache_dtype: torch.dtype
    bits: int
    parameters: int
    rounded: int
    can_be_exact: bool
    graphs: StepGraphs | None

    @property
    def format(self) -> str:
        """The number format by name: ``float32``, ``int4``, ``packed``, as in ``ModelReady``."""
        ...

    @property
    def kernels(self) -> tuple[str, ...]:
        """Kinds of the linear layers in use: those of a layer, then the output head."""
        ...

    @property
    def weight_bytes(self) -> int:
        """Bytes of weights that a plain decode step reads: all layers, the output head, one row of the embeddings."""
        ...

    def load(self, source: WeightSource, like: Any = None) -> Iterator[float]:
        """Load the weights; yields the fraction done, 0..1. Nothing runs before the last one.

        Args:
            like: a decoder of the same kind and weights in another format, to share embeddings and output head with.

        Raises:
            ModelFileError: weights that are missing, damaged or of another shape.
            RuntimeError: the device's own errors (out of memory among them).
        """
        ...

    def release(self) -> None:
        """Free the weights, whoever still holds this object; it cannot run then."""
        ...

    def forward_many(self, ids: torch.Tensor, spans: Sequence[Span]) -> torch.Tensor:
        """Run the tokens of all spans, one after the other in ``ids``, and write their keys and values.

        Args:
            ids: token ids ``[rows of all spans]`` on this decoder's device.

        Returns:
            Logits ``[logit_rows of all spans, vocab_size]``, in float32 or in the decoder's own format.
        """
        ...


class HiddenDecoder(AnyDecoder, Protocol):
    """One whose passes hand out hidden states, for a layer that drafts.

    Attributes:
        gives_hidden: spans get the states that they ask for (``Span.handed``).
        state_layers: where these layers begin the stream is taken; () for what the model's own such layer takes.
    """

    gives_hidden: bool
    state_layers: tuple[int, ...]

    def embedded(self, ids: torch.Tensor) -> torch.Tensor:
        """Embeddings ``[rows, hidden]`` of tokens ``[rows]`` as the file holds them."""
        ...


def bent(logits: torch.Tensor, config: ModelConfig) -> torch.Tensor:
    """Logits ``[rows, vocab]`` as the model means them; may change them in place."""
    if config.logit_scale != 1.0:
        logits = logits.mul_(config.logit_scale)
    if config.logit_softcap:
        logits = logits.div_(config.logit_softcap).tanh_().mul_(config.logit_softcap)
    return logits


def bytes_of(part: Any) -> int:
    """Bytes of the tensors that a part of a model holds, packed ones as they are packed."""
    if isinstance(part, torch.Tensor):
        return part.numel() * part.dtype.itemsize
    own = sum(bytes_of(t) for t in vars(part).values() if isinstance(t, torch.Tensor))
    own += sum(bytes_of(one) for one in getattr(part, "joined", ()))
    return own + int(getattr(part, "packed_bytes", 0))
