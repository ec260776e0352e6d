"""Tiny models of any packed format, those included that nothing here can quantise to: random blocks of a sane size."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.trials.samples import made_up, scale_places
from tests.engine.made.tiny import VOCAB, write_tokenizer

HIDDEN, INNER, HEADS, KV_HEADS, LAYERS = 256, 512, 16, 8, 2


def write_packed(path: Path, quant: str, seed: int = 0) -> Path:
    """A Llama of two layers, all matrices in one format."""
    random, writer = np.random.default_rng(seed), gguf.GGUFWriter(str(path), "llama")
    write_tokenizer(writer, {})
    writer.add_block_count(LAYERS)
    writer.add_context_length(256)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_rope_dimension_count(HIDDEN // HEADS)
    kind, kv = gguf.GGMLQuantizationType[quant], HIDDEN // HEADS * KV_HEADS
    shapes = {"token_embd": (VOCAB, HIDDEN), "output": (VOCAB, HIDDEN)}
    for i in range(LAYERS):
        shapes |= {
            f"blk.{i}.attn_q": (HIDDEN, HIDDEN),
            f"blk.{i}.attn_k": (kv, HIDDEN),
            f"blk.{i}.attn_v": (kv, HIDDEN),
            f"blk.{i}.attn_output": (HIDDEN, HIDDEN),
            f"blk.{i}.ffn_gate": (INNER, HIDDEN),
            f"blk.{i}.ffn_up": (INNER, HIDDEN),
            f"blk.{i}.ffn_down": (HIDDEN, INNER),
        }
    for name, (rows, columns) in shapes.items():
        raw = made_up(random, quant, rows, columns // FORMATS[quant].columns)
        writer.add_tensor(f"{name}.weight", _of_size(raw, quant, columns**-0.5), raw_dtype=kind)
    for name in ("output_norm", *(f"blk.{i}.{part}_norm" for i in range(LAYERS) for part in ("attn", "ffn"))):
        writer.add_tensor(f"{name}.weight", np.ones(HIDDEN, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def in_blocks(array: np.ndarray, quant: str) -> dict[str, object]:
    """What ``GGUFWriter.add_tensor`` takes of a matrix, whose numbers are not these, but as large."""
    random = np.random.default_rng(array.shape)
    raw = made_up(random, quant, array.shape[0], array.shape[1] // FORMATS[quant].columns)
    size = float(np.sqrt(np.mean(array**2)))
    return {"tensor": _of_size(raw, quant, size), "raw_dtype": gguf.GGMLQuantizationType[quant]}


def _of_size(raw: np.ndarray, quant: str, size: float) -> np.ndarray:
    """The same blocks with scales that make the weights of this size on average."""
    factor = size / np.sqrt(np.mean(gguf.dequantize(raw, gguf.GGMLQuantizationType[quant]) ** 2))
    blocks = raw.reshape(raw.shape[0], -1, FORMATS[quant].nbytes)
    for at in scale_places(quant):
        scale = np.ascontiguousarray(blocks[..., at : at + 2]).view(np.float16).astype(np.float32)
        blocks[..., at : at + 2] = (scale * factor).astype(np.float16).view(np.uint8)
    return raw
