"""One decoder for the Llama and Qwen2 families, driven by a config.

Rows of one or many sequences go in, logits come out; keys and values live in the paged cache. The rows of all
sequences are one ragged batch: linear layers run once over all of them, and only attention walks over the sequences.
Query and key projections are fused with the value projection, gate with up.

Grouped query heads and rows become the rows of one attention call. Where a row's bits must not depend on how many rows
run beside it (``exact``, so that drafted and plain decoding agree in bfloat16 too) the call sees whole cache blocks and
is filled up until every tile of its kernel has four rows or more: the library computes fewer in another way. Measured
on a CPU: of 800 rows in five shapes, alone or beside up to 64 others, none differed; unfilled, one in six does. In
float32 the linear kernels depend on alignment and nothing is gained. Linear kernels that sum in another order for one
row, or from some number on (33, on processors with AMX), are asked for two, or for so many at a time.

Not compiled: ``torch.compile`` (inductor, frozen weights) of the MLP halves of all layers ran at 0.98x of the speed
here for one row and 0.95x for five, and took 5 to 8 seconds for each number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F

from helix_app.engine.cache.kv_cache import KVView
from helix_app.engine.models.linear import LinearFn, LinearKind, same_rows
from helix_app.engine.models.linears import LinearMaker
from helix_app.engine.models.rope import rope_table, rotate
from helix_app.engine.models.step_graphs import StepGraphs, for_device
from helix_app.engine.models.weights import WeightSource
from helix_app.modelfiles.config import ModelConfig

EXACT_TORCH = (2, 13)  # where exact attention was measured to be so; 2.4.1's kernels depend on the rows all the same
_WORTH_SPLITTING = 16  # rows that are computed alike, at least, for more to be split into so many
EXACT_ROWS = 65  # spans up to a plain row and 64 drafted ones; more rows are a prompt, the same in every mode


class _Norm:
    """Weights of an RMS norm; for 16-bit numbers on a CPU also as half of a layer norm of twice the size."""

    def __init__(self, weight: torch.Tensor) -> None:
        self.weight = weight
        self.mirrored: torch.Tensor | None = None
        if weight.device.type == "cpu" and weight.dtype in (torch.bfloat16, torch.float16):
            self.mirrored = torch.cat((weight, torch.zeros_like(weight)))


@dataclass
class _Layer:
    attn_norm: _Norm
    qkv: LinearFn
    out: LinearFn
    mlp_norm: _Norm
    gate_up: LinearFn
    down: LinearFn


@dataclass(frozen=True)
class Span:
    """The rows of one sequence in a ragged batch.

    Attributes:
        start: position of the first row; the cache holds everything before it.
        rows: how many tokens run.
        view: where the sequence's keys and values are, through position start+rows-1.
        logit_rows: how many of the last rows need logits.
        exact: a row's result must not depend on the number of rows, where the device can do that.
    """

    start: int
    rows: int
    view: KVView
    logit_rows: int
    exact: bool = False


class Path(Protocol):
    """Attention of ``rows`` rows of one sequence."""

    rows: int

    def attend(self, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """See ``_Path.attend``."""
        ...


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
        self.graphs: StepGraphs | None = for_device(self)

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
        maker = LinearMaker(self.linear_kind, self.dtype, self.device, self.bits, self._head_bits)
        self._embed = maker.tensor(source, "embed") if like is None else like._embed.to(self.dtype)
        shared = like is not None and like.dtype == self.dtype
        embed = self._embed if config.tied_embeddings else None
        self._head = like._head if like is not None and shared else maker.head(source, embed)
        self._norm = _Norm(maker.tensor(source, "norm"))
        for i in range(config.num_layers):
            yield i / config.num_layers
            self._layers.append(
                _Layer(
                    attn_norm=_Norm(maker.tensor(source, "attn_norm", layer=i)),
                    qkv=maker.linear(source, ("q", "k", "v"), i, config.qkv_bias),
                    out=maker.linear(source, ("o",), i, config.out_bias),
                    mlp_norm=_Norm(maker.tensor(source, "mlp_norm", layer=i)),
                    gate_up=maker.linear(source, ("gate", "up"), i, config.mlp_bias),
                    down=maker.linear(source, ("down",), i, config.mlp_bias),
                )
            )
        self.parameters, self.rounded = maker.parameters, maker.rounded
        # last, when the weights have shown that the sizes in the config are real
        self._cos, self._sin = rope_table(config, self.max_positions, self.dtype, self.device)
        if self.can_be_exact:
            self._look_at_rows()
        yield 1.0

    def _look_at_rows(self) -> None:
        """Which linear layers compute a single row in another way than two, and how many rows all compute alike."""
        config, first = self.config, self._layers[0]
        hidden, mixed = config.hidden_size, config.num_heads * config.head_dim
        paired, most = [], []
        for name, linear, rows, columns in (
            ("qkv", first.qkv, mixed + 2 * config.num_kv_heads * config.head_dim, hidden),
            ("out", first.out, hidden, mixed),
            ("gate_up", first.gate_up, 2 * config.intermediate_size, hidden),
            ("down", first.down, hidden, config.intermediate_size),
            ("head", self._head, config.vocab_size, hidden),
        ):
            single, together = same_rows(linear, rows, columns, self.dtype, self.device)
            paired += [] if single else [name]
            most += [together] if together >= _WORTH_SPLITTING else []
        self._paired, self._together = frozenset(paired), min(most, default=0)

    def release(self) -> None:
        """Free the weights, whoever still holds this object; it cannot run then."""
        self._layers, self.graphs = [], None
        self._embed = self._cos = self._sin = torch.empty(0)
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

    @torch.no_grad()
    def forward_many(self, ids: torch.Tensor, spans: Sequence[Span]) -> torch.Tensor:
        """Run the tokens of all spans, one after the other in ``ids``, and write their keys and values.

        Args:
            ids: token ids ``[rows of all spans]`` on this decoder's device.

        Returns:
            Logits ``[logit_rows of all spans, vocab_size]`` in float32.
        """
        if self.graphs is not None and len(spans) == 1:
            return self.graphs.run(ids, spans[0], lambda: self._plain(ids, spans))
        return self._plain(ids, spans)

    def _plain(self, ids: torch.Tensor, spans: Sequence[Span]) -> torch.Tensor:
        paths = [_Path(self, span) for span in spans]
        exact = spans[0].exact
        # of linear layers that would compute a single row in another way, the exact path runs two
        paired = self._paired if exact else frozenset()
        pieces = _pieces([span.rows for span in spans], self._together) if exact else ()
        cos = _joined([self._cos[s.start : s.start + s.rows] for s in spans])
        sin = _joined([self._sin[s.start : s.start + s.rows] for s in spans])
        return self._layer_by_layer(ids, cos, sin, paths, [span.logit_rows for span in spans], paired, pieces)

    def through(self, ids: torch.Tensor, positions: torch.Tensor, path: Path, logit_rows: int) -> torch.Tensor:
        """``forward`` without a number that only the host knows: positions ``[rows]``, and where attention looks."""
        cos, sin = self._cos.index_select(0, positions), self._sin.index_select(0, positions)
        return self._layer_by_layer(ids, cos, sin, (path,), (logit_rows,), frozenset())

    def _layer_by_layer(
        self,
        ids: torch.Tensor,
        cos: torch.Tensor,
        sin: torch.Tensor,
        paths: Sequence[Path],
        logit_rows: Sequence[int],
        paired: frozenset[str],
        pieces: Sequence[int] = (),
    ) -> torch.Tensor:
        x = F.embedding(ids, self._embed)
        for i, layer in enumerate(self._layers):
            qkv = _run(layer.qkv, self._rms_norm(x, layer.attn_norm), "qkv" in paired, pieces)
            x = x + _run(layer.out, self._attention(qkv, i, cos, sin, paths), "out" in paired, pieces)
            gate_up = _run(layer.gate_up, self._rms_norm(x, layer.mlp_norm), "gate_up" in paired, pieces)
            gate, up = gate_up.chunk(2, dim=-1)
            x = x + _run(layer.down, F.silu(gate).mul_(up), "down" in paired, pieces)
        x = _joined(_last_rows(x, paths, logit_rows))
        pieces = _even(x.shape[0], self._together) if pieces else ()
        return _run(self._head, self._rms_norm(x, self._norm), "head" in paired, pieces).float()

    def _attention(
        self, qkv: torch.Tensor, layer: int, cos: torch.Tensor, sin: torch.Tensor, paths: Sequence[Path]
    ) -> torch.Tensor:
        config = self.config
        heads = qkv.view(qkv.shape[0], -1, config.head_dim)  # [rows, heads + 2 * kv_heads, dim]
        turned = rotate(heads[:, : config.num_heads + config.num_kv_heads], cos, sin)
        q, k, v = turned[:, : config.num_heads], turned[:, config.num_heads :], heads[:, -config.num_kv_heads :]
        if self.cache_dtype != self.dtype:
            q, k, v = (part.to(self.cache_dtype) for part in (q, k, v))
        if len(paths) == 1:
            return paths[0].attend(layer, q, k, v).to(self.dtype)
        mixed, at = [], 0
        for path in paths:
            part = slice(at, at + path.rows)
            mixed.append(path.attend(layer, q[part], k[part], v[part]))
            at += path.rows
        return torch.cat(mixed).to(self.dtype)

    def _rms_norm(self, x: torch.Tensor, norm: _Norm) -> torch.Tensor:
        size, eps = x.shape[-1], self.config.norm_eps
        if norm.mirrored is None:
            return F.rms_norm(x, (size,), norm.weight, eps)
        # beside its mirror image x has mean 0, and its layer norm, one kernel instead of six, is the root mean square's
        mirrored = torch.native_layer_norm(torch.cat((x, -x), dim=-1), (2 * size,), norm.mirrored, None, eps)[0]
        return mirrored[:, :size].contiguous()


class _Path:
    """Attention of one span: its mask, made once, and where its keys and values are."""

    def __init__(self, decoder: Decoder, span: Span) -> None:
        config = decoder.config
        self.rows, self._view = span.rows, span.view
        self._kv_heads, self._group = config.num_kv_heads, config.group_size
        self._exact = span.exact and decoder.can_be_exact and span.rows <= EXACT_ROWS
        dtype, device = decoder.cache_dtype, decoder.device
        count = self._group * span.rows
        missing = missing_rows(count) if self._exact else 0
        # a single row is filled up with what lies behind its heads in memory: the next heads, and keys after the last
        self._overread = span.rows == 1 and 0 < missing <= self._kv_heads and dtype == decoder.dtype
        self._tall = count + missing
        self._mask: torch.Tensor | None = None
        self._filled: torch.Tensor | None = None
        if missing and not self._overread:
            self._filled = torch.tensor((*range(count), *[0] * missing), device=device)
        if self._exact or span.rows > 1:
            length = span.view.padded_length if self._exact else span.start + span.rows
            mask = torch.full((span.rows, length), float("-inf"), dtype=dtype).triu_(span.start + 1)
            if span.rows > 1:
                mask = mask.repeat(self._group, 1)
                mask = mask if self._filled is None else mask.index_select(0, self._filled)
            self._mask = mask.to(device)

    def attend(self, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """Write ``k`` and ``v`` ``[rows, kv_heads, dim]``; the mixture for ``q`` ``[rows, heads, dim]`` as
        ``[rows, heads * dim]``."""
        rows, dim, kv_heads, group = self.rows, q.shape[-1], self._kv_heads, self._group
        keys, values = self._view.write(layer, k.transpose(0, 1), v.transpose(0, 1), padded=self._exact)
        # the query heads that share a key/value head become rows: [1, kv_heads, group * rows, dim]
        if self._overread:
            q = q.as_strided((1, kv_heads, self._tall, dim), (0, group * dim, dim, 1))
        else:
            q = q.reshape(rows, kv_heads, group, dim)
            if rows > 1:
                q = q.permute(1, 2, 0, 3).reshape(1, kv_heads, group * rows, dim)
            if self._filled is not None:
                q = q.index_select(2, self._filled)
        out = F.scaled_dot_product_attention(q, keys.unsqueeze(0), values.unsqueeze(0), attn_mask=self._mask)
        if rows == 1:
            return (out.narrow(2, 0, group) if self._tall > group else out).reshape(1, -1)
        _, head, row, number = out.stride()
        return out.as_strided((rows, kv_heads, group, dim), (row, head, row * rows, number)).reshape(rows, -1)


def missing_rows(count: int) -> int:
    """How many rows to add to ``count`` for the CPU's attention kernel to compute all of them alike.

    It works through the rows in tiles (``_scaled_dot_product_flash_attention_for_cpu``), and a tile of one to three
    comes out otherwise.
    """
    filled = count
    while 0 < (last := filled % _tile(filled)) < 4:
        filled += 4 - last
    return filled - count


def _tile(rows: int) -> int:
    return 32 if rows < 192 else 64 if rows < 768 else 256


def _pieces(spans: Sequence[int], together: int) -> Sequence[int]:
    """How the rows of spans are split for linear layers that compute at most so many alike; () for not at all.

    Prompts, which are no function of the number of rows, stay whole, each by itself.
    """
    if not together or sum(spans) <= together:
        return ()
    pieces: list[int] = []
    few = 0
    for rows in (*spans, EXACT_ROWS + 1):
        if rows <= EXACT_ROWS:
            few += rows
        else:
            pieces += [*_even(few, together), rows]
            few = 0
    return pieces[:-1]


def _even(rows: int, together: int) -> Sequence[int]:
    count = -(-rows // together)
    return [rows // count + (i < rows % count) for i in range(count)]


def _run(linear: LinearFn, x: torch.Tensor, paired: bool, pieces: Sequence[int] = ()) -> torch.Tensor:
    """A linear layer, its rows in pieces; with ``paired`` a single row runs as the first of two."""
    if len(pieces) > 1:
        return torch.cat([_run(linear, part, paired) for part in x.split(list(pieces))])
    return linear(torch.cat((x, x)))[:1] if paired and x.shape[0] == 1 else linear(x)


def _joined(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


def _last_rows(x: torch.Tensor, paths: Sequence[Path], logit_rows: Sequence[int]) -> list[torch.Tensor]:
    """The rows that need logits, sequence by sequence."""
    parts, at = [], 0
    for path, wanted in zip(paths, logit_rows):
        at += path.rows
        parts.append(x[at - wanted : at])
    return parts
