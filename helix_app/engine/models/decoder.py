"""One decoder for all architectures: it runs the layers that a config describes.

Rows of one or many sequences go in, logits come out; keys and values live in the paged cache. The rows of all
sequences are one ragged batch: linear layers run once over all of them, and only attention walks over the sequences.
Query and key projections are fused with the value projection, gate with up.

Where a row's bits must not depend on how many rows run beside it (``exact``, see ``attention.py``), linear kernels that
sum in another order for one row, or from some number on (33, on processors with AMX), are asked for two, or for so many
at a time. In float32 they depend on alignment and nothing is gained.

What a layer asks of the CPU beside its products is kept to two dozen operators: between products that read all weights
from memory each of them costs some microseconds, however little it computes, and twice as many took 12 % of a step.
All of it runs in inference mode (``untracked.py``), which took another 5 to 12 %.

Not compiled: ``torch.compile`` (inductor, frozen weights) of the MLP halves of all layers ran at 0.98x of the speed
here for one row and 0.95x for five, and took 5 to 8 seconds for each number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from helix_app.engine.cache.kv_cache import KVView
from helix_app.engine.kernels.attention import EXACT_TORCH, Path, Span, SpanPath
from helix_app.engine.kernels.linear import LinearFn, LinearKind, same_rows
from helix_app.engine.machine.untracked import untracked
from helix_app.engine.models.base import bent, bytes_of
from helix_app.engine.models.linears import LinearMaker
from helix_app.engine.models.parts import part
from helix_app.engine.models.parts.attention import load_attention
from helix_app.engine.models.parts.feed_forward import load_mlp
from helix_app.engine.models.parts.part import Linear, Part, Pass, Turn, evenly, pieces_of
from helix_app.engine.models.parts.token_inputs import TokenGate, TokenTable, load_token_gate, load_token_table
from helix_app.engine.models.parts.varied_attention import load_varied_attention
from helix_app.engine.models.residual import Norm, residual
from helix_app.engine.models.rope import rope_table
from helix_app.engine.models.step_graphs import StepGraphs, for_device
from helix_app.engine.models.weights import WeightSource
from helix_app.modelfiles.config import ModelConfig

_WORTH_SPLITTING = 16  # rows that are computed alike, at least, for more to be split into so many


@dataclass
class _Layer:
    """Parts of one layer; norms that its model has not are None.

    Attributes:
        mixer: what looks at other tokens.
        mixer_post, feed_forward_post: norms over what each half gives.
        gate: what it makes of its inputs of the token.
        scale: the stream is multiplied by it at the end ``[1]``.
    """

    mixer_norm: Norm
    mixer: Part
    feed_forward_norm: Norm
    feed_forward: Part
    mixer_post: Norm | None = None
    feed_forward_post: Norm | None = None
    gate: TokenGate | None = None
    scale: torch.Tensor | None = None

    @property
    def linears(self) -> list[Linear]:
        """Those of both halves, as they run, and of its inputs."""
        own = self.gate.linears if self.gate is not None else ()
        return [*self.mixer.linears, *self.feed_forward.linears, *own]

    @property
    def weight_bytes(self) -> int:
        """Bytes of weights that one row reads."""
        norms = (self.mixer_norm, self.feed_forward_norm, self.mixer_post, self.feed_forward_post)
        held = sum(bytes_of(norm) for norm in norms if norm is not None)
        held += self.gate.weight_bytes if self.gate is not None else 0
        return held + self.mixer.weight_bytes + self.feed_forward.weight_bytes


class Decoder:
    """A model, ready to run after ``load``.

    Attributes:
        config: its shape.
        dtype, device: of weights and activations.
        max_positions: positions that the rotary table covers.
        cache_dtype: of keys and values, where it differs from ``dtype``: a draft that shares its target's cache.
        bits: of packed weights, 0 for dense ones (see ``low_bit.py``).
        linear_kind: the dense linear implementation in use; None takes what measured fastest for each shape.
        rounded: tensors that were rounded to fewer bits than their file holds.
        can_be_exact: spans that ask for it get results that do not depend on the number of rows.
        graphs: recorded passes, where the device has them.
        parameters: number of weights.
    """

    def __init__(
        self,
        config: ModelConfig,
        *,
        dtype: torch.dtype,
        device: torch.device,
        max_positions: int,
        linear_kind: LinearKind | None = None,
        bits: int = 0,
        head_bits: int = 0,
        cache_dtype: torch.dtype | None = None,
    ) -> None:
        self.config, self.dtype, self.device, self.max_positions = config, dtype, device, max_positions
        self.linear_kind = linear_kind
        self.bits, self._head_bits, self.cache_dtype = bits, head_bits, cache_dtype or dtype
        self.parameters = self.rounded = 0
        measured = tuple(int(part) for part in torch.__version__.split(".")[:2]) >= EXACT_TORCH
        self.can_be_exact = measured and device.type == "cpu" and dtype in (torch.bfloat16, torch.float16)
        self._paired: frozenset[str] = frozenset()
        self._together = 0  # rows that linear layers compute alike; 0 is any number
        self._embed: torch.Tensor
        self._head: LinearFn
        self._layers: list[_Layer] = []
        self._inputs: TokenTable | None = None
        self._tables: list[Turn] = []  # of each rotary embedding, all positions
        self._reshapes = config.post_norms or config.residual_scale != 1.0  # what layers give, before it is added
        self.graphs: StepGraphs | None = for_device(self) if config.is_even else None

    # ----------------------------------------------------------------- loading

    def load(self, source: WeightSource, like: Decoder | None = None) -> Iterator[float]:
        """Load the weights; yields the fraction done, 0..1. Nothing runs before the last one.

        Args:
            like: a decoder of the same weights in another format, to share embeddings and output head with.

        Raises:
            ModelFileError: weights that are missing, damaged or of another shape.
            RuntimeError: the device's own errors (out of memory among them).
        """
        config = self.config
        maker = self._linear_maker()
        with untracked(self.device):
            self._embed = maker.embedding(source) if like is None else like._embed.to(self.dtype)
            shared = like is not None and like.dtype == self.dtype
            embed = self._embed if config.tied_embeddings else None
            self._head = like._head if like is not None and shared else maker.head(source, embed)
            self._norm = Norm(maker.tensor(source, "norm"))
            self._inputs = load_token_table(
                config, maker, source, like._inputs if shared and like is not None else None
            )
        for i in range(config.num_layers):
            yield i / config.num_layers
            with untracked(self.device):
                self._layers.append(self._made(maker, source, i))
        self.parameters, self.rounded = maker.parameters, maker.rounded
        with untracked(self.device):
            # last, when the weights have shown that the sizes in the config are real
            size = self.max_positions, self.dtype, self.device
            self._tables = [rope_table(config, *size, rotary) for rotary in config.rotaries]
            if self.can_be_exact:
                self._look_at_rows()
        yield 1.0

    def _linear_maker(self) -> LinearMaker:
        return LinearMaker(self.linear_kind, self.dtype, self.device, self.bits, self._head_bits)

    def _made(self, maker: LinearMaker, source: WeightSource, i: int) -> _Layer:
        config = self.config
        mixer_post = feed_forward_post = None
        if config.post_norms:
            mixer_post, feed_forward_post = (
                Norm(maker.tensor(source, role, layer=i)) for role in ("attn_post_norm", "mlp_post_norm")
            )
        load_mixer = load_attention if config.is_even else load_varied_attention
        return _Layer(
            mixer_norm=Norm(maker.tensor(source, "attn_norm", layer=i)),
            mixer=load_mixer(config, maker, source, i, self.cache_dtype),
            feed_forward_norm=Norm(maker.tensor(source, "mlp_norm", layer=i)),
            feed_forward=load_mlp(config, maker, source, i),
            mixer_post=mixer_post,
            feed_forward_post=feed_forward_post,
            gate=load_token_gate(config, maker, source, i),
            scale=maker.tensor(source, "layer_scale", layer=i) if config.layer_scale else None,
        )

    def _look_at_rows(self) -> None:
        """Which linear layers compute a single row in another way than two, and how many rows all compute alike."""
        paired, most = [], []
        for one in self._kinds():
            single, together = same_rows(one.run, one.rows, one.columns, self.dtype, self.device)
            paired += [] if single else [one.name]
            most += [together] if together >= _WORTH_SPLITTING else []
        self._paired, self._together = frozenset(paired), min(most, default=0)

    def _kinds(self) -> list[Linear]:
        """The linear layers of all layers, one of each name and shape, then the output head."""
        found = {(one.name, one.rows, one.columns): one for layer in self._layers for one in layer.linears}
        inputs = [self._inputs.linear] if self._inputs is not None else []
        return [*found.values(), *inputs, self._head_linear()]

    def _head_linear(self) -> Linear:
        return Linear("head", self._head, self.config.vocab_size, self.config.hidden_size)

    @property
    def format(self) -> str:
        """The number format by name."""
        return {4: "int4", 8: "int8"}.get(self.bits, str(self.dtype).removeprefix("torch."))

    @property
    def kernels(self) -> tuple[str, ...]:
        """Kinds of the linear layers in use: those of a layer, then the output head."""
        return tuple(type(one.run).__name__ for one in (*self._layers[0].linears, self._head_linear()))

    @property
    def linears(self) -> list[tuple[str, LinearFn]]:
        """Every linear layer by its name (``qkv``, ``out``, ``gate_up``, ``down``), as they run, the ``head`` last."""
        walk = [one for layer in self._layers for one in layer.linears]
        return [(one.name, one.run) for one in (*walk, self._head_linear())]

    @property
    def weight_bytes(self) -> int:
        """Bytes of weights that a plain decode step reads: all layers, the output head, one row of the embeddings."""
        layers = sum(layer.weight_bytes for layer in self._layers)
        row = self._embed.shape[-1] * self._embed.dtype.itemsize
        inputs = self._inputs.weight_bytes if self._inputs is not None else 0
        return layers + bytes_of(self._norm) + bytes_of(self._head) + row + inputs

    def release(self) -> None:
        """Free the weights, whoever still holds this object; it cannot run then."""
        self._layers, self.graphs, self._inputs = [], None, None
        self._embed, self._tables = torch.empty(0), []
        self._head = self._released

    @staticmethod
    def _released(x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("the weights of this model were freed")

    # ----------------------------------------------------------------- running

    def forward(
        self, ids: torch.Tensor, start: int, view: KVView, logit_rows: int, exact: bool = False
    ) -> torch.Tensor:
        """``forward_many`` for a single sequence: ids ``[rows]``, logits ``[logit_rows, vocab_size]``."""
        return self.forward_many(ids, (Span(start, ids.shape[0], view, logit_rows, exact),))

    def forward_many(self, ids: torch.Tensor, spans: Sequence[Span]) -> torch.Tensor:
        """Run the tokens of all spans, one after the other in ``ids``, and write their keys and values.

        Args:
            ids: token ids ``[rows of all spans]`` on this decoder's device.

        Returns:
            Logits ``[logit_rows of all spans, vocab_size]`` in float32.
        """
        with untracked(self.device):
            if self.graphs is not None and len(spans) == 1:
                return self.graphs.run(ids, spans[0], lambda: self._plain(ids, spans))
            return self._plain(ids, spans)

    def _plain(self, ids: torch.Tensor, spans: Sequence[Span]) -> torch.Tensor:
        paths = [self._path(span) for span in spans]
        exact = spans[0].exact
        # of linear layers that would compute a single row in another way, the exact path runs two
        paired = self._paired if exact else frozenset()
        pieces = pieces_of([span.rows for span in spans], self._together) if exact else ()
        turns = [
            (
                _joined([cos[s.start : s.start + s.rows] for s in spans]),
                _joined([sin[s.start : s.start + s.rows] for s in spans]),
            )
            for cos, sin in self._tables
        ]
        step = Pass(self._halved(turns), paths, paired, pieces)
        return self._layer_by_layer(ids, step, [span.logit_rows for span in spans])

    def _path(self, span: Span) -> SpanPath:
        exact = span.exact and self.can_be_exact
        return SpanPath(self.config, span, self.cache_dtype, self.device, exact)

    def through(self, ids: torch.Tensor, positions: torch.Tensor, path: Path, logit_rows: int) -> torch.Tensor:
        """``forward`` without a number that only the host knows: positions ``[rows]``, and where attention looks."""
        turns = [(cos.index_select(0, positions), sin.index_select(0, positions)) for cos, sin in self._tables]
        return self._layer_by_layer(ids, Pass(self._halved(turns), (path,)), (logit_rows,))

    def _halved(self, turns: Sequence[Turn]) -> Sequence[Turn]:
        """Cosines and sines ``[rows, 1, head_dim]`` as ``rotate_`` takes them."""
        halves = [(-1, 1, 2, cos.shape[-1] // 2) for cos, _ in turns]
        return [(cos.view(shape), sin.view(shape)) for (cos, sin), shape in zip(turns, halves)]

    def _layer_by_layer(self, ids: torch.Tensor, step: Pass, logit_rows: Sequence[int]) -> torch.Tensor:
        config, reshapes = self.config, self._reshapes
        embedded = self._embedded(ids)
        inputs = None if self._inputs is None else self._inputs(ids, embedded, step)
        x = residual(embedded, self._norm, config.norm_eps)
        for layer in self._layers:
            y = layer.mixer(x.normed(layer.mixer_norm), step)
            x.add(self._reshaped(y, layer.mixer_post) if reshapes else y)
            y = layer.feed_forward(x.normed(layer.feed_forward_norm), step)
            x.add(self._reshaped(y, layer.feed_forward_post) if reshapes else y)
            if inputs is not None and layer.gate is not None:
                layer.gate(x, inputs, step)
            if layer.scale is not None:
                x.scale(layer.scale)
        wanted = sum(logit_rows)
        last = _last_rows(step.paths, logit_rows) if wanted < ids.shape[0] else ()
        pieces = evenly(wanted, self._together) if step.pieces else ()
        return bent(
            part.run_linear(self._head, x.normed(self._norm, last), "head" in step.paired, pieces).float(), config
        )

    def _embedded(self, ids: torch.Tensor) -> torch.Tensor:
        scale, x = self.config.embedding_scale, self._rows_of(ids)
        return x if scale == 1.0 else x * scale

    def _rows_of(self, ids: torch.Tensor) -> torch.Tensor:
        return F.embedding(ids, self._embed)

    def _reshaped(self, y: torch.Tensor, norm: Norm | None) -> torch.Tensor:
        """What a half of a layer gave, as it is added."""
        config = self.config
        y = y if norm is None else F.rms_norm(y, (config.hidden_size,), norm.weight, config.norm_eps)
        return y if config.residual_scale == 1.0 else y * config.residual_scale


def _joined(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


def _last_rows(paths: Sequence[Path], logit_rows: Sequence[int]) -> list[slice]:
    """The rows that need logits, sequence by sequence."""
    parts, at = [], 0
    for path, wanted in zip(paths, logit_rows):
        at += path.rows
        parts.append(slice(at - wanted, at))
    return parts
