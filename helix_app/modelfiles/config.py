"""What a decoder looks like: its sizes, and what each of its layers does.

It is read from a ``config.json`` (``hf_config.py``) or a GGUF header (``gguf/gguf_config.py``); what one kind of model
does otherwise than Llama is in ``architectures/``. The decoders run what is described here, whatever its name.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

RopeType = Literal["default", "linear", "dynamic", "llama3", "yarn", "longrope"]
Activation = Literal["silu", "gelu_tanh"]


@dataclass(frozen=True)
class RopeScaling:
    """How rotary frequencies are stretched beyond the trained context.

    Attributes:
        original_context: tokens the model was trained on before scaling; None takes the model's context.
        factors: divisors of each of the frequencies, where the file carries them ready made.
        long_factors: those of a ``longrope`` beyond the original context.
    """

    type: RopeType = "default"
    factor: float = 1.0
    original_context: int | None = None
    low_freq_factor: float = 1.0
    high_freq_factor: float = 4.0
    attention_factor: float | None = None
    beta_fast: float = 32.0
    beta_slow: float = 1.0
    mscale: float | None = None
    mscale_all_dim: float | None = None
    truncate: bool = True
    factors: tuple[float, ...] = ()
    long_factors: tuple[float, ...] = ()


@dataclass(frozen=True)
class Rotary:
    """How queries and keys are turned by their position.

    Attributes:
        head_dim: of the layers; 0 is the model's.
        size: numbers of a head that are turned, its first ones; 0 is all.
    """

    theta: float = 10_000.0
    scaling: RopeScaling = field(default_factory=RopeScaling)
    head_dim: int = 0
    size: int = 0


@dataclass(frozen=True)
class Recurrent:
    """Sizes of layers that keep a state instead of keys and values: a gated delta rule behind a causal convolution.

    Source: Gated Delta Networks (arXiv 2412.06464).

    Attributes:
        key_heads, key_dim: of queries and keys.
        value_heads, value_dim: of values; each has a state ``[key_dim, value_dim]``.
        kernel: tokens that the convolution sees, the row's own among them.
        tiled: value head h belongs to key head h modulo their number, not to the one before it in the order.
        joined: the file holds what makes queries, keys, values and output gates as one matrix, key head by key head.
        joined_gates: likewise rates and speeds of forgetting.
    """

    key_heads: int
    value_heads: int
    key_dim: int
    value_dim: int
    kernel: int
    tiled: bool = False
    joined: bool = False
    joined_gates: bool = False

    @property
    def channels(self) -> int:
        """What the convolution runs over: queries, keys and values of a row."""
        return 2 * self.key_heads * self.key_dim + self.inner

    @property
    def inner(self) -> int:
        """Numbers of all value heads."""
        return self.value_heads * self.value_dim

    @property
    def state_bytes(self) -> int:
        """Memory of a sequence's state in one layer, in float32."""
        return 4 * (self.inner * self.key_dim + (self.kernel - 1) * self.channels)

    @property
    def row_bytes(self) -> int:
        """Memory of what one row adds to a state, which is kept until it is verified."""
        return 4 * (self.value_heads * (self.key_dim + self.value_dim + 1) + self.channels)


@dataclass(frozen=True)
class Temperature:
    """Queries at position p are multiplied with ``1 + beta * log(1 + floor(p / length))``."""

    beta: float
    length: int


@dataclass(frozen=True)
class Layer:
    """What is a layer's own.

    Attributes:
        window: tokens that a row sees, itself among them; 0 is all.
        rotary: where it differs from the model's own.
        turned: whether queries and keys are turned by their position at all.
        recurrent: it keeps a state instead of keys and values (``ModelConfig.recurrent``).
        head_dim, kv_heads, intermediate_size: where they differ from the model's; 0 for not.
        shares: the earlier layer whose keys and values it reads, None where it has its own.
        keys_as_values: values are the keys, before those are normed and turned.
        dense: in a model of experts, its feed-forward half is one perceptron for every row.
        apart: it drafts, and its keys and values, of another size, lie in a tensor of their own beside those of layers
            that see all tokens.
    """

    window: int = 0
    rotary: Rotary | None = None
    turned: bool = True
    recurrent: bool = False
    head_dim: int = 0
    kv_heads: int = 0
    intermediate_size: int = 0
    shares: int | None = None
    keys_as_values: bool = False
    dense: bool = False
    apart: bool = False


@dataclass(frozen=True)
class TokenInputs:
    """What each layer is given of a row's token beside the stream (per-layer embeddings).

    Attributes:
        size: numbers a layer and token.
        vocab_size: tokens of their table.
    """

    size: int
    vocab_size: int


