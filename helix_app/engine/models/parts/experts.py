"""The feed-forward half of a mixture of experts: a router gives each row to a few of many perceptrons.

Rows are grouped by expert, so that each expert's matrices are read once for all rows that are given to it; a batch may
wake more experts than a row does, and then costs more. A row's result does not depend on the rows beside it, as far as
products do not (``part.run_linear``): rows of a prompt, which other kernels may compute, are kept apart from those of a
round where that matters, and what the experts give is added in the order of their numbers, in float32.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F

from helix_app.engine.kernels.attention import EXACT_ROWS
from helix_app.engine.kernels.linear import LinearFn
from helix_app.engine.models.base import bytes_of
from helix_app.engine.models.linears import LinearMaker
from helix_app.engine.models.parts import part
from helix_app.engine.models.parts.feed_forward import GatedMlp, halves
from helix_app.engine.models.parts.part import Linear, Part, Pass
from helix_app.engine.models.tensors.weights import WeightSource
from helix_app.modelfiles.config import Experts, ModelConfig

_OAI_ALPHA = 1.702  # of gpt-oss: gate * sigmoid(alpha * gate) * (up + 1)
_Runs = Sequence[tuple[int, int, bool]]  # an expert, rows that are given to it, whether they are those of a prompt


class SharedExpert:
    """A perceptron that every row is given to, times the sigmoid of a gate of its own."""

    def __init__(self, mlp: GatedMlp, gate: LinearFn) -> None:
        self.mlp, self.gate = mlp, gate

    def __call__(self, x: torch.Tensor, step: Pass) -> torch.Tensor:
        """From normed rows ``[rows, hidden]`` to what is added to that of the experts, ``[rows, hidden]``."""
        gate = part.run_linear(self.gate, x, "shared_scale" in step.paired, step.pieces)  # [rows, 1]
        return self.mlp(x, step).mul_(gate.double().sigmoid_().to(x.dtype))


class ExpertMlps(Part):
    """``sum(weight * down(activation(gate(x)) * up(x)))`` over the experts of a row, gate and up in one product.

    Attributes:
        router: scores of all experts.
        gate_up, down: of each expert.
        shared: what every row is given to beside, None for nothing.
        scales: that the weight of each expert is multiplied with ``[count]``, in float32, None for nothing.
    """

    weights = "router", "scales"

    def __init__(
        self,
        config: ModelConfig,
        experts: Experts,
        router: LinearFn,
        gate_up: Sequence[LinearFn],
        down: Sequence[LinearFn],
        shared: SharedExpert | None = None,
        scales: torch.Tensor | None = None,
    ) -> None:
        self.router, self.gate_up, self.down, self.shared, self.scales = router, gate_up, down, shared, scales
        self._config, self._experts = config, experts

    @property
    def linears(self) -> Sequence[Linear]:
        """Those of one row, in the order in which they run; which experts it is given to does not matter to them."""
        one, hidden = self._experts, self._config.hidden_size
        found = [Linear("router", self.router, one.count, hidden)]
        found += [Linear("expert_gate_up", run, 2 * one.size, hidden) for run in self.gate_up[: one.used]]
        found += [Linear("expert_down", run, hidden, one.size) for run in self.down[: one.used]]
        if self.shared is not None:
            found += [Linear("shared_scale", self.shared.gate, 1, hidden), *self.shared.mlp.linears]
        return found

    @property
    def weight_bytes(self) -> int:
        """Bytes of weights that one row reads: those of the experts that it is given to, not of all."""
        used = self._experts.used
        held = (
            bytes_of(self.router)
            + (0 if self.scales is None else bytes_of(self.scales))
            + used * (bytes_of(self.gate_up[0]) + bytes_of(self.down[0]))
        )
        return held + (0 if self.shared is None else self.shared.mlp.weight_bytes + bytes_of(self.shared.gate))

    def __call__(self, x: torch.Tensor, step: Pass, routed: torch.Tensor | None = None) -> torch.Tensor:
        """From normed rows ``[rows, hidden]`` to what is added to the stream, ``[rows, hidden]``.

        Args:
            routed: what the router sees of the rows; the same unless given.
        """
        scores = part.run_linear(self.router, x if routed is None else routed, "router" in step.paired, step.pieces)
        chosen, weights = choose(scores, self._experts)
        weights = weights if self.scales is None else weights * self.scales[chosen]
        given = self._given(x, chosen, step).float().mul_(weights.unsqueeze(2))  # [rows, used, hidden]
        total = given[:, 0]
        for i in range(1, given.shape[1]):
            total = total + given[:, i]
        y = total.to(x.dtype)
        return y if self.shared is None else y.add_(self.shared(x, step))

    def _given(self, x: torch.Tensor, chosen: torch.Tensor, step: Pass) -> torch.Tensor:
        """What the experts ``chosen`` ``[rows, used]`` make of each row, ``[rows, used, hidden]``."""
        rows, used = chosen.shape
        if rows == 1:  # in the order of their numbers already
            runs: _Runs = [(expert, 1, False) for expert in chosen[0].tolist()]
            return self._run(x.expand(used, -1), runs, step).unsqueeze(0)
        keys = chosen if step.alike or not step.pieces else chosen + self._experts.count * _prompts(step).to(x.device)
        order = keys.view(-1).argsort(stable=True)
        found, counts = keys.view(-1)[order].unique_consecutive(return_counts=True)
        # the rows of a round, then those of each prompt
        runs = [
            (key % self._experts.count, count, key >= self._experts.count)
            for key, count in zip(found.tolist(), counts.tolist())
        ]
        made = self._run(x.index_select(0, order.div(used, rounding_mode="floor")), runs, step)
        return made.index_select(0, order.argsort()).view(rows, used, -1)

    def _run(self, x: torch.Tensor, runs: _Runs, step: Pass) -> torch.Tensor:
        """Rows ``[given, hidden]`` through experts, run by run."""
        both = torch.cat(list(self._products("expert_gate_up", self.gate_up, x, runs, step)))
        return torch.cat(list(self._products("expert_down", self.down, self._activated(both), runs, step)))

    def _products(
        self, name: str, linears: Sequence[LinearFn], x: torch.Tensor, runs: _Runs, step: Pass
    ) -> Iterator[torch.Tensor]:
        paired = name in step.paired
        for (expert, count, prompt), rows in zip(runs, x.split([count for _, count, _ in runs])):
            pieces = () if prompt or not step.pieces else part.evenly(count, step.together)
            yield part.run_linear(linears[expert], rows, paired, pieces)

    def _activated(self, both: torch.Tensor) -> torch.Tensor:
        """Of gate and up beside each other, ``[rows, 2 * size]``."""
        gate, up = halves(both)
        limit = self._experts.swiglu_limit
        if not limit:
            activated = F.silu(gate) if self._config.activation == "silu" else F.gelu(gate, approximate="tanh")
            return activated.mul_(up)
        gate = gate.clamp(max=limit)
        return torch.sigmoid(gate * _OAI_ALPHA).mul_(gate).mul_(up.clamp(-limit, limit) + 1)


def choose(scores: torch.Tensor, experts: Experts) -> tuple[torch.Tensor, torch.Tensor]:
    """Experts of each row by their scores ``[rows, count]``: numbers, in their order, and weights in float32, each
    ``[rows, used]``. Of equal scores the first expert's is the better one."""
    scores = scores.float()
    if not experts.softmax_of_chosen:
        scores = scores.softmax(dim=-1)
    best, chosen = scores.sort(dim=-1, descending=True, stable=True)
    best, chosen = best[:, : experts.used], chosen[:, : experts.used]
    if experts.softmax_of_chosen:
        best = best.softmax(dim=-1)
    elif experts.renormalised:
        best = best / best.cumsum(dim=-1)[:, -1:]  # a sum has another order for other numbers of rows
    chosen, order = chosen.sort(dim=-1)
    return chosen, best.gather(1, order)


