"""The feed-forward half of a layer: a gated multilayer perceptron."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from helix_app.engine.kernels.linear import LinearFn
from helix_app.engine.models.linears import LinearMaker
from helix_app.engine.models.parts import part
from helix_app.engine.models.parts.part import Linear, Part, Pass
from helix_app.engine.models.tensors.weights import WeightSource
from helix_app.modelfiles.config import ModelConfig


class GatedMlp(Part):
    """``down(activation(gate(x)) * up(x))``, gate and up in one product."""

    weights = "gate_up", "down"

    def __init__(
        self,
        config: ModelConfig,
        gate_up: LinearFn,
        down: LinearFn,
        inner: int,
        names: tuple[str, str] = ("gate_up", "down"),
    ) -> None:
        """
        Args:
            inner: the width between its linear layers.
            names: of these.
        """
        self.gate_up, self.down, self._config, self._inner, self._names = gate_up, down, config, inner, names

    @property
    def linears(self) -> Sequence[Linear]:
        """Its linear layers in the order in which they run."""
        hidden, inner, (first, last) = self._config.hidden_size, self._inner, self._names
        return Linear(first, self.gate_up, 2 * inner, hidden), Linear(last, self.down, hidden, inner)

    def __call__(self, x: torch.Tensor, step: Pass) -> torch.Tensor:
        """From normed rows ``[rows, hidden]`` to what is added to the stream, ``[rows, hidden]``."""
        first, last = self._names
        gate, up = halves(part.run_linear(self.gate_up, x, first in step.paired, step.pieces))
        activated = F.silu(gate) if self._config.activation == "silu" else F.gelu(gate, approximate="tanh")
        return part.run_linear(self.down, activated.mul_(up), last in step.paired, step.pieces)


def load_mlp(config: ModelConfig, maker: LinearMaker, source: WeightSource, index: int) -> GatedMlp:
    """The feed-forward half of a layer. Raises ModelFileError."""
    gate_up = maker.linear(source, ("gate", "up"), index, config.mlp_bias)
    down = maker.linear(source, ("down",), index, config.mlp_bias)
    return GatedMlp(config, gate_up, down, config.inner_size(index))


def halves(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The columns of ``x`` ``[rows, 2 * half]``, contiguous, as ``chunk`` splits them, in a quarter of its time."""
    rows, width = x.shape
    half, at = width // 2, x.storage_offset()
    return x.as_strided((rows, half), (width, 1), at), x.as_strided((rows, half), (width, 1), at + half)