@dataclass(frozen=True)
class Heads:
    """Numbers and size of a layer's heads."""

    queries: int
    kv: int
    dim: int

    @property
    def group(self) -> int:
        """Query heads that share one key/value head."""
        return self.queries // self.kv


@dataclass(frozen=True)
class Experts:
    """A feed-forward half of many perceptrons, a few of which each row is given to (a mixture of experts).

    Attributes:
        count, used: how many there are, and how many a row is given to.
        size: of each, as ``intermediate_size``.
        softmax_of_chosen: weights are a softmax over the scores of those that were chosen, not of all.
        renormalised: the weights of those that were chosen are made to add up to one.
        shared_size: of the perceptron that every row is given to beside, with a gate of its own; 0 for none.
        biased: router and experts have biases.
        swiglu_limit: gate and up are clamped to this size, and activated as gpt-oss does; 0 for not at all.
        transposed: safetensors files hold the matrices of all experts transposed, rows of gate and up by turns.
        beside: they stand beside a perceptron that every row is given to. What both give is normed, each by itself,
            and added; the router sees the stream normed and scaled, and each expert has a scale of its weight.
    """

    count: int
    used: int
    size: int
    softmax_of_chosen: bool = False
    renormalised: bool = True
    shared_size: int = 0
    biased: bool = False
    swiglu_limit: float = 0.0
    transposed: bool = False
    beside: bool = False


_PLAIN = Layer()


@dataclass(frozen=True)
class NextToken:
    """The layer behind the last one that drafts (multi-token prediction): from the embedding of a token and the hidden
    state of the one before it, it predicts the next one.

    Attributes:
        layer: what it does, as a layer.
        normed: hidden states are taken after the final norm, and its own, which its next step takes, after the norm of
            its head; otherwise before them.
        own_embeddings, own_norm, own_head: the file has them for this layer alone; otherwise the target's are used.
    """

    layer: Layer = _PLAIN
    normed: bool = False
    own_embeddings: bool = False
    own_norm: bool = False
    own_head: bool = False


