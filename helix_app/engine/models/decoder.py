"""One decoder for all architectures: it runs the layers that a config describes.

Rows of one or many sequences go in, logits come out; keys and values live in the paged cache. The rows of all
sequences are one ragged batch: linear layers run once over all of them, and only attention walks over the sequences.
Query and key projections are fused with the value projection, gate with up.

Where a row's bits must not depend on how many rows run beside it (``exact``, see ``attention.py``), linear kernels that
sum in another order for one row, or from some number on (33, on processors with AMX), are asked for two, or for so many
at a time. In float32 they depend on alignment and nothing is gained. On a file's own blocks that holds for all rows,
those of prompts too, whoever asks.

What a layer asks of the CPU beside its products is kept to two dozen operators: between products that read all weights
from memory each of them costs some microseconds, however little it computes, and twice as many took 12 % of a step.
All of it runs in inference mode (``untracked.py``), which took another 5 to 12 %.

Not compiled: ``torch.compile`` (inductor, frozen weights) of the MLP halves of all layers ran at 0.98x of the speed
here for one row and 0.95x for five, and took 5 to 8 seconds for each number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F

from helix_app.engine.cache.kv_cache import KVView
from helix_app.engine.kernels.attention import EXACT_ROWS, EXACT_TORCH, Path, Span, SpanPath
from helix_app.engine.kernels.linear import LinearFn, LinearKind, same_rows
from helix_app.engine.machine.devices.device import PACKED
from helix_app.engine.machine.untracked import untracked
from helix_app.engine.models.base import Mapped, bent, bytes_of
from helix_app.engine.models.layer import DecoderLayer, load_layer
from helix_app.engine.models.linears import Embeddings, LinearMaker
from helix_app.engine.models.packed.linears import PackedLinears
from helix_app.engine.models.parts import part
from helix_app.engine.models.parts.part import Linear, Pass, Turn, evenly, halved, joined, pieces_of, turns_of
from helix_app.engine.models.parts.token_inputs import TokenTable, load_token_table
from helix_app.engine.models.residual import Norm, Residual, residual
from helix_app.engine.models.rope import growth_table, rope_table
from helix_app.engine.models.step_graphs import StepGraphs, for_device
from helix_app.engine.models.tensors.weights import WeightSource
from helix_app.modelfiles.config import ModelConfig

_WORTH_SPLITTING = 16  # rows that are computed alike, at least, for more to be split into so many


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
        mapped: those of them that stay where their file is mapped.
        gives_hidden: spans get the hidden states that they ask for (``Span.handed``), in recorded passes too.
        state_layers: these are the stream where such layers begin, one beside the other, the last one past the end; for
            () what the model's own layer that drafts takes.
    """

    gives_hidden = False
    state_layers: tuple[int, ...] = ()

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
        packed: PackedLinears | None = None,
    ) -> None:
        """
        Args:
            packed: linear layers on the file's own blocks (``packed/linears.py``), where it holds them so.
        """
        self._packed = packed
        self._alike = packed is not None  # all rows, those of prompts too, are computed so that none sees the others
        self.config, self.dtype, self.device, self.max_positions = config, dtype, device, max_positions
        self.linear_kind = linear_kind
        self.bits, self._head_bits, self.cache_dtype = bits, head_bits, cache_dtype or dtype
        self.parameters = self.rounded = 0
        self.mapped = Mapped()
        measured = tuple(int(part) for part in torch.__version__.split(".")[:2]) >= EXACT_TORCH
        self.can_be_exact = measured and device.type == "cpu" and dtype in (torch.bfloat16, torch.float16)
        self._paired: frozenset[str] = frozenset()
        self._together = 0  # rows that linear layers compute alike; 0 is any number
        self._embed = torch.empty(0, dtype=dtype)
        self._rows: Embeddings | None = None  # embeddings, where they are packed
        self._head: LinearFn
        self._layers: list[DecoderLayer] = []
        self._inputs: TokenTable | None = None
        self._tables: list[Turn] = []  # of each rotary embedding, all positions
        self._growth: torch.Tensor | None = None  # of queries, all positions
        self._reshapes = config.post_norms or config.residual_scale != 1.0  # what layers give, before it is added
        # the host must know which experts are chosen and which rows of a state were verified
        records = config.is_even and config.experts is None and not config.recurrent_layers
        self.graphs: StepGraphs | None = for_device(self) if records else None

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
        maker = self.linear_maker()
        with untracked(self.device):
            self._rows = maker.embedding(source)
            if self._rows is None:
                self._embed = maker.tensor(source, "embed") if like is None else like._embed.to(self.dtype)
            shared = like is not None and like.dtype == self.dtype
            embed = self._embed if config.tied_embeddings and self._rows is None else None
            head = like._head if like is not None and shared else None
            self._head = head or maker.head(source, embed, config.tied_embeddings)
            self._norm = Norm(maker.tensor(source, "norm"))
            self._inputs = load_token_table(
                config, maker, source, like._inputs if shared and like is not None else None
            )
        for i in range(config.num_layers):
            yield i / config.num_layers
            with untracked(self.device):
                self._layers.append(load_layer(config, maker, source, i, self.cache_dtype))
        self.parameters, self.rounded, self.mapped = maker.parameters, maker.rounded, maker.mapped
        with untracked(self.device):
            # last, when the weights have shown that the sizes in the config are real
            size = self.max_positions, self.dtype, self.device
            self._tables = [rope_table(config, *size, rotary) for rotary in config.rotaries]
            self._growth = growth_table(config, *size)
            if self.can_be_exact:
                self._look_at_rows()
        yield 1.0

    def linear_maker(self) -> LinearMaker:
        """Makes linear layers as its own are."""
        return LinearMaker(self.linear_kind, self.dtype, self.device, self.bits, self._head_bits, self._packed)

    def _look_at_rows(self) -> None:
        """Which linear layers compute a single row in another way than two, and how many rows all compute alike."""
        paired, most = [], []
        for one in self._kinds():
            if part.rows_alike(one.run):
                continue
            single, together = same_rows(one.run, one.rows, one.columns, self.dtype, self.device)
            paired += [] if single else [one.name]
            most += [together] if together >= _WORTH_SPLITTING else []
        self._paired, self._together = frozenset(paired), min(most, default=EXACT_ROWS if self._alike else 0)

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
        if self._packed is not None:
            return PACKED
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
    def shapes(self) -> dict[str, tuple[int, int]]:
        """Rows and columns of the weights of linear layers, by name."""
        return {one.name: (one.rows, one.columns) for one in self._kinds()}

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
        self._embed, self._tables, self._rows = torch.empty(0), [], None
        self._head = self._released
        if self._packed is not None:
            self._packed.release()

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
        asked = [span.handed for span in spans if span.handed is not None] if self.gives_hidden else []
        with untracked(self.device):
            if self.graphs is None or len(spans) > 1 or (asked and spans[0].rows != spans[0].logit_rows):
                logits, states = self._plain(ids, spans, bool(asked))
            else:
                wide = self.graphs.run(ids, spans[0], lambda: _beside(*self._plain(ids, spans, bool(asked))))
                logits, states = _apart(wide, self.config.vocab_size)
        if asked and states is not None:
            for handed, after in zip(asked, states.split([span.rows for span in spans])):
                handed.after = after
        return logits

    def _plain(self, ids: torch.Tensor, spans: Sequence[Span], asked: bool) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Logits, and the hidden states of all rows if asked for."""
        paths = [self._path(span) for span in spans]
        exact, alike = spans[0].exact or self._alike, self._alike and self.can_be_exact
        # of linear layers that would compute a single row in another way, the exact path runs two
        paired = self._paired if exact else frozenset()
        pieces = pieces_of([span.rows for span in spans], self._together, alike) if exact else ()
        growth = self._grown(spans)
        states = [span.view.states for span in spans if span.view.states is not None]
        exacts = [span.exact for span in spans]
        step = Pass(self.turns(spans), paths, paired, pieces, self._together, growth, states, exacts, alike)
        return self._layer_by_layer(ids, step, [span.logit_rows for span in spans], asked)

    def turns(self, spans: Sequence[Span]) -> Sequence[Turn]:
        """The turns of the rows of all spans, of each rotary embedding."""
        return turns_of(self._tables, spans)

    def _grown(self, spans: Sequence[Span]) -> torch.Tensor | None:
        grown = self._growth
        return None if grown is None else joined([grown[s.start : s.start + s.rows] for s in spans])

    def _path(self, span: Span) -> Path:
        if self._packed is not None and self._packed.attention is not None:
            return self._packed.attention.path(span)
        exact = (span.exact or self._alike) and self.can_be_exact
        return SpanPath(self.config, span, self.cache_dtype, self.device, exact)

    def through(self, ids: torch.Tensor, positions: torch.Tensor, path: Path, logit_rows: int) -> torch.Tensor:
        """``forward`` without a number that only the host knows: positions ``[rows]``, and where attention looks.

        Behind the logits are hidden states, where ``gives_hidden`` and all rows have logits.
        """
        turns = [(cos.index_select(0, positions), sin.index_select(0, positions)) for cos, sin in self._tables]
        asked = self.gives_hidden and logit_rows == ids.shape[0]
        growth = None if self._growth is None else self._growth.index_select(0, positions)
        step = Pass(halved(turns), (path,), growth=growth)
        return _beside(*self._layer_by_layer(ids, step, (logit_rows,), asked))

    def _layer_by_layer(
        self, ids: torch.Tensor, step: Pass, logit_rows: Sequence[int], asked: bool
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        config, reshapes = self.config, self._reshapes
        embedded = self._embedded(ids)
        inputs = None if self._inputs is None else self._inputs(ids, embedded, step)
        x = residual(embedded, self._norm, config.norm_eps)
        taken: dict[int, torch.Tensor] = {}
        for i, layer in enumerate(self._layers):
            if asked and i in self.state_layers:
                taken[i] = x.rows.clone()  # which what follows may change in place
            y = layer.mixer(x.normed(layer.mixer_norm), step)
            x.add(self._reshaped(y, layer.mixer_post) if reshapes else y)
            y = layer.fed_forward(x, step)
            x.add(self._reshaped(y, layer.feed_forward_post) if reshapes else y)
            if inputs is not None and layer.gate is not None:
                layer.gate(x, inputs, step)
            if layer.scale is not None:
                x.scale(layer.scale)
        wanted = sum(logit_rows)
        last = _last_rows(step.paths, logit_rows) if wanted < ids.shape[0] else ()
        pieces = evenly(wanted, self._together) if step.pieces else ()
        head = part.run_linear(self._head, x.normed(self._norm, last), "head" in step.paired, pieces)
        return bent(head.float(), config), self._hidden(x, taken) if asked else None

    def _hidden(self, x: Residual, taken: dict[int, torch.Tensor]) -> torch.Tensor:
        """What the layer that drafts takes of the stream, ``[rows, hidden]``, or of several places ``taken`` of it."""
        if self.state_layers:
            taken[self.config.num_layers] = x.rows
            return torch.cat([taken[i] for i in self.state_layers], dim=1)
        own = self.config.next_token
        return x.normed(self._norm) if own is not None and own.normed else x.rows

    def embedded(self, ids: torch.Tensor) -> torch.Tensor:
        """Embeddings ``[rows, hidden]`` of tokens ``[rows]`` as the file holds them."""
        return F.embedding(ids, self._embed) if self._rows is None else self._rows(ids)

    def _embedded(self, ids: torch.Tensor) -> torch.Tensor:
        scale, x = self.config.embedding_scale, self.embedded(ids)
        return x if scale == 1.0 else x * scale

    @property
    def products(self) -> PackedLinears | None:
        """What makes linear layers on packed blocks, None where the model has none."""
        return self._packed

    @property
    def ends(self) -> tuple[Embeddings, Norm, LinearFn]:
        """Embeddings by ids, final norm and output head, for a layer that shares them."""
        return self.embedded, self._norm, self._head

    def _reshaped(self, y: torch.Tensor, norm: Norm | None) -> torch.Tensor:
        """What a half of a layer gave, as it is added."""
        config = self.config
        y = y if norm is None else F.rms_norm(y, (config.hidden_size,), norm.weight, config.norm_eps)
        return y if config.residual_scale == 1.0 else y * config.residual_scale


def _beside(logits: torch.Tensor, states: torch.Tensor | None) -> torch.Tensor:
    return logits if states is None else torch.cat((logits, states.float()), dim=1)


def _apart(wide: torch.Tensor, vocab: int) -> tuple[torch.Tensor, torch.Tensor | None]:
    return wide[:, :vocab], wide[:, vocab:] if wide.shape[1] > vocab else None


def _last_rows(paths: Sequence[Path], logit_rows: Sequence[int]) -> list[slice]:
    """The rows that need logits, sequence by sequence."""
    parts, at = [], 0
    for path, wanted in zip(paths, logit_rows):
        at += path.rows
        parts.append(slice(at - wanted, at))
    return parts
