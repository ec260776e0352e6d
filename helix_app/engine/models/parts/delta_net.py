"""A recurrent half of a layer: the gated delta rule behind a causal convolution, in float32.

Rows that may be taken back, and few rows of a prompt, run one by one, so that a row's bits do not depend on those after
it; more of them chunk by chunk. Source: Gated Delta Networks (arXiv 2412.06464), as in Qwen3-Next and Qwen3.5.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from helix_app.engine.cache.state_cache import StateView, tail_after
from helix_app.engine.kernels.attention import EXACT_ROWS
from helix_app.engine.kernels.delta_rule import DeltaRows, chunked, convolved, of_length_one, steps
from helix_app.engine.kernels.linear import LinearFn
from helix_app.engine.models.linears import LinearMaker
from helix_app.engine.models.parts import part
from helix_app.engine.models.parts.part import Linear, Part, Pass
from helix_app.engine.models.tensors.delta_weights import GATES, VECTORS
from helix_app.engine.models.tensors.weights import WeightSource
from helix_app.modelfiles.config import ModelConfig

FEW_ROWS = 8  # that run one by one where nothing asks for exact bits


class DeltaNet(Part):
    """Queries, keys, values and output gate in one product, rates and decays in another.

    Attributes:
        convolution: weights ``[kernel, channels]``.
        decay: minus the speed at which each head forgets, ``[heads]``; ``decay_bias`` is added to its step.
        norm: weights of the norm over each head's output ``[value_dim]``.
    """

    weights = "mixed_in", "gates", "out", "convolution", "decay", "decay_bias", "norm"

    def __init__(
        self,
        config: ModelConfig,
        index: int,
        linears: tuple[LinearFn, LinearFn, LinearFn],
        vectors: tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor],
    ) -> None:
        assert config.recurrent is not None
        self._config, self._sizes = config, config.recurrent
        self._layer = config.recurrent_layers.index(index)
        self.mixed_in, self.gates, self.out = linears
        self.convolution, self.decay, self.decay_bias, self.norm = vectors
        self._seen = self.convolution.unbind(0)

    @property
    def linears(self) -> Sequence[Linear]:
        """Its linear layers in the order in which they run."""
        hidden, sizes = self._config.hidden_size, self._sizes
        return (
            Linear("delta_in", self.mixed_in, sizes.channels + sizes.inner, hidden),
            Linear("delta_gates", self.gates, 2 * sizes.value_heads, hidden),
            Linear("delta_out", self.out, hidden, sizes.inner),
        )

    def __call__(self, x: torch.Tensor, step: Pass) -> torch.Tensor:
        """From normed rows ``[rows, hidden]`` to what is added to the stream, ``[rows, hidden]``."""
        sizes, heads = self._sizes, self._sizes.value_heads
        mixed = part.run_linear(self.mixed_in, x, "delta_in" in step.paired, step.pieces).float()
        rates, speeds = (
            part.run_linear(self.gates, x, "delta_gates" in step.paired, step.pieces).float().split(heads, dim=1)
        )
        inputs, gate = mixed[:, : sizes.channels], mixed[:, sizes.channels :]
        rates, log_decays = rates.sigmoid(), F.softplus(speeds + self.decay_bias) * self.decay
        outputs, at = [], 0
        for state, exact in zip(step.states, step.exact):
            own = slice(at, at + state.rows)
            outputs.append(self._mixed(state, inputs[own], rates[own], log_decays[own], exact))
            at += state.rows
        y = outputs[0] if len(outputs) == 1 else torch.cat(outputs)
        y = F.rms_norm(y, (sizes.value_dim,), self.norm, self._config.norm_eps) * F.silu(gate).view(y.shape)
        y = y.view(x.shape[0], sizes.inner).to(x.dtype)
        return part.run_linear(self.out, y, "delta_out" in step.paired, step.pieces)

    def _mixed(
        self, view: StateView, inputs: torch.Tensor, rates: torch.Tensor, log_decays: torch.Tensor, exact: bool
    ) -> torch.Tensor:
        """What the rows of one sequence read from its state ``[rows, heads, value_dim]``."""
        layer, count = self._layer, view.rows
        one_by_one = count <= (EXACT_ROWS if exact else FEW_ROWS)
        state, tail = view.begin(layer, own=count > 1)
        rows = self._rows(convolved(tail, inputs, self._seen), rates, log_decays)
        if count <= EXACT_ROWS:
            outputs, added = steps(state, rows) if one_by_one else chunked(state, rows)
            view.add(layer, added, inputs)
            return outputs
        border = view.border
        outputs, _ = chunked(state, rows.part(0, border))
        view.settle(layer, state, tail_after(tail, inputs[:border]), border)
        if border == count:
            return outputs
        rest, added = steps(state, rows.part(border, count))
        view.add(layer, added, inputs[border:], border)
        return torch.cat((outputs, rest))

    def _rows(self, mixed: torch.Tensor, rates: torch.Tensor, log_decays: torch.Tensor) -> DeltaRows:
        sizes, count = self._sizes, mixed.shape[0]
        width = sizes.key_heads * sizes.key_dim
        both = of_length_one(mixed[:, : 2 * width].reshape(count, 2, sizes.key_heads, sizes.key_dim))
        queries, keys = (self._for_values(x) for x in both.unbind(1))
        values = mixed[:, 2 * width :].view(count, sizes.value_heads, sizes.value_dim)
        return DeltaRows(queries * sizes.key_dim**-0.5, keys, values, log_decays, rates)

    def _for_values(self, x: torch.Tensor) -> torch.Tensor:
        """Key heads ``[rows, key_heads, dim]`` as the value heads use them."""
        times = self._sizes.value_heads // self._sizes.key_heads
        if times == 1:
            return x
        return x.repeat(1, times, 1) if self._sizes.tiled else x.repeat_interleave(times, dim=1)


def load_delta_net(config: ModelConfig, maker: LinearMaker, source: WeightSource, index: int) -> DeltaNet:
    """The recurrent half of a layer. Raises ModelFileError."""
    mixed_in = maker.linear(source, ("delta_qkv", "delta_gate"), index, bias=False)
    gates = maker.dense(source, GATES, index)
    out = maker.linear(source, ("delta_out",), index, bias=False)
    convolution, decay, bias, gain = (maker.wide(source, role, index) for role in VECTORS)
    return DeltaNet(config, index, (mixed_in, gates, out), (convolution.T.contiguous(), decay, bias, gain))
