"""One layer of the dense decoder: its parts, made by its description."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from helix_app.engine.models.base import bytes_of
from helix_app.engine.models.linears import LinearMaker
from helix_app.engine.models.parts.attention import load_attention
from helix_app.engine.models.parts.delta_net import load_delta_net
from helix_app.engine.models.parts.expert_branch import ExpertBranch, load_branch
from helix_app.engine.models.parts.experts import load_experts
from helix_app.engine.models.parts.feed_forward import load_mlp
from helix_app.engine.models.parts.part import Linear, Part, Pass
from helix_app.engine.models.parts.token_inputs import TokenGate, load_token_gate
from helix_app.engine.models.parts.varied_attention import load_varied_attention
from helix_app.engine.models.residual import Norm, Residual
from helix_app.engine.models.tensors.weights import WeightSource
from helix_app.modelfiles.config import ModelConfig


@dataclass
class DecoderLayer:
    """Parts of one layer; norms that its model has not are None.

    Attributes:
        mixer: what looks at other tokens.
        mixer_post, feed_forward_post: norms over what each half gives.
        branch: experts beside its perceptron.
        gate: what it makes of its inputs of the token.
        scale: the stream is multiplied by it at the end ``[1]``.
    """

    mixer_norm: Norm
    mixer: Part
    feed_forward_norm: Norm
    feed_forward: Part
    mixer_post: Norm | None = None
    feed_forward_post: Norm | None = None
    branch: ExpertBranch | None = None
    gate: TokenGate | None = None
    scale: torch.Tensor | None = None

    @property
    def linears(self) -> list[Linear]:
        """Those of both halves, as they run, and of its inputs."""
        own = self.gate.linears if self.gate is not None else ()
        beside = self.branch.linears if self.branch is not None else ()
        return [*self.mixer.linears, *self.feed_forward.linears, *beside, *own]

    @property
    def weight_bytes(self) -> int:
        """Bytes of weights that one row reads."""
        norms = (self.mixer_norm, self.feed_forward_norm, self.mixer_post, self.feed_forward_post)
        held = sum(bytes_of(norm) for norm in norms if norm is not None)
        held += self.gate.weight_bytes if self.gate is not None else 0
        held += self.branch.weight_bytes if self.branch is not None else 0
        return held + self.mixer.weight_bytes + self.feed_forward.weight_bytes

    def fed_forward(self, x: Residual, step: Pass) -> torch.Tensor:
        """What its second half makes of the stream, ``[rows, hidden]``."""
        y = self.feed_forward(x.normed(self.feed_forward_norm), step)
        return y if self.branch is None else self.branch(y, x, step)


def load_layer(
    config: ModelConfig, maker: LinearMaker, source: WeightSource, i: int, cache_dtype: torch.dtype
) -> DecoderLayer:
    """A layer by its description. Raises ModelFileError."""
    mixer_post = feed_forward_post = None
    if config.post_norms:
        mixer_post, feed_forward_post = (
            Norm(maker.tensor(source, role, layer=i)) for role in ("attn_post_norm", "mlp_post_norm")
        )
    mixer: Part
    if config.layer(i).recurrent:
        mixer = load_delta_net(config, maker, source, i)
    else:
        load_mixer = load_attention if config.is_even else load_varied_attention
        mixer = load_mixer(config, maker, source, i, cache_dtype)
    return DecoderLayer(
        mixer_norm=Norm(maker.tensor(source, "attn_norm", layer=i)),
        mixer=mixer,
        feed_forward_norm=Norm(maker.tensor(source, "mlp_norm", layer=i)),
        feed_forward=load_feed_forward(config, maker, source, i),
        mixer_post=mixer_post,
        feed_forward_post=feed_forward_post,
        branch=load_branch(config, maker, source, i),
        gate=load_token_gate(config, maker, source, i),
        scale=maker.tensor(source, "layer_scale", layer=i) if config.layer_scale else None,
    )


def load_feed_forward(config: ModelConfig, maker: LinearMaker, source: WeightSource, i: int) -> Part:
    """The feed-forward half of a layer, whichever it is. Raises ModelFileError."""
    experts = config.experts_of(i)
    one = load_mlp if experts is None or experts.beside else load_experts
    return one(config, maker, source, i)