@dataclass(frozen=True)
class ModelConfig:
    """Sizes, constants and layers of a decoder.

    Attributes:
        rope_theta, rope, rotary_size: the rotary embedding of all layers that have none of their own.
        layers: what each layer does; empty where each is plain (``Layer()``).
        interleaved: the file holds the two rotary halves of a head's query and key rows interleaved.
        fused: the file holds queries, keys and values as one matrix, and gate and up as one.
        qk_norm: queries and keys are normed, head by head, before they are turned.
        gated_attention: what attention gives is multiplied, number by number, with the sigmoid of a gate; the file
            holds the gate of each head after its query, in one matrix.
        post_norms: what attention and what the feed-forward part give is normed before it is added.
        norm_offset: is added to the weights of all norms, as the file holds them.
        attention_scale: of the scores; None is one over the root of ``head_dim``.
        embedding_scale, residual_scale, logit_scale: of embeddings, of what each half of a layer adds, of logits.
        logit_softcap: logits are bent to stay under this size, 0 for not at all.
        recurrent: sizes of the layers that are so, None where none is.
        value_norm: values are normed, head by head, without weights.
        layer_scale: the stream is multiplied by a number of its own behind each layer.
        token_inputs: what layers are given of the token itself, None for nothing.
        experts: of the feed-forward halves of its layers; None where each is one perceptron.
        sinks: each head has a learnt score that takes part in the softmax of attention and adds nothing to it.
        temperature: queries grow by position, None for not at all.
        next_token: the layer that drafts, where the file has one; it is not among ``num_layers``.
    """

    architecture: str
    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    context_length: int
    norm_eps: float = 1e-6
    rope_theta: float = 10_000.0
    rope: RopeScaling = field(default_factory=RopeScaling)
    rotary_size: int = 0
    tied_embeddings: bool = False
    qkv_bias: bool = False
    out_bias: bool = False
    mlp_bias: bool = False
    eos_token_ids: tuple[int, ...] = ()
    layers: tuple[Layer, ...] = ()
    interleaved: bool = False
    fused: bool = False
    qk_norm: bool = False
    gated_attention: bool = False
    post_norms: bool = False
    norm_offset: float = 0.0
    activation: Activation = "silu"
    attention_scale: float | None = None
    embedding_scale: float = 1.0
    residual_scale: float = 1.0
    logit_scale: float = 1.0
    logit_softcap: float = 0.0
    recurrent: Recurrent | None = None
    value_norm: bool = False
    layer_scale: bool = False
    token_inputs: TokenInputs | None = None
    experts: Experts | None = None
    sinks: bool = False
    temperature: Temperature | None = None
    next_token: NextToken | None = None

    @property
    def group_size(self) -> int:
        """Query heads that share one key/value head."""
        return self.num_heads // self.num_kv_heads

    @property
    def score_scale(self) -> float:
        """What products of queries and keys are multiplied with."""
        return self.head_dim**-0.5 if self.attention_scale is None else self.attention_scale

    @property
    def fits_float16(self) -> bool:
        """Whether hidden states stay within the range of float16: what is normed before it is added may not, nor does
        what gpt-oss adds."""
        return not self.post_norms and not self.sinks

    @property
    def active_size(self) -> int:
        """``intermediate_size`` of what one row reads: the experts that it is given to count together."""
        one = self.experts
        if one is None:
            return self.intermediate_size
        return one.used * one.size + one.shared_size + one.beside * self.intermediate_size

    def layer(self, index: int) -> Layer:
        """What a layer does; behind the last one, what the layer that drafts does."""
        if index == self.num_layers and self.next_token is not None:
            return self.next_token.layer
        return self.layers[index] if self.layers else _PLAIN

    def heads(self, index: int) -> Heads:
        """The heads of a layer; the one that drafts has those of all others (``is_even``)."""
        return self._heads[index] if index < len(self._heads) else self._heads[0]

    @cached_property
    def _heads(self) -> tuple[Heads, ...]:
        sizes = [(one.kv_heads or self.num_kv_heads, one.head_dim or self.head_dim) for one in self.layers or (_PLAIN,)]
        return tuple(Heads(self.num_heads, kv, dim) for kv, dim in sizes)

    def inner_size(self, index: int) -> int:
        """Width of the feed-forward half of a layer."""
        return self.layer(index).intermediate_size or self.intermediate_size

    @cached_property
    def is_even(self) -> bool:
        """Whether all layers have matrices of the same sizes, and only what every decoder here knows."""
        own = (layer.head_dim or layer.kv_heads or layer.intermediate_size for layer in self.layers)
        special = self.value_norm or self.layer_scale or self.token_inputs is not None
        shared = any(layer.shares is not None or layer.keys_as_values for layer in self.layers)
        return not (special or shared or any(own))

    def experts_of(self, index: int) -> Experts | None:
        """Those of a layer."""
        return None if self.layer(index).dense else self.experts

    def rotary(self, index: int) -> Rotary | None:
        """How a layer turns queries and keys; None for not at all."""
        layer = self.layer(index)
        if not layer.turned:
            return None
        return layer.rotary or self.own_rotary

    @property
    def own_rotary(self) -> Rotary:
        """How layers turn that have no rotation of their own."""
        return Rotary(self.rope_theta, self.rope, size=self.rotary_size)

    @cached_property
    def extended(self) -> ModelConfig:
        """The same with the layer that drafts as the last of its layers: what a cache for both holds."""
        return self if self.next_token is None else self.with_layer(self.next_token.layer)

    def with_layer(self, layer: Layer) -> ModelConfig:
        """The same with one more layer behind the last one."""
        own = self.layers or (_PLAIN,) * self.num_layers
        return replace(self, num_layers=self.num_layers + 1, layers=(*own, layer))

    @property
    def before_last(self) -> ModelConfig:
        """The same without its last layer."""
        return replace(self, num_layers=self.num_layers - 1, layers=self.layers[:-1])

    @cached_property
    def rotaries(self) -> tuple[Rotary, ...]:
        """The different ones of all layers, in the order of their first use."""
        found = (self.rotary(i) for i in range(self.num_layers))
        return tuple(dict.fromkeys(rotary for rotary in found if rotary is not None))

    @property
    def partial_rotary(self) -> bool:
        """Whether some layer turns only a part of each head."""
        return any(0 < rotary.size < self.head_dim for rotary in self.rotaries)

    @cached_property
    def windows(self) -> tuple[int, ...]:
        """The window of each layer; empty where no layer has one."""
        windows = tuple(self.layer(i).window for i in range(self.num_layers))
        return windows if any(windows) else ()

    @cached_property
    def recurrent_layers(self) -> tuple[int, ...]:
        """Which layers keep a state."""
        return tuple(i for i in range(self.num_layers) if self.layer(i).recurrent)

    @property
    def state_bytes(self) -> int:
        """Memory of one sequence's state in all layers."""
        return len(self.recurrent_layers) * self.recurrent.state_bytes if self.recurrent is not None else 0