def _prompts(step: Pass) -> torch.Tensor:
    """For each row ``[rows, 1]``: 0 for one of a round, else the number of its prompt."""
    numbers: list[int] = []
    prompts = 0
    for path in step.paths:
        prompts += path.rows > EXACT_ROWS
        numbers += [prompts if path.rows > EXACT_ROWS else 0] * path.rows
    return torch.tensor(numbers).unsqueeze(1)


def load_experts(config: ModelConfig, maker: LinearMaker, source: WeightSource, index: int) -> ExpertMlps:
    """The experts of a layer.

    Raises:
        ModelFileError: weights that are missing, damaged or of another shape.
    """
    experts = config.experts_of(index)
    assert experts is not None
    router = maker.linear(source, ("router",), index, experts.biased)
    gate_up = maker.experts(source, "expert_gate_up", index, experts.count, experts.biased)
    down = maker.experts(source, "expert_down", index, experts.count, experts.biased)
    shared = None
    if experts.shared_size:
        names = "shared_gate_up", "shared_down"
        mlp = GatedMlp(
            config,
            maker.linear(source, ("shared_gate", "shared_up"), index, False),
            maker.linear(source, ("shared_down",), index, False),
            experts.shared_size,
            names,
        )
        shared = SharedExpert(mlp, maker.linear(source, ("shared_scale",), index, False))
    scales = maker.wide(source, "expert_scale", index) if experts.beside else None
    return ExpertMlps(config, experts, router, gate_up, down, shared, scales)
